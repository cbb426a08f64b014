"""Rows and headers as the real service was recorded: v2 and v8, subforms, notes with files, short ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

V2_INFO = {"per_page", "count", "sort_by", "page", "sort_order", "more_records"}
V8_MORE = {"call", "next_page_token", "previous_page_token", "page_token_expiry", "email"}


def old(zoho: Any, path: str, query: str = "") -> Any:
    return zoho.send("GET", f"/crm/v2{path}", query).json


def test_rows_of_v2_carry_every_system_key(zoho: Any) -> None:
    row = old(zoho, "/Contracts")["data"][0]
    assert row["$approval"] == dict.fromkeys(("delegate", "takeover", "approve", "reject", "resubmit"), False)
    assert (row["$approved"], row["$state"]) == (True, "save")
    assert set(row["$layout_id"]) == {"name", "id"}
    assert {"$approval_state", "$editable", "$review_process", "$converted", "$sharing_permission"} <= set(row)
    alone = old(zoho, f"/Contracts/{row['id']}")["data"][0]
    assert {key: value for key, value in alone.items() if key in row} == row


def test_rows_of_v8_have_no_keys_of_v2(zoho: Any) -> None:
    row = zoho.get(f"/Contracts/{zoho.contracts()[0]}").json["data"][0]
    assert not {"$approved", "$state", "$layout_id"} & set(row)
    assert "takeover" not in row["$approval"]


@pytest.mark.parametrize(("path", "query"), [("", ""), ("/search", "criteria=(Currency:equals:EUR)")])
def test_info_of_v2_has_six_keys(zoho: Any, path: str, query: str) -> None:
    assert set(old(zoho, f"/Contracts{path}", query)["info"]) == V2_INFO
    assert set(zoho.get("/Contracts", fields="Name").json["info"]) == V2_INFO | V8_MORE


def test_notes_name_parent_and_module(zoho: Any) -> None:
    parent = zoho.get("/Notes", fields="Parent_Id").json["data"][0]["Parent_Id"]["id"]
    note = old(zoho, f"/Contracts/{parent}/Notes")["data"][0]
    assert (set(note["Parent_Id"]), note["Parent_Id"]["id"]) == ({"name", "id"}, parent)
    assert note["$se_module"] == "Contracts"


@pytest.mark.parametrize("path", ["/Contracts?fields=Name", "/settings/modules", "/No_Such?fields=Name"])
def test_every_json_answer_has_the_recorded_headers(zoho: Any, path: str) -> None:
    name, _, query = path.partition("?")
    headers = zoho.send("GET", f"/crm/v8{name}", query).headers
    assert headers["Content-Disposition"] == "attachment;filename=response.json"
    assert {"clientVersion", "clientsubVersion"} <= set(headers)


def test_an_answer_says_when_its_token_ends(zoho: Any) -> None:
    headers = zoho.get("/Contracts", fields="Name").headers
    assert headers["X-ACCESSTOKEN-RESET"] == zoho.emulator.org.stamp(zoho.emulator.org.now() + 3600)


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ({"Full_Name": "Mei Lin"}, {"Last_Name", "Company"}),
        ({"Last_Name": "Lin"}, {"Company"}),
        ({"Company": "Lin GmbH"}, {"Last_Name"}),
        ({"Last_Name": "Lin", "Company": "Lin GmbH"}, set()),
    ],
)
def test_a_lead_needs_last_name_and_company(zoho: Any, row: dict[str, str], missing: set[str]) -> None:
    told = zoho.post("/Leads", {"data": [row]}).json["data"][0]
    named = json.dumps(told["details"])
    assert (told["code"] == "SUCCESS") is not bool(missing)
    assert {name for name in ("Last_Name", "Company") if f'"{name}"' in named} == missing


def test_subform_rows_are_listed_and_queried_under_the_name_of_their_module(zoho: Any) -> None:
    first = zoho.contracts()[0]
    shown = {row["id"] for row in zoho.get(f"/Contracts/{first}").json["data"][0]["Contract_Lines"]}
    listed = zoho.get("/Contract_Lines", fields="Parent_Id,Product,Quantity,Price").json["data"]
    queried = zoho.coql("select Parent_Id, Product from Contract_Lines where id is not null limit 2000").json["data"]
    assert {row["id"] for row in listed if row["Parent_Id"]["id"] == first} == shown
    assert {row["id"] for row in queried if row["Parent_Id"]["id"] == first} == shown
    chosen = zoho.coql(f"select id from Contract_Lines where Parent_Id = '{first}' limit 200").json["data"]
    assert {row["id"] for row in chosen} == shown
    assert len(queried) == len(zoho.emulator.org.tables["Contract_Lines"])


@pytest.mark.parametrize("limit", [1, 100])
def test_a_list_of_subform_rows_shows_no_more_than_so_many_of_each_record(zoho: Any, limit: int) -> None:
    zoho.switch("subform_rows", limit)
    first = zoho.contracts()[0]
    rows = [{"Product": f"seat {number}"} for number in range(130)]
    zoho.put("/Contracts", {"data": [{"id": first, "Contract_Lines": rows}]})
    whole = len(zoho.emulator.org.tables["Contract_Lines"].linked("Parent_Id", first))
    pages = [zoho.get("/Contract_Lines", fields="Parent_Id", page=number) for number in (1, 2)]
    listed = [row for page in pages if page.status == 200 for row in page.json["data"]]
    queried = zoho.coql(f"select id from Contract_Lines where Parent_Id = '{first}' limit 2000").json["data"]
    assert whole > 130
    assert sum(row["Parent_Id"]["id"] == first for row in listed) == len(queried) == limit


@pytest.mark.parametrize(("method", "query"), [("POST", ""), ("DELETE", "ids=554023000900000001"), ("PUT", "")])
def test_subform_rows_are_written_with_their_record_only(zoho: Any, method: str, query: str) -> None:
    reply = zoho.send(method, "/crm/v8/Contract_Lines", query, b'{"data": [{"Product": "x"}]}')
    assert reply.json["code"] == "INVALID_MODULE"


def test_notes_have_files_of_their_own_which_go_and_come_with_the_contract(zoho: Any) -> None:
    first = zoho.contracts()[0]
    body = {"data": [{"Note_Title": "signed", "Note_Content": "see the scan"}]}
    note = zoho.post(f"/Contracts/{first}/Notes", body).json["data"][0]["details"]["id"]
    file = zoho.control("attach", id=note, name="scan.txt", content="pages")["id"]
    listed = zoho.get(f"/Notes/{note}/Attachments", fields="File_Name,$se_module,$type").json["data"]
    assert [(row["id"], row["File_Name"], row["$se_module"]) for row in listed] == [(file, "scan.txt", "Notes")]
    assert zoho.get(f"/Notes/{note}/Attachments/{file}").wire.body == b"pages"
    [told] = zoho.get(f"/Contracts/{first}/Notes", fields="Note_Title,$attachments", ids=note).json["data"]
    assert [row["id"] for row in told["$attachments"]] == [file]
    zoho.delete("/Contracts", ids=first)
    assert file not in zoho.emulator.org.tables["Attachments"].rows
    zoho.post(f"/settings/recycle_bin/{first}/actions/restore")
    assert file in zoho.emulator.org.tables["Attachments"].rows


@pytest.mark.parametrize("kind", ["Link URL", "Zoho WorkDrive"])
def test_a_file_that_lives_elsewhere_has_an_address_and_no_bytes(zoho: Any, kind: str) -> None:
    first = zoho.contracts()[0]
    file = zoho.control("attach", id=first, name="plan", url="https://workdrive.example/file/1", type=kind)["id"]
    [row] = zoho.get(f"/Contracts/{first}/Attachments", fields="$type,$link_url,$file_id", ids=file).json["data"]
    assert (row["$type"], row["$link_url"], row["$file_id"]) == (kind, "https://workdrive.example/file/1", None)
    assert zoho.get(f"/Contracts/{first}/Attachments/{file}").status == 400


@pytest.mark.parametrize("record", ["1234567890123456", "12345678901234567"])
def test_ids_of_sixteen_and_seventeen_digits_are_ids(zoho: Any, record: str) -> None:
    assert zoho.get(f"/Contracts/{record}").status == 204
    assert zoho.delete("/Contracts", ids=record).json["data"][0]["details"] == {"id": record}


def test_a_bin_that_takes_no_ids_asks_for_filters(zoho: Any) -> None:
    zoho.switch("purge_by_ids", False)
    first = zoho.contracts()[0]
    zoho.delete("/Contracts", ids=first)
    refused = zoho.delete("/settings/recycle_bin", ids=first)
    assert (refused.status, refused.json["details"]) == (400, {"param_name": "filters"})
    assert zoho.delete(f"/settings/recycle_bin/{first}").json["recycle_bin"][0]["code"] == "SUCCESS"
