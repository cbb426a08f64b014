"""Which module holds the contracts, which of its fields means what, and what people can say about both."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.errors import UsageError
from crm_bridge_zoho.discovery import choose_module, map_fields
from crm_bridge_zoho.module.metadata import ZohoField, ZohoModule


def module(name: str, label: str = "", *, kind: str = "custom", api: bool = True) -> ZohoModule:
    raw = {"plural_label": label or name, "actual_plural_label": label or name}
    return ZohoModule(name, label or name, "CustomModule1", kind, api, True, True, frozenset(), raw)


def field(name: str, data_type: str, label: str = "", target: str = "") -> ZohoField:
    return ZohoField(name, label or name, data_type, target, True, False, False, False, ())


STANDARD = [module(name, kind="default") for name in ("Leads", "Accounts", "Deals", "Sales_Orders", "Quotes")]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Contracts", "Contracts"),
        ("Customer_Contracts", "Customer Contracts"),
        ("vendor__Contracts", "Contracts"),
        ("CustomModule7", "Verträge"),
        ("CustomModule7", "合同"),
        ("CustomModule7", "契約"),
        ("CustomModule7", "Contrats"),
        ("CustomModule7", "Contratos"),
        ("CustomModule7", "Contratti"),
        ("CustomModule7", "Umowy"),
        ("CustomModule7", "Договоры"),
        ("CustomModule7", "계약"),
    ],
)
def test_a_module_that_is_called_contracts_in_any_language_is_found(name: str, label: str) -> None:
    wanted = module(name, label)
    assert choose_module([*STANDARD, module("Vehicles"), wanted], None) is wanted


def test_the_lines_of_contracts_are_not_contracts() -> None:
    wanted = module("Contracts")
    assert choose_module([wanted, module("Contract_Lines"), module("Contract_Templates")], None) is wanted


def test_several_that_fit_are_named_and_none_is_taken() -> None:
    with pytest.raises(UsageError) as refused:
        choose_module([module("Contracts"), module("Service_Contracts")], None)
    assert "Contracts" in refused.value.message
    assert "Service_Contracts" in refused.value.message
    assert 'module = "..."' in refused.value.hint


def test_one_of_several_is_taken_when_it_is_named() -> None:
    wanted = module("Service_Contracts")
    assert choose_module([module("Contracts"), wanted], "Service_Contracts") is wanted


def test_none_that_fits_lists_what_there_is() -> None:
    with pytest.raises(UsageError) as refused:
        choose_module([*STANDARD, module("Vehicles")], None)
    assert "Vehicles" in refused.value.hint


def test_a_standard_module_is_taken_only_when_it_is_named() -> None:
    assert choose_module(STANDARD, "Deals").api_name == "Deals"


def test_a_module_that_the_api_does_not_serve_is_not_there() -> None:
    with pytest.raises(UsageError) as refused:
        choose_module([module("Contracts", api=False)], "Contracts")
    assert "Contracts" in refused.value.message


def test_an_account_with_two_contract_modules_is_refused_until_one_is_chosen(zoho: Any) -> None:
    zoho.control("switch", name="second_contract_module", value=True)
    with pytest.raises(UsageError) as refused:
        zoho.connect().whoami()
    assert (refused.value.reason, refused.value.exit_code) == ("module", 2)
    assert zoho.connect(module="Contracts").whoami().module == "Contracts"


def test_a_module_that_is_not_there_names_the_candidates(zoho: Any) -> None:
    with pytest.raises(UsageError) as refused:
        zoho.connect(module="Contrats").whoami()
    assert "Contrats" in refused.value.message
    assert "Contracts" in refused.value.hint


def test_fields_are_known_by_their_names_then_by_label_and_type() -> None:
    fields = [
        field("Name", "text"),
        field("Vertragsnummer", "text", "Vertragsnummer"),
        field("Kunde", "lookup", "Kunde", target="Accounts"),
        field("Zustand", "picklist", "Vertragsstatus"),
        field("Wert", "currency", "Vertragswert"),
        field("Beginn", "date", "Vertragsbeginn"),
        field("Ablauf", "date", "Ablaufdatum"),
        field("Owner", "ownerlookup"),
        field("Notiz", "textarea"),
    ]
    assert map_fields(fields, {}) == {
        "id": "id",
        "number": "Vertragsnummer",
        "title": "Name",
        "customer": "Kunde",
        "status": "Zustand",
        "amount": "Wert",
        "start": "Beginn",
        "end": "Ablauf",
        "owner": "Owner",
    }


def test_chinese_labels_are_understood() -> None:
    fields = [
        field("F1", "text", "合同编号"),
        field("F2", "lookup", "客户", target="Accounts"),
        field("F3", "picklist", "合同状态"),
        field("F4", "currency", "合同金额"),
        field("F5", "date", "开始日期"),
        field("F6", "date", "到期日期"),
    ]
    found = map_fields(fields, {})
    assert {key: found[key] for key in ("number", "customer", "status", "amount", "start", "end")} == {
        "number": "F1", "customer": "F2", "status": "F3", "amount": "F4", "start": "F5", "end": "F6",
    }  # fmt: skip


def test_a_connection_overrides_one_field_and_the_rest_stays(zoho: Any) -> None:
    plain = {one.name: one.meaning for one in zoho.connect().whoami().fields if one.meaning}
    changed = {one.name: one.meaning for one in zoho.connect(fields={"number": "External_Id"}).whoami().fields}
    assert changed["External_Id"] == "number"
    assert changed["Contract_Number"] is None
    assert changed["Contract_Status"] == plain["Contract_Status"] == "status"


def test_a_field_that_is_not_there_is_named_with_those_that_are(zoho: Any) -> None:
    with pytest.raises(UsageError) as refused:
        zoho.connect(fields={"amount": "Betrag"}).whoami()
    assert "Betrag" in refused.value.message
    assert "Contract_Value" in refused.value.hint


@pytest.mark.parametrize("wanted", ["contracts", "CONTRACTS", "Contracts"])
def test_the_name_of_the_module_may_be_given_in_any_case(zoho: Any, wanted: str) -> None:
    adapter = zoho.connect(module=wanted)
    assert adapter.whoami().module == "Contracts"
    assert adapter.contract_module.name == "Contracts"
    listed = [module("Contracts"), module("Vehicles")]
    assert choose_module(listed, wanted).api_name == "Contracts"


def test_where_no_module_fits_the_other_product_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        choose_module([*STANDARD, module("Vehicles")], None)
    assert "Zoho Contracts" in caught.value.hint
