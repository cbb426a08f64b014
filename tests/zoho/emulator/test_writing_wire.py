"""Insert, update, upsert, notes, attachments, files, locks."""

from __future__ import annotations

from typing import Any

import pytest

PDF = b"%PDF\r\n--not-the-boundary\r\nend"


def _upload(zoho: Any, path: str, name: str = "a.pdf", content: bytes = PDF) -> Any:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return zoho.send("POST", f"/crm/v8{path}", body=head + content + b"\r\n--b--\r\n", headers=headers)


def _first_item(reply: Any) -> Any:
    return reply.json["data"][0]


def test_an_insert_gives_id_author_times_and_the_next_number(zoho: Any) -> None:
    reply = zoho.post("/Contracts", {"data": [{"Name": "New", "Created_Time": "2001-01-01T00:00:00Z"}]})
    item = _first_item(reply)
    assert (reply.status, item["message"]) == (201, "record added")
    record = zoho.get(f"/Contracts/{item['details']['id']}").json["data"][0]
    assert record["Contract_Serial"] == "CON-00061"
    assert record["Created_Time"] == "2026-08-03T11:00:00+02:00"
    assert zoho.effects() == []


@pytest.mark.parametrize(
    ("trigger", "kinds"),
    [
        (None, ["created", "workflow"]),
        ([], ["created"]),
        (["approval"], ["created"]),
        (["workflow"], ["created", "workflow"]),
    ],
)
def test_automations_run_unless_trigger_says_otherwise(zoho: Any, trigger: Any, kinds: list[str]) -> None:
    zoho.post("/Contracts", {"data": [{"Name": "New"}]} | ({} if trigger is None else {"trigger": trigger}))
    assert [kind for kind, _id in zoho.effects()] == kinds


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({}, "MANDATORY_NOT_FOUND", "$.data[0].Name"),
        ({"Name": "x", "External_Id": "x-0"}, "DUPLICATE_DATA", "$.data[0].External_Id"),
        ({"Name": "x", "Contract_Value": "much"}, "INVALID_DATA", "$.data[0].Contract_Value"),
        ({"Name": "x", "End_Date": "31.12.2026"}, "INVALID_DATA", "$.data[0].End_Date"),
        ({"Name": "x", "Account": {"id": "554023000000099002"}}, "INVALID_DATA", "$.data[0].Account.id"),
        ({"Name": "x" * 121}, "INVALID_DATA", "$.data[0].Name"),
        ({"Name": "x", "Contract_Lines": 5}, "INVALID_DATA", "$.data[0].Contract_Lines"),
        ({"Name": "x", "Signed_Copy": [{"File_Id__s": "no"}]}, "INVALID_DATA", "$.data[0].Signed_Copy[0].File_Id__s"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_path(zoho: Any, row: dict[str, Any], code: str, path: str) -> None:
    reply = zoho.post("/Contracts", {"data": [row]})
    item = _first_item(reply)
    assert (reply.status, item["code"], item["details"]["json_path"]) == (400, code, path)


def test_several_mistakes_are_told_together(zoho: Any) -> None:
    item = _first_item(zoho.post("/Contracts", {"data": [{"Seats": "x", "Discount": "y"}]}))
    assert item["code"] == "MULTIPLE_OR_MULTI_ERRORS"
    assert len(item["details"]["errors"]) == 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "UNABLE_TO_PARSE_DATA_TYPE"),
        (b"[]", "INVALID_DATA"),
        (b"{}", "MANDATORY_NOT_FOUND"),
        (b'{"data":5}', "INVALID_DATA"),
        (b'{"data":[{"Name":"x"}],"trigger":["all"]}', "INVALID_DATA"),
    ],
)
def test_bodies_that_cannot_be_read(zoho: Any, body: bytes, code: str) -> None:
    reply = zoho.send("POST", "/crm/v8/Contracts", body=body)
    assert (reply.status, reply.json["code"]) == (400, code)


def test_more_than_a_hundred_rows_are_refused(zoho: Any) -> None:
    reply = zoho.post("/Contracts", {"data": [{"Name": str(n)} for n in range(101)]})
    assert reply.json["details"]["maximum_length"] == 100


def test_subform_rows_are_added_changed_and_removed(zoho: Any) -> None:
    one = zoho.contracts()[1]
    before = zoho.get(f"/Contracts/{one}").json["data"][0]["Contract_Lines"]
    rows = [{"id": before[0]["id"], "_delete": None}, {"Product": "New line", "Quantity": 3}]
    assert zoho.put(f"/Contracts/{one}", {"data": [{"Contract_Lines": rows}]}).status == 200
    after = zoho.get(f"/Contracts/{one}").json["data"][0]["Contract_Lines"]
    assert before[0]["id"] not in {row["id"] for row in after}
    assert "New line" in {row["Product"] for row in after}


def test_updates_of_many_are_told_one_by_one(zoho: Any) -> None:
    one, two = zoho.contracts()[:2]
    zoho.control("lock", id=two)
    rows = [
        {"id": one, "Name": "x"},
        {"id": two, "Name": "y"},
        {"id": "554023000000099002", "Name": "z"},
        {"Name": "q"},
    ]
    reply = zoho.put("/Contracts", {"data": rows})
    assert reply.status == 207
    codes = [item["code"] for item in reply.json["data"]]
    assert codes == ["SUCCESS", "RECORD_LOCKED", "INVALID_DATA", "MANDATORY_NOT_FOUND"]


def test_an_update_of_a_changed_record_is_412_when_asked_so(zoho: Any) -> None:
    one = zoho.contracts()[0]
    zoho.control("edit", id=one, field="Name", value="x")
    headers = {"if-unmodified-since": "2026-08-01T00:00:00+02:00"}
    reply = zoho.send("PUT", f"/crm/v8/Contracts/{one}", body=b'{"data":[{"Name":"y"}]}', headers=headers)
    assert (reply.status, reply.json["code"]) == (412, "ALREADY_MODIFIED")


def test_upsert_finds_by_the_named_fields(zoho: Any) -> None:
    body = {
        "data": [{"Name": "Again", "External_Id": "x-0"}, {"Name": "New", "External_Id": "x-new"}],
        "duplicate_check_fields": ["External_Id"],
    }
    items = zoho.post("/Contracts/upsert", body).json["data"]
    assert [(item["action"], item["duplicate_field"]) for item in items] == [
        ("update", "External_Id"), ("insert", None),
    ]  # fmt: skip
    assert items[0]["details"]["id"] == zoho.contracts()[0]
    wrong = zoho.post("/Contracts/upsert", body | {"duplicate_check_fields": ["No_Such"]})
    assert wrong.json["code"] == "INVALID_DATA"


def test_notes_under_a_record_and_on_their_own(zoho: Any) -> None:
    one = zoho.contracts()[1]
    text = {"Note_Title": "t", "Note_Content": "c"}
    made = zoho.post(f"/Contracts/{one}/Notes", {"data": [text]})
    assert made.status == 201
    key = _first_item(made)["details"]["id"]
    parent = {"module": {"api_name": "Contracts"}, "id": one}
    assert zoho.post("/Notes", {"data": [text | {"Parent_Id": parent}]}).status == 201
    assert zoho.put(f"/Contracts/{one}/Notes/{key}", {"data": [{"Note_Title": "u"}]}).status == 200
    assert zoho.get(f"/Contracts/{one}/Notes/{key}").json["data"][0]["Note_Title"] == "u"
    several = zoho.put("/Notes", {"data": [{"id": key, "Note_Title": "v"}, {"id": one, "Note_Title": "no note"}]})
    assert (several.status, [item["status"] for item in several.json["data"]]) == (207, ["success", "error"])
    assert zoho.get(f"/Contracts/{one}/Notes/{key}").json["data"][0]["Note_Title"] == "v"
    assert zoho.delete(f"/Contracts/{one}/Notes/{key}").status == 200
    assert zoho.get(f"/Contracts/{one}/Notes/{key}").status == 204
    assert zoho.control("record", id=key)["place"] == "bin"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"Note_Content": "c"}, "EXPECTED_FIELD_MISSING"),
        ({"Note_Content": "c", "Parent_Id": {"id": "1"}}, "INVALID_DATA"),
    ],
)
def test_a_note_needs_a_parent_that_exists(zoho: Any, row: dict[str, Any], code: str) -> None:
    assert _first_item(zoho.post("/Notes", {"data": [row]}))["code"] == code


def test_attachments_come_back_byte_by_byte_and_are_deleted_for_good(zoho: Any) -> None:
    one = zoho.contracts()[1]
    key = _first_item(_upload(zoho, f"/Contracts/{one}/Attachments", "Vertrag.pdf"))["details"]["id"]
    reply = zoho.get(f"/Contracts/{one}/Attachments/{key}")
    assert reply.wire.body == PDF
    assert reply.headers["Content-Disposition"] == "attachment;filename*=UTF-8''Vertrag.pdf"
    assert zoho.delete(f"/Contracts/{one}/Attachments/{key}").status == 200
    assert zoho.control("record", id=key)["place"] == "gone"
    assert zoho.get(f"/Contracts/{one}/Attachments/{key}").status == 204
    again = zoho.delete(f"/Contracts/{one}/Attachments", ids=key)
    assert (again.status, _first_item(again)["code"]) == (400, "INVALID_DATA")


def test_links_are_attached_but_not_downloaded(zoho: Any) -> None:
    one = zoho.contracts()[1]
    made = zoho.post(f"/Contracts/{one}/Attachments", attachmentUrl="https://docs.example/a", title="Scan")
    key = _first_item(made)["details"]["id"]
    listed = zoho.get(f"/Contracts/{one}/Attachments", fields="File_Name,$type,$link_url", ids=key).json["data"][0]
    assert (listed["$type"], listed["$link_url"]) == ("Link URL", "https://docs.example/a")
    assert zoho.get(f"/Contracts/{one}/Attachments/{key}").json["code"] == "INVALID_DATA"
    assert zoho.post(f"/Contracts/{one}/Attachments").json["code"] == "MANDATORY_NOT_FOUND"


def test_files_go_into_a_file_field(zoho: Any) -> None:
    one = zoho.contracts()[1]
    key = _first_item(_upload(zoho, "/files", "scan.pdf"))["details"]["id"]
    assert zoho.get("/files", id=key).wire.body == PDF
    assert zoho.put(f"/Contracts/{one}", {"data": [{"Signed_Copy": [{"File_Id__s": key}]}]}).status == 200
    row = zoho.get(f"/Contracts/{one}").json["data"][0]["Signed_Copy"][0]
    path = f"/Contracts/{one}/actions/download_fields_attachment"
    assert zoho.get(path, fields_attachment_id=row["id"]).wire.body == PDF
    assert zoho.get(path).json["code"] == "REQUIRED_PARAM_MISSING"
    assert zoho.get(path, fields_attachment_id="1").json["code"] == "INVALID_DATA"


def test_files_that_are_missing_or_too_big(zoho: Any) -> None:
    assert zoho.get("/files").json["code"] == "REQUIRED_PARAM_MISSING"
    assert zoho.get("/files", id="x").json["code"] == "INVALID_DATA"
    assert zoho.post("/files").json["code"] == "failure_in_attachment_handling"
    big = _upload(zoho, "/files", "big.bin", b"0" * (20 * 1024 * 1024 + 1))
    assert (big.status, big.json["code"]) == (413, "FILE_SIZE_MORE_THAN_ALLOWED_SIZE")


def test_locks_are_set_shown_and_lifted(zoho: Any) -> None:
    one = zoho.contracts()[0]
    path = f"/Contracts/{one}/Locking_Information__s"
    assert zoho.get(path).status == 204
    assert _first_item(zoho.post(path, {"data": [{}]}))["code"] == "MANDATORY_NOT_FOUND"
    key = _first_item(zoho.post(path, {"data": [{"Locked_Reason__s": "audit"}]}))["details"]["id"]
    shown = zoho.get(f"{path}/{key}").json["data"][0]
    assert (shown["Locked_Reason__s"], shown["Locked_By__s"]["name"]) == ("audit", "Patricia Boyle")
    assert zoho.get(f"/Contracts/{one}").json["data"][0]["$locked_for_me"] is True
    assert zoho.post(path, {"data": [{"Locked_Reason__s": "again"}]}).json["code"] == "INVALID_DATA"
    assert zoho.delete(f"{path}/1").json["code"] == "INVALID_DATA"
    assert zoho.delete(f"{path}/{key}").status == 200
    assert zoho.delete("/Contracts", ids=one).status == 200


def test_locks_need_a_record(zoho: Any) -> None:
    reply = zoho.get("/Contracts/554023000000099002/Locking_Information__s")
    assert (reply.status, reply.json["details"]) == (400, {"resource_path_index": 1})


def test_locks_need_a_configuration(zoho: Any) -> None:
    zoho.switch("locking_configured", False)
    assert zoho.get(f"/Contracts/{zoho.contracts()[0]}/Locking_Information__s").json["code"] == "NOT_ALLOWED"
