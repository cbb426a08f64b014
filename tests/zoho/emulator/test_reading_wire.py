"""Lists, pages, single records, related records, deleted records, timelines: what Zoho's wire shows."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_list_shows_named_fields_newest_id_first(zoho: Any) -> None:
    reply = zoho.get("/Contracts", fields="Name,Contract_Lines,No_Such", per_page=2)
    ids = zoho.contracts()
    assert [sorted(row) for row in reply.json["data"]] == [["Name", "id"]] * 2
    assert [row["id"] for row in reply.json["data"]] == [ids[-1], ids[-2]]
    info = reply.json["info"]
    assert (info["page"], info["count"], info["more_records"], info["sort_by"], info["sort_order"]) == (
        1, 2, True, "id", "desc",
    )  # fmt: skip


def test_page_tokens_lead_through_a_list_and_back(zoho: Any) -> None:
    first = zoho.get("/Contracts", fields="Name", per_page=25, sort_order="asc").json
    second = zoho.get(
        "/Contracts", fields="Name", per_page=25, sort_order="asc", page_token=first["info"]["next_page_token"]
    ).json
    assert [row["id"] for row in first["data"] + second["data"]] == zoho.contracts()[:50]
    back = zoho.get(
        "/Contracts", fields="Name", per_page=25, sort_order="asc", page_token=second["info"]["previous_page_token"]
    )
    assert back.json["data"] == first["data"]


def test_a_page_token_belongs_to_its_parameters_and_a_day(zoho: Any) -> None:
    token = zoho.get("/Contracts", fields="Name", per_page=10).json["info"]["next_page_token"]
    other = zoho.get("/Contracts", fields="Name,Owner", per_page=10, page_token=token)
    assert other.json["code"] == "TOKEN_BOUND_DATA_MISMATCH"
    zoho.clock.advance(86_401)
    zoho.sign_in()
    assert zoho.get("/Contracts", fields="Name", per_page=10, page_token=token).json["code"] == "EXPIRED_VALUE"


def test_page_numbers_end_at_two_thousand_rows(plain: Any) -> None:
    assert plain.get("/Contracts", fields="Name", page=6).status == 200
    assert plain.get("/Contracts", fields="Name", page=7).status == 204
    assert plain.get("/Contracts", fields="Name", page=11).json["code"] == "DISCRETE_PAGINATION_LIMIT_EXCEEDED"
    assert plain.get("/Contracts", fields="Name", per_page=5, page=401).json["details"] == {"limit": 2000}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "REQUIRED_PARAM_MISSING"),
        ({"fields": ",".join(f"F{n}" for n in range(51))}, "LIMIT_EXCEEDED"),
        ({"fields": "Name", "sort_by": "Name"}, "INVALID_DATA"),
        ({"fields": "Name", "per_page": "201"}, "INVALID_DATA"),
        ({"fields": "Name", "page": "1", "page_token": "x"}, "AMBIGUITY_DURING_PROCESSING"),
        ({"fields": "Name", "page_token": "x"}, "INVALID_DATA"),
        ({"fields": "Name", "cvid": "1"}, "INVALID_DATA"),
        ({"fields": "Name", "cvid": "1", "sort_by": "id"}, "AMBIGUITY_DURING_PROCESSING"),
        ({"fields": "Name", "ids": "abc"}, "INVALID_DATA"),
    ],
)
def test_a_list_refuses_what_does_not_fit(zoho: Any, query: dict[str, str], code: str) -> None:
    reply = zoho.get("/Contracts", **query)
    assert (reply.status, reply.json["code"], reply.json["status"]) == (400, code, "error")


def test_unknown_ids_of_a_list_are_silently_absent(zoho: Any) -> None:
    one = zoho.contracts()[0]
    reply = zoho.get("/Contracts", fields="Name", ids=f"{one},554023000000099002")
    assert [row["id"] for row in reply.json["data"]] == [one]
    assert zoho.get("/Contracts", fields="Name", ids="554023000000099002").status == 204


def test_nothing_changed_since_is_304_without_a_body(zoho: Any) -> None:
    since = {"if-modified-since": "2026-08-01T00:00:00+02:00"}
    first = zoho.contracts()[0]
    assert zoho.get("/Contracts", headers=since, fields="Name").status == 304
    assert zoho.get(f"/Contracts/{first}", headers=since).status == 304
    zoho.control("edit", id=first, field="Name", value="x")
    assert len(zoho.get("/Contracts", headers=since, fields="Name").json["data"]) == 1
    wrong = zoho.get("/Contracts", headers={"if-modified-since": "yesterday"}, fields="Name")
    assert wrong.json["code"] == "INVALID_DATA"


def test_one_record_shows_rows_links_files_and_system_keys(zoho: Any) -> None:
    record = zoho.get(f"/Contracts/{zoho.contracts()[0]}").json["data"][0]
    assert record["Contract_Lines"][0]["Parent_Id"]["id"] == record["id"]
    assert record["Contacts"][0]["Contacts"]["name"]
    assert record["Signed_Copy"][0]["File_Name__s"] == "signed.pdf"
    assert record["Legacy_Key"] == "9007199254740993"
    assert (record["$approval_state"], record["$locked_for_me"], record["$editable"]) == ("approved", False, True)
    assert record["$has_more"] == {"Contract_Lines": False, "Contacts": False}
    assert len(record["Terms"]) == 500


def test_rich_text_is_whole_when_asked_for(zoho: Any) -> None:
    first = zoho.contracts()[0]
    one = zoho.get(f"/Contracts/{first}/actions/fetch_full_data", fields="Terms").json["data"][0]
    many = zoho.get("/Contracts/actions/fetch_full_data", ids=first, fields="Terms").json["data"][0]
    assert one == many
    assert len(one["Terms"]) > 500
    assert zoho.get(f"/Contracts/{first}/actions/fetch_full_data", fields="Name").json["code"] == "INVALID_DATA"


@pytest.mark.parametrize(("status", "code"), [(204, ""), (404, "INVALID_DATA"), (400, "INVALID_DATA")])
def test_a_record_that_is_not_there(zoho: Any, status: int, code: str) -> None:
    zoho.switch("missing_as", status)
    reply = zoho.get("/Contracts/554023000000099002")
    assert reply.status == status
    assert not code or reply.json["code"] == code


def test_an_impossible_id_is_refused(zoho: Any) -> None:
    reply = zoho.get("/Contracts/12x")
    assert (reply.status, reply.json["details"]) == (400, {"resource_path_index": 1})


@pytest.mark.parametrize("path", ["/No_Such", "/Contracts_X_Contacts", "/Locking_Information__s"])
def test_modules_outside_the_api_are_invalid(zoho: Any, path: str) -> None:
    reply = zoho.get(path, fields="Name")
    assert (reply.status, reply.json["code"]) == (400, "INVALID_MODULE")


def test_a_record_by_its_external_id(zoho: Any) -> None:
    named = {"x-external": "Contracts.External_Id"}
    assert zoho.get("/Contracts/x-3", headers=named).json["data"][0]["id"] == zoho.contracts()[3]
    assert zoho.get("/Contracts/nothing", headers=named).status == 204
    wrong = zoho.get("/Contracts/x-3", headers={"x-external": "Contracts.Name"})
    assert wrong.json["code"] == "INVALID_DATA"


@pytest.mark.parametrize(
    ("name", "column"),
    [("Notes", "Note_Title"), ("Attachments", "File_Name"), ("Payments", "Name"), ("Contacts3", "Last_Name")],
)
def test_related_records(zoho: Any, name: str, column: str) -> None:
    first = zoho.contracts()[0]
    reply = zoho.get(f"/Contracts/{first}/{name}", fields=column)
    assert all(row[column] for row in reply.json["data"])
    assert zoho.get(f"/Contracts/{first}/{name}").json["code"] == "REQUIRED_PARAM_MISSING"
    one = reply.json["data"][0]["id"]
    assert [row["id"] for row in zoho.get(f"/Contracts/{first}/{name}", fields=column, ids=one).json["data"]] == [one]


def test_an_unknown_related_list_is_refused(zoho: Any) -> None:
    reply = zoho.get(f"/Contracts/{zoho.contracts()[0]}/No_Such", fields="Name")
    assert reply.json["details"] == {"resource_path_index": 2}


def test_counts_of_related_records_cost_two_credits(zoho: Any) -> None:
    first = zoho.contracts()[0]
    notes = zoho.get("/settings/related_lists", module="Contracts").json["related_lists"][0]
    asked = {"related_list": {"api_name": notes["api_name"], "id": notes["id"]}}
    reply = zoho.post(f"/Contracts/{first}/actions/get_related_records_count", {"get_related_records_count": [asked]})
    assert reply.json["get_related_records_count"][0]["count"] == 1
    wrong = zoho.post(f"/Contracts/{first}/actions/get_related_records_count", {})
    assert wrong.json["code"] == "MANDATORY_NOT_FOUND"


def test_the_deleted_list_tells_kind_actor_and_time(zoho: Any) -> None:
    one, two = zoho.contracts()[1:3]
    zoho.control("delete", id=one, actor="李娜")
    zoho.clock.advance(60)
    zoho.delete("/Contracts", ids=two)
    zoho.delete(f"/settings/recycle_bin/{two}")
    rows = zoho.get("/Contracts/deleted").json["data"]
    assert [(row["id"], row["type"]) for row in rows] == [(two, "permanent"), (one, "recycle")]
    assert rows[1]["deleted_by"]["name"] == "李娜"
    assert rows[0]["deleted_by"] is None
    since = {"if-modified-since": "2026-08-03T11:00:30+02:00"}
    assert [row["id"] for row in zoho.get("/Contracts/deleted", headers=since).json["data"]] == [two]
    assert zoho.get("/Contracts/deleted", type="wrong").json["code"] == "PATTERN_NOT_MATCHED"
    assert zoho.get("/Vehicles/deleted").status == 204


def test_the_timeline_tells_who_changed_what_newest_first(zoho: Any) -> None:
    one = zoho.contracts()[1]
    zoho.control("edit", id=one, field="End_Date", value="2030-01-31", actor="李娜")
    lines = zoho.get(f"/Contracts/{one}/__timeline").json["__timeline"]
    assert [(line["action"], line["source"]) for line in lines] == [("updated", "crm_ui"), ("added", "crm_ui")]
    assert lines[0]["done_by"]["name"] == "李娜"
    assert lines[0]["field_history"][0]["_value"]["new"] == "2030-01-31"
    page = zoho.get(f"/Contracts/{one}/__timeline", per_page=1).json
    token = page["info"]["next_page_token"]
    assert zoho.get(f"/Contracts/{one}/__timeline", per_page=1, page_token=token).json["__timeline"] == lines[1:]


@pytest.mark.parametrize(
    ("filters", "status"),
    [
        ('{"field":{"api_name":"source"},"comparator":"equal","value":"crm_ui"}', 200),
        ('{"field":{"api_name":"source"},"comparator":"equal","value":"crm_api"}', 204),
        ('{"group_operator":"and","group":[{"field":{"api_name":"audited_time"},"comparator":"between",'
         '"value":["2020-01-01T00:00:00Z","2030-01-01T00:00:00Z"]}]}', 200),
        ('{"field":{"api_name":"colour"},"comparator":"equal","value":"x"}', 400),
        ("nonsense", 400),
    ],
)  # fmt: skip
def test_timeline_filters(zoho: Any, filters: str, status: int) -> None:
    assert zoho.get(f"/Contracts/{zoho.contracts()[1]}/__timeline", filters=filters).status == status


def test_notes_of_all_records_are_for_administrators(zoho: Any) -> None:
    assert zoho.get("/Notes", fields="Note_Title", per_page=3).status == 200
    zoho.emulator.org.me = list(zoho.emulator.org.users)[3]
    reply = zoho.get("/Notes", fields="Note_Title")
    assert (reply.status, reply.json["code"]) == (403, "NOT_SUPPORTED")
