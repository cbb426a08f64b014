"""Listings: pages by id, beyond offset 10,000, with a count where the CRM gives one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.errors import CrmError, MalformedAnswerError
from crm_bridge.spi.adapter import Completeness, Query
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.transport import raw_items, raw_value
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import Switches


def listing(adapter: FxiaokeAdapter) -> tuple[list[str], Completeness]:
    pages = list(adapter.find(Query()).pages)
    assert pages[-1].completeness is not None
    return [one.id for page in pages for one in page.contracts], pages[-1].completeness


def asked(rig: Any) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []

    def note(request: WireRequest) -> None:
        if request.path.endswith("/query"):
            heard.append(json.loads(request.body))

    rig.intercept = note
    return heard


def test_pages_follow_the_id_and_never_an_offset(mount: Any) -> None:
    rig = mount(count=250)
    heard = asked(rig)
    found, _complete = listing(rig.connect())
    infos = [one["data"]["search_query_info"] for one in heard]
    assert [one["offset"] for one in infos] == [0, 0, 0]
    assert [one["limit"] for one in infos] == [100, 100, 100]
    assert {json.dumps(one["orders"]) for one in infos} == {'[{"fieldName": "_id", "isAsc": true}]'}
    last = infos[1]["filters"][-1]
    assert last == {"field_name": "_id", "operator": "GT", "field_values": [found[99]]}


def test_a_total_is_asked_for_on_the_first_page_only(mount: Any) -> None:
    rig = mount(count=250)
    heard = asked(rig)
    listing(rig.connect())
    assert [one["data"]["find_explicit_total_num"] for one in heard] == [True, False, False]
    assert [one["returnTotalNum"] for one in heard] == [1, 3, 3]


def test_voided_contracts_are_excluded_by_filter_and_again_by_us(mount: Any) -> None:
    rig = mount(switches=Switches(unknown_operator="ignored"))
    first = rig.emulator.control("contracts", {})["ids"][0]
    rig.emulator.control("delete", {"id": first})
    heard = asked(rig)
    found, _complete = listing(rig.connect())
    assert first not in found
    excluded = {"field_name": "life_status", "operator": "N", "field_values": ["invalid"]}
    assert excluded in heard[0]["data"]["search_query_info"]["filters"]


def test_more_than_ten_thousand_contracts_are_listed(mount: Any) -> None:
    found, complete = listing(mount(count=10_250).connect())
    assert (len(set(found)), complete.proven, complete.expected) == (10_250, True, 10_250)


@pytest.mark.parametrize(
    ("sent", "assumed", "expected"),
    [
        ("exact", "exact", 250),
        ("zero", "exact", 250),
        ("exact", "none", None),
        ("exact", "estimate", None),
    ],
)
def test_a_total_proves_completeness_only_where_it_is_exact(mount: Any, sent: Any, assumed: str, expected: Any) -> None:
    adapter = mount(count=250, switches=Switches(total_by_default=sent)).connect(assumptions={"query_total": assumed})
    found, complete = listing(adapter)
    assert (len(found), complete.proven, complete.expected) == (250, True, expected)


def test_a_crm_that_does_not_count_needs_one_more_page_to_end(mount: Any) -> None:
    rig = mount(count=200)
    listing(rig.connect(assumptions={"query_total": "none"}))
    assert rig.calls("/query") == 3


def test_a_count_that_disagrees_proves_nothing(mount: Any) -> None:
    rig = mount(count=20)

    def wrong(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/query"):
            return None
        answer = json.loads(rig.emulator.handle(request).body)
        answer["data"]["total"] = 21
        return WireResponse.of_json(answer)

    rig.intercept = wrong
    _found, complete = listing(rig.connect())
    assert (complete.proven, complete.seen, complete.expected) == (False, 20, 21)


@pytest.mark.parametrize("limit", [50, 100, 200])
@pytest.mark.parametrize("total", ["exact", "none"])
def test_a_page_size_that_the_crm_cuts_down_loses_nothing(mount: Any, limit: int, total: str) -> None:
    adapter = mount(count=250).connect(assumptions={"max_query_limit": limit, "query_total": total})
    assert len(listing(adapter)[0]) == 250


def test_a_listing_that_does_not_move_on_is_an_error(mount: Any) -> None:
    rig = mount(count=250)
    first: list[WireResponse] = []

    def stuck(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/query"):
            first.append(first[0] if first else rig.emulator.handle(request))
            return first[0]
        return None

    rig.intercept = stuck
    with pytest.raises(MalformedAnswerError) as caught:
        listing(rig.connect())
    assert caught.value.reason == "paging_loop"


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"dataList": None}}, {"data": {"dataList": [{}]}}])
def test_a_page_without_rows_is_malformed_not_empty(mount: Any, body: dict[str, Any]) -> None:
    rig = mount()
    adapter = rig.connect()
    adapter.whoami()
    broken = WireResponse.of_json({"errorCode": 0, **body})
    rig.intercept = lambda request: broken if request.path.endswith("/query") else None
    with pytest.raises(MalformedAnswerError):
        listing(adapter)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_proxy_that_answers_for_the_gateway_is_named(mount: Any, status: int) -> None:
    rig = mount()
    adapter = rig.connect()
    adapter.whoami()
    rig.intercept = lambda _request: WireResponse(status, (("Content-Type", "text/html"),), b"<html>")
    with pytest.raises(CrmError) as caught:
        listing(adapter)
    assert (caught.value.http_status, caught.value.reason) == (status, "http_status")


@pytest.mark.parametrize("stated", ["stated", "vendor_default"])
@pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
def test_how_ids_are_written_is_stated_or_left_to_the_vendor(mount: Any, stated: str, auth: str) -> None:
    rig = mount()
    heard = asked(rig)
    listing(rig.connect(auth=auth, assumptions={"id_conversion": stated}))
    told = [(one.get("convertUserId"), one.get("convertMediaId")) for one in heard]
    assert set(told) == ({(auth == "corp_token", False)} if stated == "stated" else {(None, None)})


def test_words_are_looked_for_in_number_title_and_customer(mount: Any) -> None:
    adapter = mount(count=120).connect()
    search = adapter.find(Query(words="Acme Tools Ltd"))
    found = [one for page in search.pages for one in page.contracts]
    assert found
    assert all("Acme Tools Ltd" in (one.customer or "") for one in found)
    assert len({one.id for one in found}) == len(found)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(rows=st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=5), blanks=st.booleans())
def test_the_bytes_of_every_row_are_cut_out_exactly(rows: list[dict[str, Any]], blanks: bool) -> None:
    body = json.dumps({"x": {"dataList": []}, "data": {"a": ']}"', "dataList": rows}}, indent=2 if blanks else None)
    cut = raw_items(body.encode(), "data", "dataList")
    assert [json.loads(one) for one in cut] == rows
    assert all(one in body.encode() for one in cut)


def test_numbers_keep_their_digits_in_the_bytes() -> None:
    body = b'{"data":{"dataList":[{"_id":"1","amount":12.500,"n":1E2}]}}'
    assert raw_items(body, "data", "dataList") == [b'{"_id":"1","amount":12.500,"n":1E2}']
    assert raw_value(body, "data", "nothing") == b""
