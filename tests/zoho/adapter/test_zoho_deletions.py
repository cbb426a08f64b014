"""The list of deletions: from the deleted list, else from the bin, else a sentence that says who can help."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import NotAvailableError, PermissionDeniedError
from crm_bridge.spi.adapter import Completeness, LookDepth, Place, Query, RemoveOptions, Whereabouts
from crm_bridge.spi.emulator import WireResponse

PATHLESS = WireResponse.of_json({"code": "INVALID_URL_PATTERN", "details": {}, "message": "", "status": "error"}, 404)
REFUSED = WireResponse.of_json({"code": "NO_PERMISSION", "details": {}, "message": "", "status": "error"}, 403)


def deletions(zoho: Any, adapter: Any) -> tuple[dict[str, Whereabouts], Completeness | None, tuple[str, ...]]:
    search = adapter.find(Query(deleted_since=zoho.clock.now() - timedelta(hours=1)))
    pages = list(search.pages)
    return {one.ref.id: one for page in pages for one in page.deleted}, pages[-1].completeness, tuple(search.remarks)


def trash(adapter: Any, *ids: str) -> None:
    adapter.remove(Step.TRASH, [ContractRef("Contracts", one) for one in ids], options=RemoveOptions())


def test_what_is_in_the_bin_has_a_name_and_what_is_gone_has_none(zoho: Any) -> None:
    ours, theirs, purged = zoho.ids()[:3]
    adapter = zoho.connect()
    trash(adapter, ours)
    zoho.control("delete", id=theirs)
    zoho.control("delete", id=purged)
    zoho.control("purge", id=purged)
    found, complete, remarks = deletions(zoho, adapter)
    assert found.keys() == {ours, theirs, purged}
    assert (found[ours].place, found[ours].by) == (Place.IN_BIN, adapter.whoami().user_id)
    assert found[theirs].by not in (None, adapter.whoami().user_id)
    assert (found[purged].place, found[purged].by) == (Place.GONE, None)
    assert complete is not None
    assert (complete.proven, complete.seen, remarks) == (True, 3, ())


def test_what_was_brought_back_is_not_listed(zoho: Any) -> None:
    one = zoho.ids()[0]
    adapter = zoho.connect()
    trash(adapter, one)
    zoho.control("restore", id=one)
    assert deletions(zoho, adapter)[0] == {}


def test_more_than_a_page_is_read_page_by_page(make_zoho: Any) -> None:
    zoho = make_zoho(count=460, plain=True)
    adapter, ids = zoho.connect(), zoho.ids()[:450]
    for at in range(0, 450, 100):
        trash(adapter, *ids[at : at + 100])
    start = len(zoho.calls())
    assert deletions(zoho, adapter)[0].keys() == set(ids)
    assert sum("/deleted" in line.path for line in zoho.calls(start)) == 3


def test_of_the_bin_that_looks_walk_through_only_what_none_looked_for_is_kept(make_zoho: Any) -> None:
    zoho = make_zoho(count=470, plain=True)
    adapter, (*ids, beside) = zoho.connect(), zoho.ids()[:451]
    since = zoho.clock.now()
    for at in range(0, 450, 50):
        trash(adapter, *ids[at : at + 50])
        zoho.clock.advance(1)
        if at == 250:
            zoho.control("delete", id=beside)
    for at in range(0, 450, 150):
        refs = [ContractRef("Contracts", one) for one in ids[at : at + 150]]
        places = adapter.locate(refs, look=LookDepth.EVERYWHERE, since=since).places
        assert {places[ref.id].place for ref in refs} == {Place.IN_BIN}
    start = len(zoho.calls())
    pages = adapter.find(Query(deleted_since=since, besides=ids)).pages
    assert [one.ref.id for page in pages for one in page.deleted] == [beside]
    assert zoho.calls(start) == []


def test_without_the_deleted_list_the_bin_is_read_and_that_is_said(zoho: Any) -> None:
    one = zoho.ids()[0]
    adapter = zoho.connect()
    trash(adapter, one)
    zoho.intercept = lambda request: REFUSED if "/deleted" in request.path else None
    found, complete, remarks = deletions(zoho, adapter)
    assert found.keys() == {one}
    assert complete is not None
    assert complete.proven
    assert "deleted for good is not listed" in remarks[0]


def test_a_user_who_may_see_neither_list_is_told_whom_to_ask(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    zoho.intercept = lambda request: REFUSED if "recycle_bin" in request.path or "/deleted" in request.path else None
    with pytest.raises(PermissionDeniedError) as raised:
        deletions(zoho, adapter)
    assert str(raised.value) == "Zoho shows neither the deleted list nor the recycle bin to this user"
    assert "administrator" in raised.value.hint


def test_an_account_that_has_neither_path_has_no_list(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    zoho.intercept = lambda request: PATHLESS if "recycle_bin" in request.path or "/deleted" in request.path else None
    with pytest.raises(NotAvailableError, match="neither a deleted list nor a recycle bin"):
        deletions(zoho, adapter)
