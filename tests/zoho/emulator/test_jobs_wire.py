"""Bulk read, bulk write and composite requests."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest

JSON = {"content-type": "application/json"}


def _order(zoho: Any, kind: str, body: Any) -> Any:
    return zoho.send("POST", f"/crm/bulk/v8/{kind}", body=json.dumps(body).encode(), headers=JSON)


def _rows(content: bytes) -> list[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def _read(zoho: Any, **query: Any) -> Any:
    return _order(zoho, "read", {"query": {"module": {"api_name": "Contracts"}, **query}})


def test_a_bulk_read_goes_from_added_to_a_zip(zoho: Any) -> None:
    added = _read(zoho, fields=["Name", "Account", "Account.Account_Name", "Auto_Renewal", "Regions"])
    assert (added.status, added.json["data"][0]["code"]) == (201, "ADDED_SUCCESSFULLY")
    at = f"/crm/bulk/v8/read/{added.json['data'][0]['details']['id']}"
    states = []
    for _ in range(3):
        states.append(zoho.send("GET", at).json["data"][0]["state"])
        zoho.clock.advance(1.1)
    assert states == ["ADDED", "IN PROGRESS", "COMPLETED"]
    result = zoho.send("GET", at).json["data"][0]["result"]
    assert (result["count"], result["more_records"], result["next_page_token"]) == (60, False, None)
    rows = _rows(zoho.send("GET", result["download_url"]).wire.body)
    assert [row["Id"] for row in rows] == zoho.contracts()
    assert (rows[0]["Auto_Renewal"], rows[0]["Regions"], rows[1]["Auto_Renewal"]) == ("true", "APAC;EMEA", "false")
    assert rows[0]["Account"].isdigit()


def test_criteria_and_page_tokens_of_a_bulk_read(zoho: Any) -> None:
    zoho.switch("bulk_page", 15)
    seats = {"field": {"api_name": "Seats"}, "comparator": "less_equal", "value": 10}
    group = {"group_operator": "or", "group": [seats, {**seats, "comparator": "equal", "value": 11}]}
    seen: list[str] = []
    token: dict[str, Any] = {}
    while token is not None:
        job = _read(zoho, criteria=group, **token).json["data"][0]["details"]["id"]
        zoho.clock.advance(3)
        result = zoho.send("GET", f"/crm/bulk/v8/read/{job}").json["data"][0]["result"]
        seen += [row["Id"] for row in _rows(zoho.send("GET", result["download_url"]).wire.body)]
        if not result["more_records"]:
            break
        token = {"page_token": result["next_page_token"]}
    assert len(seen) == len(set(seen)) == 22


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"module": {"api_name": "No_Such"}}, "MODULE_NOT_AVAILABLE"),
        ({"module": {"api_name": "Notes"}}, "MODULE_NOT_SUPPORTED"),
        ({"fields": ["No_Such"]}, "FIELD_NOT_AVAILABLE"),
        ({"fields": ["Contract_Lines"]}, "FIELD_NOT_SUPPORTED"),
        ({"cvid": "1"}, "CVID_NOT_SUPPORTED"),
        ({"page": 2}, "PAGE_RANGE_EXCEEDED"),
        ({"page_token": "x"}, "INVALID_REQUEST"),
        ({"criteria": 5}, "INVALID_CRITERIA"),
        ({"criteria": {"group": [], "group_operator": "xor"}}, "GROUP_OPERATOR_NOT_SUPPORTED"),
        ({"criteria": {"field": {"api_name": "Name"}, "comparator": "is", "value": "x"}},
         "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_bulk_reads_that_are_refused(zoho: Any, query: dict[str, Any], code: str) -> None:
    reply = _read(zoho, **query)
    assert reply.status == 400
    assert (reply.json["data"][0] if "data" in reply.json else reply.json)["code"] == code


@pytest.mark.parametrize("kind", ["read", "write"])
def test_bulk_bodies_must_say_that_they_are_json(zoho: Any, kind: str) -> None:
    reply = zoho.send("POST", f"/crm/bulk/v8/{kind}", body=b"{}")
    assert (reply.status, reply.json["code"]) == (415, "MEDIA_TYPE_NOT_SUPPORTED")


@pytest.mark.parametrize("path", ["read/1", "read/1/result", "write/1", "write/1/result"])
def test_jobs_that_do_not_exist(zoho: Any, path: str) -> None:
    reply = zoho.send("GET", f"/crm/bulk/v8/{path}")
    assert (reply.status, reply.json["code"]) == (404, "RESOURCE_NOT_FOUND")


def test_ten_downloads_a_minute(zoho: Any) -> None:
    job = _read(zoho, fields=["Name"]).json["data"][0]["details"]["id"]
    zoho.clock.advance(3)
    replies = [zoho.send("GET", f"/crm/bulk/v8/read/{job}/result").status for _ in range(11)]
    assert replies == [200] * 10 + [429]


def _uploaded(zoho: Any, text: str) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("rows.csv", text)
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="rows.zip"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b", "feature": "bulk-write", "x-crm-org": "60001234567"}
    reply = zoho.send("POST", "/crm/v8/upload", body=head + content.getvalue() + b"\r\n--b--\r\n", headers=headers)
    assert reply.json["code"] == "FILE_UPLOAD_SUCCESS"
    return str(reply.json["details"]["file_id"])


def test_a_bulk_write_tells_what_became_of_every_line(zoho: Any) -> None:
    file = _uploaded(zoho, "Name,Ext,Seats\nNew,b-1,3\nTaken,x-0,4\nBad,b-2,many\n")
    mappings = [
        {"api_name": "Name", "index": 0},
        {"api_name": "External_Id", "index": 1},
        {"api_name": "Seats", "index": 2},
    ]
    resource = {"type": "data", "module": {"api_name": "Contracts"}, "file_id": file, "field_mappings": mappings}
    job = _order(zoho, "write", {"operation": "insert", "resource": [resource]}).json["details"]["id"]
    assert zoho.send("GET", f"/crm/bulk/v8/write/{job}").json["status"] == "ADDED"
    zoho.clock.advance(3)
    done = zoho.send("GET", f"/crm/bulk/v8/write/{job}").json
    assert done["resource"][0]["file"] == {
        "status": "COMPLETED", "name": "rows.csv", "added_count": 1, "updated_count": 0, "skipped_count": 2,
        "total_count": 3,
    }  # fmt: skip
    rows = _rows(zoho.send("GET", done["result"]["download_url"]).wire.body)
    assert [(row["STATUS"], row["ERRORS"]) for row in rows] == [
        ("ADDED", ""), ("SKIPPED", "DUPLICATE_DATA:External_Id"), ("SKIPPED", "INVALID_DATA:Seats"),
    ]  # fmt: skip
    assert rows[0]["RECORD_ID"] in zoho.contracts()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"operation": "erase"}, "INVALID_DATA"),
        ({"operation": ""}, "MISSING_REQUIRED_KEY"),
        ({"module": "No_Such"}, "MODULE_NOT_AVAILABLE"),
        ({"file_id": "1"}, "INVALID_FILE_ID"),
        ({"field_mappings": [{"api_name": "Terms_", "index": 0}]}, "INVALID_FIELD"),
        ({"field_mappings": [{"api_name": "Name", "index": 9}]}, "COLUMN_INDEX_NOT_FOUND"),
    ],
)
def test_bulk_writes_that_are_refused(zoho: Any, change: dict[str, Any], code: str) -> None:
    resource = {"type": "data", "module": {"api_name": change.get("module", "Contracts")}}
    resource["file_id"] = change.get("file_id") or _uploaded(zoho, "Name\nx\n")
    resource["field_mappings"] = change.get("field_mappings", [])
    reply = _order(zoho, "write", {"operation": change.get("operation", "insert"), "resource": [resource]})
    assert (reply.status, reply.json["code"]) == (400, code)


def test_an_upload_needs_its_headers_and_a_zip(zoho: Any) -> None:
    assert zoho.post("/upload").json["code"] == "INVALID_DATA"
    headers = {"content-type": "multipart/form-data; boundary=b", "feature": "bulk-write", "x-crm-org": "60001234567"}
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nName\r\n--b--\r\n'
    reply = zoho.send("POST", "/crm/v8/upload", body=body, headers=headers)
    assert reply.json["code"] == "INVALID_FILE_FORMAT"


def _composite(zoho: Any, *parts: dict[str, Any], **options: bool) -> Any:
    return zoho.post("/__composite_requests", {"__composite_requests": list(parts), **options})


def test_a_later_request_uses_what_an_earlier_one_answered(zoho: Any) -> None:
    listing = {"sub_request_id": "1", "method": "GET", "uri": "/crm/v8/Contracts"}
    listing["params"] = {"fields": "Name", "per_page": "1", "sort_order": "asc"}  # type: ignore[assignment]
    deletion = {"sub_request_id": "2", "method": "DELETE", "uri": "/crm/v8/Contracts/@{1:$.data[0].id}"}
    first = zoho.contracts()[0]
    reply = _composite(zoho, listing, deletion)
    assert reply.status == 200
    answers = [item["details"]["response"] for item in reply.json["__composite_requests"]]
    assert [answer["status_code"] for answer in answers] == [200, 200]
    assert answers[1]["body"]["data"][0]["details"]["id"] == first
    assert zoho.control("record", id=first)["place"] == "bin"


def test_a_failing_request_rolls_the_others_back_when_asked_so(zoho: Any) -> None:
    one = zoho.contracts()[0]
    parts = [
        {"sub_request_id": "1", "method": "DELETE", "uri": f"/crm/v8/Contracts/{one}"},
        {"sub_request_id": "2", "method": "DELETE", "uri": "/crm/v8/Contracts/554023000000099002"},
        {"sub_request_id": "3", "method": "GET", "uri": "/crm/v8/org"},
    ]
    reply = _composite(zoho, *parts, rollback_on_fail=True)
    codes = [item["code"] for item in reply.json["__composite_requests"]]
    assert (reply.status, codes) == (207, ["ROLLBACK_PERFORMED", "SUCCESS", "PROCESSING_STOPPED"])
    assert zoho.control("record", id=one)["place"] == "live"
    assert zoho.effects() == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"uri": "/crm/v8/org"}, "MANDATORY_NOT_FOUND"),
        ({"method": "GET", "uri": "/crm/v7/org"}, "INVALID_DATA"),
        ({"method": "TRACE", "uri": "/crm/v8/org"}, "INVALID_DATA"),
        ({"method": "GET", "uri": "/crm/v8/Contracts", "params": {"per_page": 26}}, "INVALID_DATA"),
        ({"method": "DELETE", "uri": "/crm/v8/Contracts", "params": {"ids": "1"}}, "NOT_SUPPORTED"),
        ({"method": "POST", "uri": "/crm/v8/Contracts", "body": {"data": [{}, {}]}}, "INVALID_DATA"),
        ({"method": "GET", "uri": "/crm/v8/Contracts/@{9:$.data[0].id}"}, "INVALID_REFERENCE"),
    ],
)
def test_parts_that_are_refused(zoho: Any, part: dict[str, Any], code: str) -> None:
    reply = _composite(zoho, {"sub_request_id": "1", **part})
    assert (reply.status, reply.json["__composite_requests"][0]["code"]) == (400, code)


def test_composite_bodies_that_are_refused(zoho: Any) -> None:
    part = {"sub_request_id": "1", "method": "GET", "uri": "/crm/v8/org"}
    assert zoho.post("/__composite_requests", {}).json["code"] == "MANDATORY_NOT_FOUND"
    assert _composite(zoho, *[part] * 6).json["details"]["maximum_length"] == 5
    both = _composite(zoho, part, rollback_on_fail=True, parallel_execution=True)
    assert both.json["code"] == "AMBIGUITY_DURING_PROCESSING"
    linked = _composite(zoho, part | {"uri": "/crm/v8/Contracts/@{1:$.id}"}, parallel_execution=True)
    assert linked.json["__composite_requests"][0]["code"] == "NOT_SUPPORTED"
