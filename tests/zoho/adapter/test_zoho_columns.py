"""Columns that a query does not take as they are: words of SQL, and columns that Zoho refuses one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.spi.adapter import LookDepth, Place, Query
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.copies import saved_fields
from crm_bridge_zoho.emulator.queries.coql_text import parse
from crm_bridge_zoho.emulator.state.schema import Field
from crm_bridge_zoho.reading import coql

MODULE = "Contracts"
SQL_WORDS = ("Group", "Order", "External", "Case", "Select")


def query_of(request: WireRequest) -> str:
    return str(json.loads(request.body)["select_query"]) if request.path.endswith("/coql") else ""


def refusal(column: str, code: str = "INVALID_QUERY") -> WireResponse:
    details = {"column_name": column, "reason": "column given seems to be invalid"}
    return WireResponse.of_json({"code": code, "details": details, "message": "no", "status": "error"}, 400)


def contracts(adapter: Any, **query: Any) -> tuple[Any, list[Any]]:
    search = adapter.find(Query(**query))
    return search, [one for page in search.pages for one in page.contracts]


def ref(record_id: str) -> ContractRef:
    return ContractRef(MODULE, record_id)


def test_columns_named_like_words_of_sql_are_read(make_zoho: Callable[..., Any]) -> None:
    zoho = make_zoho(count=12, plain=True)
    zoho.emulator.org.modules[MODULE].fields.update({name: Field(name, name) for name in SQL_WORDS})
    adapter = zoho.connect()
    _search, found = contracts(adapter)
    assert len(found) == 12
    assert set(SQL_WORDS) <= found[0].raw.keys()
    assert isinstance(next(iter(adapter.snapshot([found[0].ref]))), Snapshot)


@pytest.mark.parametrize("taken", ["`", '"', ""])
def test_whichever_quotes_a_server_takes_are_found_once_and_kept(zoho: Any, taken: str) -> None:
    def only(request: WireRequest) -> WireResponse | None:
        outside = re.sub(r"'(?:''|[^'])*'", "", query_of(request))
        if any(quote in outside for quote in {"`", '"'} - {taken}):
            return refusal("`", "SYNTAX_ERROR")
        if taken and re.search(r"[\s(,]Name[\s,]", outside):
            return refusal("Name", "SYNTAX_ERROR")
        return None

    zoho.intercept = only
    adapter = zoho.connect()
    _search, found = contracts(adapter)
    assert len(found) == 60
    start = len(zoho.calls())
    seen = adapter.locate([found[0].ref], look=LookDepth.LIVE)
    assert seen.places[found[0].id].digest == found[0].digest
    assert len(zoho.calls(start)) == 1


def test_a_refused_column_is_read_by_id_and_said(zoho: Any) -> None:
    expected = {one.id: one.digest for one in contracts(zoho.connect())[1]}
    zoho.intercept = lambda request: refusal("Start_Date") if "Start_Date" in query_of(request) else None
    adapter = zoho.connect()
    search, found = contracts(adapter)
    assert {one.id: one.digest for one in found} == expected
    assert all(one.start is not None for one in found)
    assert ["Start_Date" in remark for remark in search.remarks] == [True]
    seen = adapter.locate([one.ref for one in found], look=LookDepth.EVERYWHERE)
    assert {key: place.digest for key, place in seen.places.items()} == expected
    [copy] = adapter.snapshot([found[0].ref])
    assert saved_fields(copy)["Start_Date"] == found[0].raw["Start_Date"]


def test_a_refused_condition_does_not_cost_the_column(zoho: Any) -> None:
    zoho.intercept = lambda request: refusal("Start_Date") if "`Start_Date` >" in query_of(request) else None
    from crm_bridge.domain.filters.syntax import parse_filter

    adapter = zoho.connect()
    search, found = contracts(adapter, where=parse_filter("start > 2000-01-01"))
    assert len(found) == 60
    assert [remark for remark in search.remarks if "read by id" in remark] == []


def test_a_neighbour_that_no_query_takes_is_read_list_by_list(zoho: Any) -> None:
    one = ref(zoho.ids()[0])
    [whole] = zoho.connect().snapshot([one])
    zoho.intercept = lambda request: (
        refusal("Bank_Account") if query_of(request) and " from Contracts" not in query_of(request) else None
    )
    [copy] = zoho.connect().snapshot([one])
    assert isinstance(copy, Snapshot)
    assert links(copy) == links(whole) != []


def links(copy: Snapshot) -> list[Any]:
    listed = [row for part in copy.parts if part.kind is PartKind.LINK for row in json.loads(part.raw)]
    return sorted(listed, key=lambda link: (link["module"], link["id"]))


def test_a_neighbour_that_cannot_be_read_at_all_holds_with_its_name(zoho: Any) -> None:
    ids = zoho.ids()[:3]

    def hidden(request: WireRequest) -> WireResponse | None:
        if "from Milestones" in query_of(request) or "/Milestones" in request.path:
            return refusal("Bank_Account")
        return None

    zoho.intercept = hidden
    copies = list(zoho.connect().snapshot([ref(one) for one in ids]))
    assert [type(copy) for copy in copies] == [Snapshot] * 3
    assert all("Milestones" in gap.name + gap.why for copy in copies for gap in copy.gaps)
    assert all(copy.gaps for copy in copies), "the core holds what lacks rows, by the rule of the connection"


def test_a_hidden_column_of_the_control_record_hides_no_contract(zoho: Any) -> None:
    zoho.intercept = lambda request: refusal("Start_Date") if "Start_Date" in query_of(request) else None
    adapter = zoho.connect()
    seen = adapter.locate([ref("554023000099999999")], look=LookDepth.EVERYWHERE)
    assert seen.control is not None
    assert seen.places["554023000099999999"].place is Place.GONE


@given(st.text(max_size=30))
def test_any_text_comes_out_of_a_literal_as_it_went_in(value: str) -> None:
    query = parse(f"select id from Contracts where {coql.column('Order')} = {coql.text(value)}")
    assert (query.where.column, query.where.values) == ("Order", (value,))  # type: ignore[union-attr]


@given(st.text(alphabet="`'\"\\ab", max_size=20), st.sampled_from(coql.QUOTES))
def test_quotes_around_columns_leave_texts_alone(value: str, quote: str) -> None:
    written = coql._in_quotes(f"{coql.column('Name')} = {coql.text(value)}", quote)
    assert written == f"{quote}Name{quote} = {coql.text(value)}"
