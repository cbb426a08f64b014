"""Finding: what is pushed to Zoho, odd characters, pages by id, the proof that a listing is whole, words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.syntax import parse_filter
from crm_bridge.domain.filters.tree import matches
from crm_bridge.errors import UsageError
from crm_bridge.spi.adapter import Query, Search
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_zoho.adapter import ZohoAdapter

ODD = (
    "O'Brien",
    'say "yes"',
    "back\\slash",
    "ends with \\",
    "a,b;c",
    "(brackets) [and] {braces}",
    "100% _sure_",
    "🦄 unicorn",
    "合同（续签）2026",
    "Zoë",
    "' or id is not null or Name = '",
)


def listed(search: Search) -> list[Contract]:
    return [contract for page in search.pages for contract in page.contracts]


def found(adapter: ZohoAdapter, text: str) -> tuple[Search, list[Contract]]:
    where = parse_filter(text)
    search = adapter.find(Query(where=where))
    return search, [one for one in listed(search) if matches(where, one)]


# filter -> what Zoho is asked; empty: it stays with us
PUSHED = {
    'status = "Expired"': "Contract_Status = 'Expired'",
    'status != "Expired"': "(Contract_Status != 'Expired' or Contract_Status is null)",
    'status in ("Active", "Draft")': "Contract_Status in ('Active','Draft')",
    'status not in ("Active", "Draft")': "(Contract_Status not in ('Active','Draft') or Contract_Status is null)",
    "status is null": "Contract_Status is null",
    "status is not null": "Contract_Status is not null",
    'number starts with "HT-2026"': "Contract_Number like 'HT-2026%'",
    'number ~ "2026"': "Contract_Number like '%2026%'",
    "amount < 30000": "Contract_Value < 30000",
    "amount >= 30000.50": "Contract_Value >= 30000.50",
    "amount = 100": "Contract_Value = 100",
    "amount in (100, 200)": "Contract_Value in (100,200)",
    "amount != 100": "(Contract_Value != 100 or Contract_Value is null)",
    "end < 2024-01-01": "End_Date < '2024-01-01'",
    "end between 2024-01-01 and 2024-12-31": "End_Date between '2024-01-01' and '2024-12-31'",
    "Auto_Renewal = true": "Auto_Renewal = true",
    '`Owner` = "554023000000235011"': "Owner in ('554023000000235011')",
    'Contract_Serial = "CON-7"': "Contract_Serial = 'CON-7'",
    "Legacy_Key >= 9007199254740993": "Legacy_Key >= 9007199254740993",
    "Regions is not null": "Regions is not null",
    'customer = "Acme"': "Account.Account_Name = 'Acme'",
}


@pytest.mark.parametrize("text", list(PUSHED))
def test_a_condition_is_asked_of_zoho(zoho: Any, text: str) -> None:
    search, contracts = found(zoho.connect(), text)
    assert search.pushed == PUSHED[text]
    everything = listed(zoho.connect().find(Query()))
    assert {one.id for one in contracts} == {one.id for one in everything if matches(parse_filter(text), one)}


@pytest.mark.parametrize("text", ['owner = "Patricia Boyle"', 'number != "HT-1"', 'number !~ "2026"'])
def test_what_zoho_would_compare_in_another_way_stays_with_us(zoho: Any, text: str) -> None:
    search, contracts = found(zoho.connect(), text)
    assert (search.pushed, search.residual) == ("id is not null", parse_filter(text))
    assert contracts


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("operator", ["=", "~", "starts with"])
def test_odd_characters_find_exactly_what_they_name(zoho: Any, text: str, operator: str) -> None:
    ids = zoho.ids()
    zoho.control("edit", id=ids[3], field="Name", value=text)
    literal = json.dumps(text, ensure_ascii=False)
    _search, contracts = found(zoho.connect(), f"title {operator} {literal}")
    assert [one.id for one in contracts] == [ids[3]]


def test_a_field_that_the_module_lacks_is_named_before_anything_is_listed(zoho: Any) -> None:
    with pytest.raises(UsageError) as refused:
        zoho.connect().find(Query(where=parse_filter('Colour = "red"')))
    assert "Colour" in refused.value.message
    assert "Contract_Value" in refused.value.hint


def test_a_field_that_no_query_reaches_is_named(zoho: Any) -> None:
    with pytest.raises(UsageError) as refused:
        zoho.connect().find(Query(where=parse_filter("Contract_Lines is not null")))
    assert "subform" in refused.value.message


def test_a_filter_that_zoho_refuses_is_applied_here_and_that_is_said(zoho: Any) -> None:
    said = {"code": "INVALID_QUERY", "details": {"operator": "="}, "message": "no", "status": "error"}
    refused = WireResponse.of_json(said, 400)
    zoho.intercept = lambda request: refused if b"Auto_Renewal` = true" in request.body else None
    search, contracts = found(zoho.connect(), "Auto_Renewal = true")
    zoho.intercept = lambda request: None
    _search, expected = found(zoho.connect(), "Auto_Renewal = true")
    assert {one.id for one in contracts} == {one.id for one in expected} != set()
    assert ["INVALID_QUERY" in remark for remark in search.remarks] == [True]


@pytest.mark.parametrize(
    ("switch", "value"), [("coql_max_rows", 200), ("coql_max_offset", 2000), ("coql_in_limit", 50)]
)
def test_more_records_than_any_page_or_offset_takes_are_listed_once_each(
    make_zoho: Callable[..., Any], switch: str, value: int
) -> None:
    zoho = make_zoho(count=2300, plain=True)
    zoho.control("switch", name=switch, value=value)
    adapter = zoho.connect()
    ids = [one.id for one in listed(adapter.find(Query()))]
    assert ids == zoho.ids()
    assert not any("offset" in line.query for line in zoho.calls())


def test_a_listing_is_proven_by_its_end_and_by_an_independent_count(zoho: Any) -> None:
    *_pages, last = zoho.connect().find(Query()).pages
    assert last.completeness is not None
    assert (last.completeness.proven, last.completeness.seen, last.completeness.expected) == (True, 60, 60)


def counted_as(number: int | None) -> Callable[[WireRequest], WireResponse | None]:
    def intercept(request: WireRequest) -> WireResponse | None:
        if b"COUNT(id)" not in request.body:
            return None
        if number is None:
            said = {"code": "INVALID_QUERY", "details": {}, "message": "no", "status": "error"}
            return WireResponse.of_json(said, 400)
        return WireResponse.of_json({"data": [{"COUNT(id)": number}], "info": {"count": 1, "more_records": False}})

    return intercept


@pytest.mark.parametrize("number", [59, 61, None])
def test_a_count_that_disagrees_or_is_refused_leaves_the_listing_unproven(zoho: Any, number: int | None) -> None:
    zoho.intercept = counted_as(number)
    *_pages, last = zoho.connect().find(Query()).pages
    assert last.completeness is not None
    assert not last.completeness.proven


def test_words_go_to_the_index_and_its_lag_is_told_and_every_hit_is_read_again(zoho: Any) -> None:
    ids = zoho.ids()
    zoho.control("edit", id=ids[5], field="Name", value="Zebra crossing")
    adapter = zoho.connect()
    search = adapter.find(Query(words="Zebra"))
    assert [one.id for one in listed(search)] == [ids[5]]
    assert search.lag_seconds
    zoho.control("switch", name="search_lag", value=600)
    zoho.control("delete", id=ids[5])
    *pages, last = adapter.find(Query(words="Zebra")).pages
    assert [contract for page in pages for contract in page.contracts] == []  # the index still shows it
    assert last.completeness is not None
    assert not last.completeness.proven


def test_a_single_letter_is_no_word(zoho: Any) -> None:
    with pytest.raises(UsageError):
        zoho.connect().find(Query(words="x"))
