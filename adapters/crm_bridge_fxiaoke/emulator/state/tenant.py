"""The objects of the sandbox tenant: contracts and their neighbours, with their fields."""

from __future__ import annotations

from collections.abc import Mapping

from crm_bridge.sandbox.records import STATUSES
from crm_bridge_fxiaoke.emulator.state.schema import Field, ObjectSchema, options, system_fields
from crm_bridge_fxiaoke.emulator.switches import Switches

SALE_CONTRACT = "SaleContractObj"
LEGACY_CONTRACT = "ContractObj"
CUSTOM_CONTRACT = "object_9Kx2p__c"
DETAILS: Mapping[str, str] = {
    SALE_CONTRACT: "SaleContractLineObj",
    CUSTOM_CONTRACT: "object_L4w8d__c",
    LEGACY_CONTRACT: "ContractProductObj",
}
MASTER_FIELDS: Mapping[str, str] = {
    SALE_CONTRACT: "sale_contract_id",
    CUSTOM_CONTRACT: "field_c7Rtq__c",
    LEGACY_CONTRACT: "contract_id",
}
LABELS: Mapping[str, str] = {SALE_CONTRACT: "销售合同", CUSTOM_CONTRACT: "合同(自定义)", LEGACY_CONTRACT: "合同"}
CHINESE_STATUSES = ("草稿", "执行中", "已到期", "已终止", "已续签", "暂停")
STATUS_LABELS = (*STATUSES, "已归档", "争议中")
"""Labels of the preset contract's status; nobody's contract has the Chinese ones until somebody sets them."""


def build(switches: Switches, main_object: str) -> dict[str, ObjectSchema]:
    """Return every object of the tenant by api name."""
    schemas = [
        _object("AccountObj", "客户", system_fields("客户名称")),
        _object("ProductObj", "产品", [*system_fields("产品名称"), Field("price", "标准价格", "currency")]),
        _object("PersonnelObj", "人员", [*system_fields("姓名"), Field("phone", "手机", "phone_number")]),
        _object("LeadsObj", "销售线索", [*system_fields("姓名"), *_lead_fields()]),
        _object("SalesOrderObj", "销售订单", _neighbour("销售订单编号", "order_amount", "销售订单金额")),
        _object("PaymentObj", "回款", _neighbour("回款编号", "payment_amount", "回款金额")),
    ]
    for name in (SALE_CONTRACT, LEGACY_CONTRACT, CUSTOM_CONTRACT):
        active = name != LEGACY_CONTRACT or switches.legacy_contract_active or main_object == name
        schemas += [_contract(name, switches, active=active), _line(name, active=active)]
    return {schema.name: schema for schema in schemas}


def custom_name(switches: Switches, name: str) -> str:
    """Return the tenant's own name for one of the invented contract fields."""
    return switches.field_names.get(name, name)


def status_options(object_name: str) -> tuple[tuple[str, str], ...]:
    """Return the options of a contract object's status."""
    return options(CHINESE_STATUSES if object_name == CUSTOM_CONTRACT else STATUS_LABELS)


def _object(name: str, label: str, fields: list[Field], *, active: bool = True) -> ObjectSchema:
    return ObjectSchema(name, label, {item.name: item for item in fields}, active)


def _contract(name: str, switches: Switches, *, active: bool) -> ObjectSchema:
    invented = [
        Field("title__c", "合同名称", "text"),
        Field("amount__c", "合同金额", "currency"),
        Field("status__c", "合同状态", "select_one", status_options(name)),
        Field("sign_date__c", "签订日期", "date"),
        Field("start_date__c", "开始日期", "date"),
        Field("end_date__c", "结束日期", "date"),
        Field("remark__c", "备注", "long_text"),
        Field("attach__c", "附件", "file_attachment"),
    ]
    fields = [
        *system_fields("合同编号", auto_number=switches.auto_number),
        Field("account_id", "客户", "object_reference", target="AccountObj", required=True),
        *(_renamed(item, custom_name(switches, item.name)) for item in invented),
    ]
    return _object(name, LABELS[name], fields, active=active)


def _renamed(item: Field, name: str) -> Field:
    return Field(name, item.label, item.type, item.options, origin="custom")


def _line(master: str, *, active: bool) -> ObjectSchema:
    own = [
        Field(MASTER_FIELDS[master], LABELS[master], "master_detail", target=master, required=True),
        Field("product_id", "产品", "object_reference", target="ProductObj", required=True),
        Field("quantity", "数量", "number"),
        Field("price", "价格", "currency"),
        Field("order_by", "序号", "number"),
    ]
    fields = [*system_fields("产品编号", auto_number=True), *own]
    return _object(DETAILS[master], f"{LABELS[master]}产品", fields, active=active)


def _lead_fields() -> list[Field]:
    # The custom field names and option values are those that a public leads client has written into its code.
    countries = (("kaYz89Lwq", "中国"), ("KsekHd2m8", "德国"), ("IYWea10Fx", "英国"), ("12oD7t0k9", "美国"))
    return [
        Field("company", "公司", "text"),
        Field("email", "邮件", "email"),
        Field("job_title", "职务", "text"),
        Field("leads_pool_id", "线索池", "text"),
        Field("remark", "备注", "long_text"),
        Field("field_S737R__c", "联系电话", "phone_number", origin="custom"),
        Field("field_IT92M__c", "国家", "select_one", countries, origin="custom"),
        Field("field_NtXsK__c", "二级来源", "select_one", (("6A7SBTmqi", "Facebook"),), origin="custom"),
    ]


def _neighbour(name_label: str, amount: str, amount_label: str) -> list[Field]:
    return [
        *system_fields(name_label),
        Field("sale_contract_id", "销售合同", "object_reference", target=SALE_CONTRACT),
        Field("account_id", "客户", "object_reference", target="AccountObj"),
        Field(amount, amount_label, "currency"),
    ]
