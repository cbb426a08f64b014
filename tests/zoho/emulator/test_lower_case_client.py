"""A client that writes every name in lower case, as the n8n node and zohocrm-python do."""

from __future__ import annotations

import json
from typing import Any

import pytest

NOTE = {"Note_Title": "call", "Note_Content": "asked for the price list"}


@pytest.mark.parametrize("path", ["/contracts", "/CONTRACTS", "/sales_orders", "/accounts"])
def test_modules_are_listed_in_any_case(zoho: Any, path: str) -> None:
    module = next(name for name in zoho.emulator.org.modules if name.lower() == path[1:].lower())
    listed = zoho.get(path, fields="id", per_page=3)
    assert listed.json == {**zoho.get(f"/{module}", fields="id", per_page=3).json, "info": listed.json["info"]}
    assert len(listed.json["data"]) == 3


@pytest.mark.parametrize("version", ["v2", "v2.1", "v8"])
def test_a_record_goes_through_its_life_in_lower_case(zoho: Any, version: str) -> None:
    base, body = f"/crm/{version}/contracts", json.dumps({"data": [{"Name": "Hosting"}]}).encode()
    made = zoho.send("POST", base, body=body).json["data"][0]["details"]["id"]
    assert zoho.send("GET", f"{base}/{made}").json["data"][0]["Name"] == "Hosting"
    changed = zoho.send("PUT", f"{base}/{made}", body=json.dumps({"data": [{"Name": "Support"}]}).encode())
    assert changed.json["data"][0]["code"] == "SUCCESS"
    noted = zoho.send("POST", f"{base}/{made}/notes", body=json.dumps({"data": [NOTE]}).encode())
    assert noted.json["data"][0]["code"] == "SUCCESS"
    notes = zoho.send("GET", f"{base}/{made}/notes", "fields=Note_Title").json["data"]
    assert [note["Note_Title"] for note in notes] == ["call"]
    deleted = zoho.send("DELETE", base, f"ids={made}").json["data"][0]
    assert (deleted["code"], deleted["details"]["id"]) == ("SUCCESS", made)
    assert zoho.send("GET", f"/crm/{version}/settings/recycle_bin/{made}").json["recycle_bin"][0]["id"] == made


@pytest.mark.parametrize("what", ["fields", "related_lists", "layouts", "custom_views"])
def test_settings_take_a_module_in_lower_case(zoho: Any, what: str) -> None:
    path = f"/settings/{what}"
    assert zoho.get(path, module="contracts").json == zoho.get(path, module="Contracts").json
    assert zoho.get("/settings/modules/contracts").json["modules"][0]["api_name"] == "Contracts"


def test_a_note_names_its_parents_module_in_lower_case(zoho: Any) -> None:
    parent = {"module": {"api_name": "contracts"}, "id": zoho.contracts()[0]}
    assert zoho.post("/notes", {"data": [{**NOTE, "Parent_Id": parent}]}).json["data"][0]["code"] == "SUCCESS"


def test_a_query_takes_a_module_in_lower_case(zoho: Any) -> None:
    rows = zoho.coql("select id from contracts where id is not null limit 5").json["data"]
    assert [row["id"] for row in rows] == zoho.contracts()[:5]


@pytest.mark.parametrize(("module", "status"), [("contracts", 200), ("deals", 401)])
def test_a_scope_names_its_module_in_lower_case(zoho: Any, module: str, status: int) -> None:
    zoho.control("scopes", list=[f"ZohoCRM.modules.{module}.ALL"])
    assert zoho.get("/contracts", fields="Name").status == status
