"""Search criteria, words, counts, and the lag of the index."""

from __future__ import annotations

from typing import Any

import pytest


def _found(zoho: Any, **query: Any) -> list[str]:
    reply = zoho.get("/Contracts/search", **query)
    return [row["id"] for row in reply.json["data"]] if reply.status == 200 else []


@pytest.fixture
def named(zoho: Any) -> Any:
    """Three contracts with known values."""
    one, two, three = zoho.contracts()[:3]
    for key, name, day, amount in (
        (one, "ABC Inc", "2023-01-31", "10.50"),
        (two, "abc, (old)", "2024-01-31", "20"),
        (three, "XYZ", "2025-01-31", "30"),
    ):
        zoho.control("edit", id=key, field="Name", value=name)
        zoho.control("edit", id=key, field="End_Date", value=day)
        zoho.control("edit", id=key, field="Contract_Value", value=amount)
        zoho.control("edit", id=key, field="Email", value="found@x.example")
    return zoho


@pytest.mark.parametrize(
    ("criteria", "which"),
    [
        ("(Name:equals:ABC)", [0, 1]),
        ("(Name:starts_with:abc)", [0, 1]),
        (r"(Name:equals:abc\, \(old\))", [1]),
        ("((Email:equals:found@x.example)and(End_Date:less_than:2024-01-01))", [0]),
        ("((Email:equals:found@x.example) and (Name:not_equal:XYZ))", [0, 1]),
        ("(((Name:equals:XYZ)or(Name:equals:ABC Inc))and(Contract_Value:greater_equal:10.5))", [0, 2]),
        ("((Email:equals:found)and(End_Date:between:2024-01-01,2025-12-31))", [1, 2]),
        ("((Email:equals:found)and(Contract_Value:in:20,30))", [1, 2]),
        ("Name:equals:XYZ", [2]),
    ],
)
def test_criteria(named: Any, criteria: str, which: list[int]) -> None:
    ids = named.contracts()
    assert sorted(_found(named, criteria=criteria)) == [ids[n] for n in which]


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        ("(Name:like:x)", "INVALID_QUERY"),
        ("(No_Such:equals:x)", "INVALID_QUERY"),
        ("(End_Date:equals:soon)", "INVALID_QUERY"),
        ("(End_Date:starts_with:2024)", "INVALID_QUERY"),
        ("((Name:equals:x)", "INVALID_QUERY"),
        ("(Name:equals:x)and", "INVALID_QUERY"),
        ("nothing", "INVALID_QUERY"),
        ("(Name:equals:" + "x" * 3000 + ")", "INVALID_QUERY"),
        ("and".join(["(Name:equals:x)"] * 16), "CRITERIA_LIMIT_EXCEEDED"),
    ],
)
def test_bad_criteria_are_refused(zoho: Any, criteria: str, code: str) -> None:
    reply = zoho.get("/Contracts/search", criteria=criteria)
    assert (reply.status, reply.json["code"]) == (400, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [({}, "EXPECTED_PARAM_MISSING"), ({"word": "a"}, "INVALID_QUERY"), ({"phone": "12"}, "INVALID_QUERY"),
     ({"word": "HT", "page": "11"}, "LIMIT_REACHED"), ({"word": "HT", "sort_by": "No_Such"}, "INVALID_QUERY")],
)  # fmt: skip
def test_a_search_needs_one_key_of_enough_letters(zoho: Any, query: dict[str, str], code: str) -> None:
    assert zoho.get("/Contracts/search", **query).json["code"] == code


def test_a_search_shows_everything_or_the_named_fields(named: Any) -> None:
    whole = named.get("/Contracts/search", word="xyz").json["data"][0]
    assert whole["$approval_state"] == "approved"
    some = named.get("/Contracts/search", word="xyz", fields="Name").json["data"][0]
    assert sorted(some) == ["Name", "id"]
    sorted_up = _found(named, email="found@x.example", sort_by="End_Date", sort_order="asc")
    assert sorted_up == named.contracts()[:3]


def test_the_index_lags_behind_changes_and_deletes(named: Any) -> None:
    one = named.contracts()[0]
    named.switch("search_lag", 30)
    named.control("edit", id=one, field="Name", value="Fresh name")
    named.delete("/Contracts", ids=named.contracts()[2])
    assert _found(named, word="Fresh name") == []
    assert len(_found(named, word="XYZ")) == 1
    named.clock.advance(31)
    assert _found(named, word="Fresh name") == [one]
    assert _found(named, word="XYZ") == []


def test_only_approved_records_when_asked_so(named: Any) -> None:
    one, two = named.contracts()[:2]
    named.control("approval", id=two, state="approval_process_pending")
    assert _found(named, criteria="(Name:equals:abc)", approved="true") == [one]
    assert _found(named, criteria="(Name:equals:abc)", approval_state="approval_process_pending") == [two]


def test_counts_by_key_and_by_view(named: Any) -> None:
    view = named.get("/settings/custom_views", module="Contracts").json["custom_views"][0]["id"]
    assert named.get("/Contracts/actions/count").json == {"count": 60}
    assert named.get("/Contracts/actions/count", cvid=view).json == {"count": 60}
    assert named.get("/Contracts/actions/count", word="XYZ").json == {"count": 1}
    both = named.get("/Contracts/actions/count", cvid=view, word="XYZ")
    assert both.json["code"] == "AMBIGUITY_DURING_PROCESSING"
    assert named.get("/Contracts/actions/count", cvid="1").json["code"] == "INVALID_DATA"


def test_search_needs_its_own_scope(zoho: Any) -> None:
    zoho.control("scopes", list=["ZohoCRM.modules.ALL"])
    reply = zoho.get("/Contracts/search", word="HT-")
    assert (reply.status, reply.json["code"]) == (401, "OAUTH_SCOPE_MISMATCH")
