"""Users, org, modules, fields, layouts, views, profiles: what tells a client where it is."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_current_user_and_the_others(zoho: Any) -> None:
    me = zoho.get("/users", type="CurrentUser").json["users"]
    assert [(user["full_name"], user["profile"]["name"]) for user in me] == [("Patricia Boyle", "Administrator")]
    assert len(zoho.get("/users", type="AllUsers").json["users"]) == 6
    assert len(zoho.get("/users", type="AdminUsers").json["users"]) == 2
    assert zoho.get("/users", type="DeletedUsers").status == 204
    assert zoho.get("/users", type="Nobody").json["code"] == "INVALID_DATA"
    assert zoho.get(f"/users/{me[0]['id']}").json["users"] == me
    assert zoho.get("/users/x").json["code"] == "INVALID_DATA"


def test_the_org_is_a_sandbox_of_an_edition(zoho: Any) -> None:
    org = zoho.get("/org").json["org"][0]
    assert (org["type"], org["license_details"]["paid_type"]) == ("sandbox", "enterprise")
    assert org["zgid"] == "60001234567"
    zoho.switch("org_type", "production")
    zoho.switch("edition", "free")
    org = zoho.get("/org").json["org"][0]
    assert (org["type"], org["license_details"]["paid"]) == ("production", False)


def test_modules_tell_what_may_be_done_with_them(zoho: Any) -> None:
    modules = {module["api_name"]: module for module in zoho.get("/settings/modules").json["modules"]}
    assert (modules["Contracts"]["generated_type"], modules["Contracts"]["deletable"]) == ("custom", True)
    assert modules["Attachments"]["recycle_bin_on_delete"] is False
    assert modules["Contract_Lines"]["status"] == "system_hidden"
    assert "Contract_Lines" not in {
        module["api_name"] for module in zoho.get("/settings/modules", status="visible").json["modules"]
    }
    zoho.switch("contracts_deletable", False)
    assert zoho.get("/settings/modules/Contracts").json["modules"][0]["deletable"] is False
    assert zoho.delete("/Contracts", ids=zoho.contracts()[0]).json["code"] == "NOT_SUPPORTED"


def test_a_module_by_name_and_by_id(zoho: Any) -> None:
    by_name = zoho.get("/settings/modules/Contracts").json["modules"][0]
    assert zoho.get(f"/settings/modules/{by_name['id']}").json["modules"] == [by_name]
    assert zoho.get("/settings/modules/No_Such").json["code"] == "INVALID_MODULE"


def test_fields_of_every_module_that_a_lookup_names_can_be_read(zoho: Any) -> None:
    seen: set[str] = set()
    waiting = ["Contracts"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for field in zoho.get("/settings/fields", module=name).json["fields"]:
            linking = field["multiselectlookup"].get("linking_details", {}).get("module", {})
            parts = [field["lookup"].get("module"), (field["subform"] or {}).get("module"), linking]
            waiting += [part["api_name"] for part in parts if part and part["api_name"] not in seen]
    assert seen == {"Contracts", "Accounts", "Contacts", "Contract_Lines", "Contracts_X_Contacts"}


def test_one_field_and_its_choices(zoho: Any) -> None:
    fields = zoho.get("/settings/fields", module="Contracts").json["fields"]
    status = next(field for field in fields if field["api_name"] == "Contract_Status")
    assert [choice["actual_value"] for choice in status["pick_list_values"]][:2] == ["Draft", "Active"]
    assert zoho.get(f"/settings/fields/{status['id']}", module="Contracts").json["fields"] == [status]
    assert zoho.get("/settings/fields/1", module="Contracts").status == 204
    assert zoho.get("/settings/fields").json["code"] == "REQUIRED_PARAM_MISSING"
    assert zoho.get("/settings/fields", module="No_Such").json["code"] == "INVALID_MODULE"


def test_related_lists_layouts_and_views(zoho: Any) -> None:
    lists = zoho.get("/settings/related_lists", module="Contracts").json["related_lists"]
    assert {entry["api_name"] for entry in lists} >= {"Notes", "Attachments", "Payments", "Contacts3", "Milestones4"}
    one = zoho.get(f"/settings/related_lists/{lists[0]['id']}", module="Contracts")
    assert one.json["related_lists"] == lists[:1]
    layout = zoho.get("/settings/layouts", module="Contracts").json["layouts"][0]
    assert zoho.get(f"/settings/layouts/{layout['id']}", module="Contracts").json["layouts"] == [layout]
    assert zoho.get("/settings/layouts/1", module="Contracts").status == 204
    view = zoho.get("/settings/custom_views", module="Contracts").json["custom_views"][0]
    assert zoho.get(f"/settings/custom_views/{view['id']}", module="Contracts").json["custom_views"] == [view]
    assert zoho.get("/settings/custom_views/1", module="Contracts").json["code"] == "INVALID_DATA"


def test_profiles_list_rights_by_module(zoho: Any) -> None:
    profiles = zoho.get("/settings/profiles").json["profiles"]
    assert "permissions_details" not in profiles[0]
    zoho.control("profile", mass_delete=False)
    whole = zoho.get(f"/settings/profiles/{profiles[0]['id']}").json["profiles"][0]
    rights = {right["name"]: right["enabled"] for right in whole["permissions_details"]}
    assert rights["Crm_Implied_Delete_CustomModule3"] is True
    assert rights["Crm_Implied_Mass_Delete_CustomModule3"] is False
    assert zoho.get("/settings/profiles/554023000000000001").json["code"] == "INVALID_DATA"


def test_roles(zoho: Any) -> None:
    roles = zoho.get("/settings/roles").json["roles"]
    assert [role["name"] for role in roles] == ["CEO", "Manager"]
    assert zoho.get(f"/settings/roles/{roles[1]['id']}").json["roles"] == roles[1:]


@pytest.mark.parametrize("switch", ["plain_module", "second_contract_module"])
def test_the_org_can_be_seeded_otherwise(zoho: Any, switch: str) -> None:
    zoho.switch(switch, True)
    names = {module["api_name"] for module in zoho.get("/settings/modules").json["modules"]}
    fields = {field["data_type"] for field in zoho.get("/settings/fields", module="Contracts").json["fields"]}
    assert ("Service_Contracts" in names, "subform" in fields) == (
        switch == "second_contract_module", switch != "plain_module",
    )  # fmt: skip
