"""No system field is recognised as a field of the contract: one rule, both adapters."""

from __future__ import annotations

import pytest

from crm_bridge.domain.filters.syntax import parse_filter
from crm_bridge.domain.records.field_map import is_system_field, require_meanings
from crm_bridge.errors import UsageError
from crm_bridge_fxiaoke.mapping import SYSTEM_FIELDS as FXIAOKE
from crm_bridge_fxiaoke.mapping import map_fields as fxiaoke_map
from crm_bridge_fxiaoke.wire import FieldMeta, ObjectMeta
from crm_bridge_zoho.discovery import map_fields as zoho_map
from crm_bridge_zoho.module.metadata import SYSTEM_FIELDS as ZOHO
from crm_bridge_zoho.module.metadata import ZohoField

LABELS = "Status 状态 Contract Number 编号 Amount 金额 End 到期 Start 开始 Customer 客户 Currency 币种 Title 标题"
OWN = {"Created_Time", "Modified_Time", "create_time", "last_modified_time", "owner", "mc_currency"}
NAMES = ("$approval_state", "Record_Status__s", "Any_Other__s")


def zoho_field(name: str, kind: str) -> ZohoField:
    return ZohoField(name, LABELS, kind, "Accounts", True, False, False, False, ())


@pytest.mark.parametrize("name", sorted({*NAMES, *ZOHO} - OWN - {"id"}))
@pytest.mark.parametrize("kind", ["picklist", "text", "lookup", "currency", "date", "datetime", "autonumber"])
def test_zoho_takes_no_system_field_for_anything(name: str, kind: str) -> None:
    assert name not in zoho_map([zoho_field(name, kind)], {}).values()


@pytest.mark.parametrize("name", sorted({*NAMES, *FXIAOKE} - OWN))
@pytest.mark.parametrize("kind", ["select_one", "text", "object_reference", "currency", "date", "date_time", "number"])
def test_fxiaoke_takes_no_system_field_for_anything(name: str, kind: str) -> None:
    fields = {name: FieldMeta(name, LABELS, kind, target="AccountObj")}
    assert name not in fxiaoke_map(ObjectMeta("SaleContractObj", "合同", fields), {}).names.values()


def test_a_field_that_is_named_in_the_connection_is_taken_as_it_is() -> None:
    field = zoho_field("Record_Status__s", "picklist")
    assert zoho_map([field], {"status": "Record_Status__s"})["status"] == "Record_Status__s"
    assert is_system_field("Record_Status__s", ())
    assert not is_system_field("Contract_Status", ZOHO)


def test_a_meaning_without_a_field_is_refused_by_name() -> None:
    where = parse_filter('status != "A" or id = "1" or `Anything` is null')
    require_meanings(where, {"status"}, module="Contracts")
    with pytest.raises(UsageError, match="Contracts has no field") as caught:
        require_meanings(where, {"number"}, module="Contracts")
    assert (caught.value.reason, 'fields = { status = "..." }' in caught.value.hint) == ("no_such_field", True)
