"""Queries: operators, orders, projection, pages, totals, and the other ways to read."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe

DAY = 86_400_000


def rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    assert answer["errorCode"] == 0, answer
    found: list[dict[str, Any]] = answer["data"]["dataList"]
    return found


def test_a_page_echoes_limit_offset_and_the_exact_total(old: Probe) -> None:
    answer = old.query(limit=25, offset=25)
    assert len(rows(answer)) == 25
    assert {key: answer["data"][key] for key in ("offset", "limit", "total")} == {
        "offset": 25,
        "limit": 25,
        "total": 60,
    }


def test_a_query_without_anything_gives_twenty_rows(old: Probe) -> None:
    assert len(rows(old.data("query", search_query_info={}))) == 20


@pytest.mark.parametrize("limit", [30.0, "30", "30.0", 30])
def test_limits_are_taken_as_floats_and_digits_too(old: Probe, limit: object) -> None:
    assert len(rows(old.query(limit=limit, offset="0"))) == 30


def test_keyset_paging_meets_every_row_once(old: Probe, ids: list[str]) -> None:
    seen: list[str] = []
    while True:
        after = [("_id", "GT", [seen[-1]])] if seen else []
        page = rows(old.query(*after, limit=25, orders=[{"fieldName": "_id", "isAsc": True}]))
        seen += [row["_id"] for row in page]
        if len(page) < 25:
            break
    assert seen == ids


def test_an_offset_beyond_10000_is_10013(old: Probe) -> None:
    answer = old.query(limit=100, offset=10_100)
    assert answer["errorCode"] == 10013
    assert answer["errorMessage"] == "offset out of range 10000"
    assert answer["errorDescription"] == "offset 不能超过10000"
    assert old.query(limit=100, offset=10_000)["errorCode"] == 0


def test_an_offset_that_is_no_multiple_of_the_limit_is_refused(old: Probe) -> None:
    assert old.query(limit=20, offset=30)["errorCode"] == 32000


def test_projection_gives_only_the_wanted_fields(new: Probe) -> None:
    of_the_query = {"total_num", "searchAfterId"}
    assert set(rows(new.query(limit=1, fieldProjection=["_id", "name"]))[0]) - of_the_query == {"_id", "name"}
    assert "amount__c" in rows(new.query(limit=1, fieldProjection=[]))[0]


@pytest.mark.parametrize(
    ("top", "data", "total"),
    [
        ({}, {}, 60),
        ({}, {"find_explicit_total_num": False}, 0),
        ({}, {"find_explicit_total_num": "false"}, 0),
        ({}, {"find_explicit_total_num": True}, 60),
        ({"returnTotalNum": 3}, {}, 0),
        ({"returnTotalNum": 1}, {}, 60),
        ({"returnTotalNum": 2}, {}, 100),
        ({"need_return_count_num": True}, {}, 60),
    ],
)
def test_the_three_switches_of_the_total(old: Probe, top: dict[str, Any], data: dict[str, Any], total: int) -> None:
    answer = old.data("query", top=top, search_query_info={"limit": 5}, **data)
    assert answer["data"]["total"] == total


@pytest.fixture
def three(emulator: FxiaokeEmulator, ids: list[str]) -> list[str]:
    """Three contracts with amounts 10, 20 and none, titles Alpha, Beta and none."""
    for key, amount, title in zip(ids, ("10.00", "20.00", None), ("Alpha one", "Beta two", None), strict=False):
        emulator.control("edit", {"id": key, "field": "amount", "value": amount})
        emulator.control("edit", {"id": key, "field": "title", "value": title})
    return ids[:3]


@pytest.mark.parametrize(
    ("field", "operator", "values", "found"),
    [
        ("amount__c", "EQ", ["10"], [0]),
        ("amount__c", "EQ", [10], [0]),
        ("amount__c", "N", ["10.0"], [1, 2]),
        ("amount__c", "GT", ["10"], [1]),
        ("amount__c", "GTE", [10], [0, 1]),
        ("amount__c", "LT", ["20"], [0]),
        ("amount__c", "LTE", ["20"], [0, 1]),
        ("amount__c", "BETWEEN", ["10", "15"], [0]),
        ("amount__c", "NBETWEEN", ["10", "15"], [1, 2]),
        ("amount__c", "IS", [], [2]),
        ("amount__c", "IS", [""], [2]),
        ("amount__c", "ISN", [""], [0, 1]),
        ("amount__c", "IN", ["20", "30"], [1]),
        ("amount__c", "NIN", ["20", "30"], [0, 2]),
        ("title__c", "LIKE", ["ALPHA"], [0]),
        ("title__c", "NLIKE", ["alpha"], [1, 2]),
        ("title__c", "STARTWITH", ["Beta"], [1]),
        ("title__c", "ENDWITH", ["one"], [0]),
        ("title__c", "CONTAINS", ["ta t"], [1]),
        ("title__c", "HASANYOF", ["Alpha one", "x"], [0]),
        ("title__c", "NHASANYOF", ["Alpha one", "x"], [1, 2]),
    ],
)
def test_every_published_operator(
    old: Probe, three: list[str], field: str, operator: str, values: list[Any], found: list[int]
) -> None:
    answer = old.query(("_id", "IN", three), (field, operator, values))
    assert [row["_id"] for row in rows(answer)] == [three[position] for position in found]


def test_persons_are_filtered_by_the_ids_of_the_style(old: Probe, new: Probe, emulator: FxiaokeEmulator) -> None:
    open_id = emulator.world.employees["1002"].open_id
    by_open_id = rows(old.query(("owner", "IN", [open_id]), limit=100))
    by_number = rows(new.query(("owner", "IN", ["1002"]), limit=100))
    assert {row["_id"] for row in by_open_id} == {row["_id"] for row in by_number}
    assert by_number
    assert rows(old.query(("owner", "IN", ["1002"]))) == []


def test_a_date_is_compared_by_its_day_in_china(new: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("edit", {"id": ids[0], "field": "end", "value": "2031-05-01"})
    stored = new.data("get", objectDataId=ids[0])["data"]["end_date__c"]
    found = rows(new.query(("end_date__c", "EQ", [stored + DAY // 2])))
    assert [row["_id"] for row in found] == [ids[0]]


def test_orders_sort_numbers_as_numbers(new: Probe) -> None:
    order = [{"fieldName": "amount__c", "isAsc": False}]
    amounts = [float(row["amount__c"]) for row in rows(new.query(limit=60, orders=order))]
    assert amounts == sorted(amounts, reverse=True)


def test_an_order_under_an_unknown_key_does_not_matter(old: Probe, ids: list[str]) -> None:
    answer = old.query(limit=100, orders=[{"fieldApiName": "order_by", "isAsc": True}])
    assert [row["_id"] for row in rows(answer)] == ids


@pytest.mark.parametrize(
    "info",
    [
        {"filters": [{"fieldName": "name", "operator": "EQ", "field_values": ["x"]}]},
        {"filters": [{"field_name": "name", "operator": "EQ", "fieldValues": ["x"]}]},
        {"filters": [{"field_name": "name", "operator": "EQ", "field_values": "x"}]},
        {"filters": [{"field_name": "no_such", "operator": "EQ", "field_values": ["x"]}]},
        {"filters": [{"field_name": "amount__c", "operator": "BETWEEN", "field_values": ["1"]}]},
        {"limit": "many"},
        {"limit": -1},
    ],
)
def test_misspelt_filters_and_odd_numbers_are_refused(old: Probe, info: dict[str, Any]) -> None:
    assert old.data("query", search_query_info=info)["errorCode"] == 32000


def test_lines_are_found_by_their_master(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    lines = Probe(emulator, token=old.token, object_name="SaleContractLineObj")
    found = rows(lines.query(("sale_contract_id", "IN", ids[:10]), limit=100))
    assert len(found) == 30
    assert {row["sale_contract_id"] for row in found} == set(ids[:10])


def test_a_list_and_get_show_the_team_and_its_names(old: Probe, ids: list[str]) -> None:
    for row in (rows(old.query(limit=1))[0], old.data("get", objectDataId=ids[0])["data"]):
        assert row["relevant_team"][0]["teamMemberRole"] == "1"
        assert row["relevant_team__r"]


def test_every_query_says_something_else_about_itself_in_every_row(old: Probe) -> None:
    first, second = rows(old.query(limit=3)), rows(old.query(limit=3))
    for name in ("total_num", "searchAfterId"):
        assert len({str(row[name]) for row in first}) == 1
        assert first[0][name] != second[0][name]
    assert all(isinstance(row["version"], str) for row in first)


def test_get_of_a_master_has_its_details_each_with_its_document(old: Probe, ids: list[str]) -> None:
    (lines,) = old.data("get", objectDataId=ids[0])["data"]["details"].values()
    assert len(lines) == 3
    assert all(line["containerDocument"]["_id"] == line["_id"] for line in lines)


def test_nulls_are_absent_unless_wanted(old: Probe, three: list[str]) -> None:
    absent = old.data("get", objectDataId=three[2])["data"]
    told = old.data("get", top={"includeNull": True}, objectDataId=three[2])["data"]
    assert "amount__c" not in absent
    assert told["amount__c"] is None


def test_the_key_of_get_is_exactly_object_data_id_in_camel_case(old: Probe, ids: list[str]) -> None:
    answer = old.data("get", object_data_id=ids[0])
    assert answer["errorCode"] == 32000
    assert answer["errorMessage"] == "the parameter objectDataId is missing or illegal"


def test_find_simple_takes_its_projection_beside_the_query(old: Probe) -> None:
    answer = old.data("findSimple", "custom/v2", search_query_info={"limit": "2"}, field_projection=["_id", "name"])
    assert [set(row) for row in answer["data"]["dataList"]] == [{"_id", "name"}] * 2
    assert "total" not in answer["data"]


def test_find_one_answers_with_one_map_or_without_any(old: Probe, ids: list[str]) -> None:
    def one(key: str) -> dict[str, Any]:
        wanted = {"filters": [{"field_name": "_id", "operator": "EQ", "field_values": [key]}]}
        answer: dict[str, Any] = old.data("findOne", "custom/v2", search_query_info=wanted)
        assert answer["errorCode"] == 0
        data: dict[str, Any] = answer["data"]
        return data

    assert one(ids[3])["objectData"]["_id"] == ids[3]
    assert "objectData" not in one("0" * 24)


def test_a_custom_object_is_served_by_the_custom_paths_only(custom: Probe) -> None:
    assert custom.query(family="custom/v2")["data"]["total"] == 50
    refused = custom.query(family="v2")
    assert refused["errorCode"] == 10006
    assert "apiName=[object_9Kx2p__c]" in refused["errorMessage"]


def test_two_thousand_custom_contracts_are_read_by_keyset(clock: ManualClock) -> None:
    emulator = FxiaokeEmulator("http://fx.test", clock=clock, count=2000, object_name="object_9Kx2p__c")
    probe, last, count = Probe(emulator).sign_in(), "", 0
    while True:
        after = [("_id", "GT", [last])] if last else []
        info = {
            "limit": 100,
            "filters": [{"field_name": n, "operator": o, "field_values": v} for n, o, v in after],
            "orders": [{"fieldName": "_id", "isAsc": True}],
        }
        page = rows(probe.data("query", "custom/v2", search_query_info=info, find_explicit_total_num=False))
        count += len(page)
        if len(page) < 100:
            break
        last = page[-1]["_id"]
    assert count == 2000
