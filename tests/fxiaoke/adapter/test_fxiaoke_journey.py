"""The six verbs in the order of a journey, in both generations of signing in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveOptions, RestoreItem, Verdict
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter

STYLES = pytest.mark.parametrize("auth", ["corp_token", "app_secret"])


def found(adapter: FxiaokeAdapter, query: Query) -> list[Contract]:
    return [contract for page in adapter.find(query).pages for contract in page.contracts]


def places(adapter: FxiaokeAdapter, contracts: list[Contract]) -> Mapping[str, Place]:
    observation = adapter.locate([one.ref for one in contracts], look=LookDepth.EVERYWHERE)
    return {key: seen.place for key, seen in observation.places.items()}


@STYLES
def test_every_contract_is_found_and_the_count_proves_it(mount: Any, auth: str) -> None:
    adapter = mount(count=250).connect(auth=auth)
    pages = list(adapter.find(Query()).pages)
    assert sum(len(page.contracts) for page in pages) == 250
    assert pages[-1].completeness is not None
    assert (pages[-1].completeness.proven, pages[-1].completeness.expected) == (True, 250)


@STYLES
def test_a_contract_is_copied_voided_recovered_and_deleted(mount: Any, auth: str) -> None:
    adapter = mount().connect(auth=auth)
    first, second = found(adapter, Query())[:2]
    copies = list(adapter.snapshot([first.ref]))
    assert isinstance(copies[0], Snapshot)
    assert copies[0].digest == first.digest
    voided = adapter.remove(Step.TRASH, [first.ref, second.ref], options=RemoveOptions())
    assert [answer.verdict for answer in voided] == [Verdict.DONE, Verdict.DONE]
    assert places(adapter, [first, second]) == {first.id: Place.IN_BIN, second.id: Place.IN_BIN}
    assert adapter.bring_back(Route.UNTRASH, [RestoreItem(first.ref, "m")])[0].verdict is Verdict.DONE
    assert adapter.remove(Step.PURGE, [second.ref], options=RemoveOptions())[0].verdict is Verdict.DONE
    assert places(adapter, [first, second]) == {first.id: Place.LIVE, second.id: Place.GONE}


@STYLES
def test_find_locate_and_snapshot_agree_on_the_digest(mount: Any, auth: str) -> None:
    adapter = mount().connect(auth=auth)
    contracts = {one.id: one.digest for one in found(adapter, Query())}
    refs = [one.ref for one in found(adapter, Query())]
    located = adapter.locate(refs, look=LookDepth.LIVE).places
    assert {key: seen.digest for key, seen in located.items()} == contracts
    assert {copy.ref.id: copy.digest for copy in adapter.snapshot(refs) if isinstance(copy, Snapshot)} == contracts


def test_a_status_is_asked_for_by_its_label_and_a_customer_by_name_where_nothing_is_hidden(mount: Any) -> None:
    adapter = mount(count=200).connect(missing_fields="empty")
    everything = found(adapter, Query())
    wanted = (where.status == "Expired") & where.customer.contains("Acme")
    search = adapter.find(Query(where=wanted))
    assert "account_id IN" in search.pushed
    got = {one.id for page in search.pages for one in page.contracts}
    right = {one.id for one in everything if one.status == "Expired" and "Acme" in (one.customer or "")}
    assert right
    assert right <= got
    assert len(got) < len(everything) / 4


def test_the_bin_tells_who_voided_and_when(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    one = found(adapter, Query())[0]
    adapter.remove(Step.TRASH, [one.ref], options=RemoveOptions())
    observation = adapter.locate([one.ref], look=LookDepth.EVERYWHERE)
    seen = observation.places[one.id]
    assert (seen.by, seen.at) == (adapter.whoami().user_id, rig.clock.now())
    assert observation.control not in (None, one.id)
