"""Where records are: live, in the bin with actor and deadline, gone; and in how few calls that is known for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.spi.adapter import LookDepth, Observation, Place, RemoveOptions
from crm_bridge.spi.emulator import WireResponse

MODULE = "Contracts"
ABSENT = "554023000000099002"


def refs(ids: Sequence[str]) -> list[ContractRef]:
    return [ContractRef(MODULE, one) for one in ids]


def look(adapter: Any, ids: Sequence[str], **options: Any) -> Observation:
    found = adapter.locate(refs(ids), look=LookDepth.EVERYWHERE, **options)
    assert isinstance(found, Observation)
    return found


def trashed(zoho: Any, adapter: Any, ids: Sequence[str]) -> None:
    for at in range(0, len(ids), 100):
        adapter.remove(Step.TRASH, refs(ids[at : at + 100]), options=RemoveOptions())
        zoho.clock.advance(1)


def bin_calls(zoho: Any, start: int) -> int:
    return sum("recycle_bin" in line.path for line in zoho.calls(start))


def test_each_place_is_told_apart_with_actor_time_and_deadline(zoho: Any) -> None:
    live, ours, theirs, purged = zoho.ids()[:4]
    adapter = zoho.connect()
    me = adapter.whoami().user_id
    trashed(zoho, adapter, [ours])
    zoho.control("delete", id=theirs)
    zoho.control("delete", id=purged)
    zoho.control("purge", id=purged)
    seen = look(adapter, [live, ours, theirs, purged, ABSENT]).places
    assert [seen[one].place for one in (live, ours, theirs, purged, ABSENT)] == [
        Place.LIVE,
        Place.IN_BIN,
        Place.IN_BIN,
        Place.GONE,
        Place.GONE,
    ]
    assert seen[ours].by == me
    assert seen[theirs].by not in (None, me)
    at, until = seen[ours].at, seen[ours].until
    assert at is not None
    assert until == at + timedelta(days=60)
    assert abs(at - zoho.clock.now()) < timedelta(minutes=1)


def test_a_record_that_others_may_not_see_is_shown_by_a_control_record_only_if_one_is_readable(zoho: Any) -> None:
    for one in zoho.ids():
        zoho.control("hide", id=one)
    seen = look(zoho.connect(), [ABSENT])
    assert (seen.control, seen.places[ABSENT].place) == (None, Place.NOT_VISIBLE)


@pytest.mark.parametrize(("status", "code"), [(403, "NO_PERMISSION"), (404, "INVALID_URL_PATTERN")])
def test_a_bin_that_may_not_be_read_or_is_not_there_leaves_the_deleted_list(zoho: Any, status: int, code: str) -> None:
    one = zoho.ids()[0]
    adapter = zoho.connect()
    trashed(zoho, adapter, [one])
    refused = WireResponse.of_json({"code": code, "details": {}, "message": "", "status": "error"}, status)
    zoho.intercept = lambda request: refused if "recycle_bin" in request.path else None
    assert look(adapter, [one]).places[one].place is Place.IN_BIN
    zoho.intercept = lambda request: refused if "recycle_bin" in request.path or "/deleted" in request.path else None
    assert look(adapter, [one]).places[one].place is Place.NOT_VISIBLE


@pytest.mark.parametrize("status", [204, 404, 400])
def test_a_record_that_is_not_there_is_absent_in_every_way_that_zoho_says_so(zoho: Any, status: int) -> None:
    zoho.control("switch", name="missing_as", value=status)
    assert look(zoho.connect(), [ABSENT]).places[ABSENT].place is Place.GONE


def test_after_sixty_days_the_bin_has_forgotten_and_the_deadline_has_passed(zoho: Any) -> None:
    one = zoho.ids()[0]
    adapter = zoho.connect()
    trashed(zoho, adapter, [one])
    zoho.clock.advance(61 * 86_400)
    assert look(adapter, [one]).places[one].place is Place.GONE


def test_a_run_of_three_thousand_is_seen_in_the_bin_page_by_page(make_zoho: Callable[..., Any]) -> None:
    zoho = make_zoho(count=3100, plain=True)
    adapter = zoho.connect()
    adapter.whoami()
    ids = zoho.ids()[:3000]
    since = zoho.clock.now()
    trashed(zoho, adapter, ids)
    start = len(zoho.calls())
    for at in range(0, 3000, 1000):
        seen = look(adapter, ids[at : at + 1000], since=since + timedelta(seconds=at // 100))
        assert {one.place for one in seen.places.values()} == {Place.IN_BIN}
    assert bin_calls(zoho, start) <= 17  # 15 pages hold 3,000


def test_what_others_delete_meanwhile_costs_pages_and_hides_nothing(make_zoho: Callable[..., Any]) -> None:
    zoho = make_zoho(count=2700, plain=True)
    adapter = zoho.connect()
    adapter.whoami()
    ours, theirs = zoho.ids()[:600], zoho.ids()[600:2600]
    since = zoho.clock.now()
    for one in theirs[:1900]:
        zoho.control("delete", id=one)
    trashed(zoho, adapter, ours)
    for _look in range(2):
        seen = look(adapter, ours, since=since)
        assert {one.place for one in seen.places.values()} == {Place.IN_BIN}
    start = len(zoho.calls())
    look(adapter, ours, since=since)
    assert bin_calls(zoho, start) <= 6  # not the whole bin once more


def test_restored_records_between_two_looks_are_live_again_and_the_others_are_still_found(
    make_zoho: Callable[..., Any],
) -> None:
    zoho = make_zoho(count=1300, plain=True)
    adapter = zoho.connect()
    adapter.whoami()
    ids, since = zoho.ids()[:1200], zoho.clock.now()
    trashed(zoho, adapter, ids)
    look(adapter, ids[:600], since=since)
    for one in ids[::3]:
        zoho.control("restore", id=one)
    seen = {**look(adapter, ids[:600], since=since).places, **look(adapter, ids[600:], since=since).places}
    assert {one for one in ids if seen[one].place is Place.LIVE} == set(ids[::3])
    assert {seen[one].place for one in ids if one not in set(ids[::3])} == {Place.IN_BIN}


def test_purged_records_are_attributed_from_one_reading_of_the_deleted_list(make_zoho: Callable[..., Any]) -> None:
    zoho = make_zoho(count=700, plain=True)
    adapter = zoho.connect()
    adapter.whoami()
    ids, since = zoho.ids()[:600], zoho.clock.now()
    trashed(zoho, adapter, ids)
    for at in range(0, 600, 100):
        adapter.remove(Step.PURGE, refs(ids[at : at + 100]), options=RemoveOptions())
    start = len(zoho.calls())
    for at in range(0, 600, 300):
        seen = look(adapter, ids[at : at + 300], since=since)
        assert {one.place for one in seen.places.values()} == {Place.GONE}
        assert seen.control not in (None, *ids)
    assert sum(line.path.endswith("/deleted") for line in zoho.calls(start)) <= 4
    assert not any(line.path.endswith(one) for line in zoho.calls(start) for one in ids)
