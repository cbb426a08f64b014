"""Which object holds the contracts, what its fields mean, and what hangs on it."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.errors import UsageError
from crm_bridge.spi.adapter import Query
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import Switches
from crm_bridge_fxiaoke.mapping import map_fields
from crm_bridge_fxiaoke.wire import FieldMeta, ObjectMeta

CUSTOM = "object_9Kx2p__c"


def relations(adapter: FxiaokeAdapter) -> list[tuple[str, str]]:
    return [(one.name, one.kind) for one in adapter.whoami().relations]


def listing(*objects: tuple[str, str, bool]) -> WireResponse:
    listed = [
        {"describeApiName": name, "describeDisplayName": label, "isActive": active} for name, label, active in objects
    ]
    return WireResponse.of_json({"errorCode": 0, "data": {"objects": listed}})


def only(*objects: tuple[str, str, bool]) -> Any:
    answer = listing(*objects)
    return lambda request: answer if request.path.endswith("/object/list") else None


def test_the_configured_object_is_taken(mount: Any) -> None:
    adapter = mount(object_name=CUSTOM).connect(object=CUSTOM)
    assert (adapter.whoami().module, adapter.whoami().module_label) == (CUSTOM, "合同(自定义)")


def test_an_object_that_the_tenant_does_not_have_is_refused_with_candidates(mount: Any) -> None:
    adapter = mount().connect(object="object_nope1__c")
    with pytest.raises(UsageError) as caught:
        adapter.whoami()
    assert "SaleContractObj (销售合同)" in caught.value.hint


def test_an_inactive_object_cannot_be_taken(mount: Any) -> None:
    with pytest.raises(UsageError):
        mount().connect(object="ContractObj").whoami()


def test_the_only_object_that_looks_like_contracts_is_found(mount: Any) -> None:
    rig = mount()
    rig.intercept = only(("AccountObj", "客户", True), ("SaleContractObj", "销售合同", True))
    assert rig.connect(object="").whoami().module == "SaleContractObj"


def test_a_custom_object_is_found_by_its_label_and_its_details_are_not_taken_for_it(mount: Any) -> None:
    rig = mount(object_name=CUSTOM)
    rig.intercept = only(
        (CUSTOM, "采购合同", True), ("object_L4w8d__c", "合同明细", True), ("AccountObj", "客户", True)
    )
    assert rig.connect(object="").whoami().module == CUSTOM


def test_several_candidates_are_not_guessed_between(mount: Any) -> None:
    with pytest.raises(UsageError) as caught:
        mount().connect(object="").whoami()
    assert caught.value.reason == "ambiguous_module"
    assert "SaleContractObj" in caught.value.message
    assert CUSTOM in caught.value.message


def test_a_tenant_without_contracts_is_said_so(mount: Any) -> None:
    rig = mount()
    rig.intercept = only(("AccountObj", "客户", True))
    with pytest.raises(UsageError) as caught:
        rig.connect(object="").whoami()
    assert caught.value.reason == "no_such_module"


def test_details_and_references_are_found_by_describe(mount: Any) -> None:
    assert relations(mount().connect()) == [
        ("SaleContractLineObj", "detail"),
        ("SalesOrderObj", "related"),
        ("PaymentObj", "related"),
        ("relevant_team", "team"),
        ("attach__c", "attachment"),
    ]


def test_references_can_be_left_out_and_that_is_a_warning(mount: Any) -> None:
    adapter = mount().connect(related=False)
    assert [name for name, kind in relations(adapter) if kind == "related"] == []
    assert any("not saved" in line for line in adapter.whoami().warnings)


def test_the_search_for_references_can_be_limited_but_details_never_are(mount: Any) -> None:
    adapter = mount().connect(neighbours=["PaymentObj"])
    assert [name for name, kind in relations(adapter) if kind in ("detail", "related")] == [
        "SaleContractLineObj",
        "PaymentObj",
    ]


def test_metadata_is_asked_for_once(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    for _round in range(2):
        adapter.whoami()
        list(adapter.find(Query()).pages)
        list(adapter.snapshot([]))
    assert rig.calls("/object/list") == 1
    described = [line for line in rig.emulator.ledger() if line.path.endswith("/describe")]
    assert len(described) <= 10


def test_an_override_names_the_field_of_a_meaning(mount: Any) -> None:
    names = {"amount__c": "contract_amount__c", "status__c": "state_x__c"}
    adapter = mount(switches=Switches(field_names=names)).connect(fields={"start": "sign_date__c"})
    meanings = {one.meaning: one.name for one in adapter.whoami().fields if one.meaning}
    assert (meanings["amount"], meanings["status"], meanings["start"]) == (
        "contract_amount__c",
        "state_x__c",
        "sign_date__c",
    )


def test_an_override_that_names_no_field_is_refused(mount: Any) -> None:
    with pytest.raises(UsageError) as caught:
        mount().connect(fields={"amount": "no_such__c"}).whoami()
    assert "no_such__c" in caught.value.message


def meta(*fields: FieldMeta) -> ObjectMeta:
    return ObjectMeta("X__c", "合同", {one.name: one for one in fields})


@pytest.mark.parametrize(
    ("field", "meaning"),
    [
        (FieldMeta("f1__c", "合同名称", "text"), "title"),
        (FieldMeta("f1__c", "Contract title", "text"), "title"),
        (FieldMeta("f1__c", "甲方客户", "object_reference", target="AccountObj"), "customer"),
        (FieldMeta("f1__c", "Party", "object_reference", target="AccountObj"), "customer"),
        (FieldMeta("f1__c", "合同状态", "select_one"), "status"),
        (FieldMeta("f1__c", "Status", "select_one"), "status"),
        (FieldMeta("f1__c", "合同总额", "currency"), "amount"),
        (FieldMeta("f1__c", "Amount (CNY)", "number"), "amount"),
        (FieldMeta("f1__c", "生效日期", "date"), "start"),
        (FieldMeta("f1__c", "到期日", "date"), "end"),
        (FieldMeta("f1__c", "Expiry date", "date_time"), "end"),
        (FieldMeta("f1__c", "币种", "select_one"), "currency"),
    ],
)
def test_fields_are_recognised_by_type_and_by_chinese_and_english_labels(field: FieldMeta, meaning: str) -> None:
    assert map_fields(meta(field), {}).names[meaning] == "f1__c"


@pytest.mark.parametrize(
    "field",
    [
        FieldMeta("life_status", "生命状态", "select_one"),
        FieldMeta("lock_status", "锁定状态", "select_one"),
        FieldMeta("f1__c", "状态说明", "text"),
    ],
)
def test_a_status_of_the_system_is_not_the_contracts_own(field: FieldMeta) -> None:
    assert "status" not in map_fields(meta(field), {}).names


def test_a_name_that_is_a_title_leaves_the_number_to_another_field() -> None:
    found = map_fields(meta(FieldMeta("name", "合同名称", "text"), FieldMeta("f1__c", "合同编号", "auto_number")), {})
    assert (found.names["number"], found.names["title"]) == ("f1__c", "name")


@pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
@pytest.mark.parametrize("extended", [True, False])
def test_a_customer_is_shown_by_name_with_and_without_the_vendors_help(mount: Any, auth: str, extended: bool) -> None:
    adapter = mount(switches=Switches(extend_info=extended)).connect(auth=auth)
    contracts = [one for page in adapter.find(Query()).pages for one in page.contracts]
    assert contracts[0].customer == "Acme Tools Ltd"
    assert all(one.customer and not one.customer.startswith("64b1") for one in contracts)


def test_a_describe_answer_without_fields_is_malformed(mount: Any) -> None:
    from crm_bridge.errors import MalformedAnswerError

    rig = mount()
    empty = WireResponse.of_json({"errorCode": 0, "data": {"describe": {}}})

    def intercept(request: WireRequest) -> WireResponse | None:
        return empty if request.path.endswith("/describe") else None

    rig.intercept = intercept
    with pytest.raises(MalformedAnswerError):
        rig.connect().whoami()


@pytest.mark.parametrize("details", [False, True])
def test_details_are_found_whether_or_not_describe_includes_them(mount: Any, details: bool) -> None:
    adapter = mount(switches=Switches(describe_details=details)).connect()
    assert ("SaleContractLineObj", "detail") in relations(adapter)


def test_an_object_that_is_not_described_to_this_user_is_a_warning(mount: Any) -> None:
    rig = mount()
    no = WireResponse.of_json({"errorCode": 50009, "errorMessage": "无此操作的数据权限"})

    def refuse(request: WireRequest) -> WireResponse | None:
        return no if request.path.endswith("/describe") and b"PaymentObj" in request.body else None

    rig.intercept = refuse
    adapter = rig.connect()
    assert ("PaymentObj", "related") not in relations(adapter)
    assert any("PaymentObj" in line for line in adapter.whoami().warnings)


def test_a_marker_field_must_exist(mount: Any) -> None:
    with pytest.raises(UsageError):
        mount().connect(marker_field="no_such__c").whoami()
