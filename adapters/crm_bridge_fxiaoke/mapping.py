"""Which vendor field means what, and how a row becomes a contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge.domain.contract import Contract, ContractRef, RecordState, Untold
from crm_bridge.domain.records.content import Content
from crm_bridge.domain.records.field_map import is_system_field
from crm_bridge.domain.records.shown import ShownFields
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.module.content import content_of
from crm_bridge_fxiaoke.wire import FieldMeta, ObjectMeta, Record, row_id

LIFE_STATES = ("ineffective", "under_review", "normal", "in_change", "invalid")
CHINA = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SYSTEM = {"owner": "owner", "created": "create_time", "modified": "last_modified_time"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a meaning is recognised: field types, names that are taken first, and words of the label, best first."""

    types: frozenset[str]
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


_TEXT = frozenset({"text", "auto_number", "long_text"})
_DATES = frozenset({"date", "date_time"})
_MONEY = frozenset({"currency", "number"})
RULES: Mapping[str, _Rule] = {
    "title": _Rule(
        _TEXT, ("title__c", "contract_name", "contract_name__c"), ("合同名称|合同标题", "标题|主题|title|subject")
    ),
    "customer": _Rule(frozenset({"object_reference"}), ("account_id", "account_id__c"), ("客户|customer|account",)),
    "status": _Rule(
        frozenset({"select_one"}),
        ("status", "contract_status", "status__c"),
        ("合同状态|contract status", "状态|status"),
    ),
    "amount": _Rule(
        _MONEY,
        ("contract_amount", "amount", "amount__c"),
        ("合同.*金额|contract.*amount", "金额|总额|总价|amount|total"),
    ),
    "currency": _Rule(frozenset({"select_one"}), ("mc_currency",), ("币种|currency",)),
    "start": _Rule(
        _DATES, ("start_date", "start_date__c"), ("开始|起始|生效|start|begin|effective", "签订|签约|签署|sign")
    ),
    "end": _Rule(_DATES, ("end_date", "end_date__c"), ("结束|到期|截止|终止|失效|end|expir",)),
}
SYSTEM_FIELDS = frozenset(
    {
        "_id", "approval_status", "changed_status", "create_time", "created_by", "data_own_department",
        "data_own_organization", "extend_obj_data_id", "is_deleted", "last_modified_by", "last_modified_time",
        "life_status", "life_status_before_invalid", "lock_rule", "lock_status", "lock_user", "mc_currency",
        "mc_exchange_rate", "mc_exchange_rate_version", "mc_functional_currency", "object_describe_api_name",
        "object_describe_id", "order_by", "out_owner", "out_resources", "out_tenant_id", "owner", "owner_department",
        "package", "partner_id", "record_type", "relevant_team", "sys_modified_time", "tenant_id", "version",
    }
)  # fmt: skip
"""Fields that the CRM keeps about every record of every object."""
# What stands in place of the name of a record that is voided or gone: no name of anything.
_NO_NAMES = frozenset({"数据已作废或已删除", "数据不存在或已删除"})


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Meaning -> vendor field, for one contract object."""

    object: ObjectMeta
    names: Mapping[str, str]
    noise: tuple[str, ...] = ()
    """Fields whose change is no drift."""

    def content(self, lists: Callable[[], Mapping[str, ObjectMeta]] = dict) -> Content:
        """Return the content of the object's records. Raises UsageError for noise that cannot be any."""
        return content_of(self.object, lists).without(self.noise, self.names)

    def field(self, meaning: str) -> FieldMeta | None:
        """Return the field of a meaning, None where the object has none."""
        name = self.names.get(meaning)
        return self.object.fields.get(name) if name else None


def map_fields(meta: ObjectMeta, overrides: Mapping[str, str], *, recognise: bool = True) -> FieldMap:
    """Return the field map; UsageError for an override that names no field.

    Without `recognise`, a meaning is an override, a field of the system, or the contract's `name`; nothing is guessed.
    """
    for wanted, name in overrides.items():
        require_field(meta, name, meaning=wanted)
    system = {meaning: name for meaning, name in _SYSTEM.items() if name in meta.fields}
    if not recognise:
        return FieldMap(meta, {**system, "number": "name", **overrides})
    matched = {meaning: _match(meta, meaning, rule) for meaning, rule in RULES.items()}
    found = {meaning: name for meaning, name in matched.items() if name} | system
    return FieldMap(meta, {**found, **_number_and_title(meta, found.get("title")), **overrides})


def require_field(meta: ObjectMeta, name: str, *, meaning: str) -> None:
    """Raise UsageError unless the object has a field that the connection names."""
    if name not in meta.fields:
        raise UsageError(
            _("{object} has no field {name} (configured for {meaning})").format(
                object=meta.name, name=name, meaning=meaning
            ),
            reason="no_such_field",
            hint=_("fields: {names}").format(names=", ".join(sorted(meta.fields))),
        )


def _number_and_title(meta: ObjectMeta, title: str | None) -> Mapping[str, str]:
    """`name` is the contract's number, unless its label calls it a title and another field is the number."""
    label = meta.fields["name"].label if "name" in meta.fields else ""
    if title is None and re.search("名称|标题|title", label):
        rule = _Rule(frozenset({"text", "auto_number"}), (), ("合同编号|合同号|contract n(o|umber)", "编号|number"))
        if number := _match(meta, "number", rule):
            return {"number": number, "title": "name"}
    return {"number": "name"}


def _match(meta: ObjectMeta, meaning: str, rule: _Rule) -> str | None:
    fitting = [
        one
        for one in meta.fields.values()
        if one.type in rule.types
        and one.name != "name"
        and (one.name in rule.names or not is_system_field(one.name, SYSTEM_FIELDS))
    ]
    if meaning == "customer":
        fitting = [one for one in fitting if one.target in ("AccountObj", "")]
    for name in rule.names:
        if any(one.name == name for one in fitting):
            return name
    for words in rule.labels:
        for one in sorted(fitting, key=lambda one: one.type not in ("currency", "date")):
            if re.search(words, one.label, re.IGNORECASE):
                return one.name
    return fitting[0].name if meaning == "customer" and fitting and fitting[0].target == "AccountObj" else None


class Mapper:
    """Turns rows of the contract object into contracts."""

    def __init__(self, fields: FieldMap, names_of: Callable[[str], str | None]) -> None:
        """`names_of` gives the name of a customer by id, None when nobody knows."""
        self.fields = fields
        self._names_of = names_of
        self._content = fields.content()

    def digest(self, row: Record) -> str:
        """Return the drift digest of a row."""
        return self._content.digest(row)

    def contract(self, row: Record, *, voidable: frozenset[str], shown: ShownFields) -> Contract:
        """Return the contract; `voidable` are the life states in which the CRM voids."""
        read: Mapping[str, object] = {
            "number": text(self._value(row, "number")),
            "title": text(self._value(row, "title")),
            "customer": self.customer(row) or text(self._value(row, "customer")),
            "status": self.status(row) or text(self._value(row, "status")),
            "amount": number(self._value(row, "amount")),
            "currency": text(self._value(row, "currency")),
            "start": day(self._value(row, "start")),
            "end": day(self._value(row, "end")),
            "owner": person(row, "owner"),
            "created": moment(self._value(row, "created")),
            "modified": moment(self._value(row, "modified")),
        }
        kind = type_of(row)
        nameless = {name for name, label in row.items() if isinstance(label, str) and label in _NO_NAMES}
        missing = shown.missing_in(kind, row)
        # A label is missing because there is nothing to label, or because it is not shown.
        empty = [name for name, why in missing.items() if why is None]
        empty += [name for name, held in row.items() if held in (None, "", [])]
        missing |= {f"{name}__r": None for name in empty if f"{name}__r" not in row}
        values: dict[str, Any] = dict(read)
        causes = {
            meaning: shown.why_unknown(kind, row, self.fields.names.get(meaning), value)
            or self._why_nameless(meaning, row, shown)
            for meaning, value in read.items()
        }
        return Contract(
            ref=ContractRef(self.fields.object.name, row_id(row)),
            **values,
            state=state_of(row, voidable),
            digest=self.digest(row),
            raw={name: held for name, held in row.items() if name not in nameless} if nameless else row,
            untold={meaning: why for meaning, why in causes.items() if why is not None},
            missing=missing | dict.fromkeys(nameless, Untold.UNRESOLVED),
            modified_by=person_name(row, "last_modified_by") or text(row.get("last_modified_by")),
        )

    def _why_nameless(self, meaning: str, row: Record, shown: ShownFields) -> Untold | None:
        """Return why only the id, or the bare value, of what a meaning names is known."""
        held = self._value(row, meaning)
        if held in (None, "", []):
            return None
        if meaning == "customer" and self.customer(row) is None:
            return shown.why_unnamed(text(held) or "")
        if meaning == "status" and self.status(row) is None:
            return Untold.UNRESOLVED
        return Untold.UNRESOLVED if meaning == "owner" and person_name(row, "owner") is None else None

    def customer(self, row: Record) -> str | None:
        """Return the customer's name, None where it is not known or there is no customer."""
        field = self.fields.names.get("customer", "")
        shown, value = row.get(f"{field}__r"), text(row.get(field))
        if isinstance(shown, Mapping):
            shown = shown.get("name")
        name = text(shown)
        return (name if name and name not in _NO_NAMES else self._names_of(value)) if value else None

    def status(self, row: Record) -> str | None:
        """Return the label of the status, None where it has none that is known."""
        field = self.fields.field("status")
        value = text(self._value(row, "status"))
        if field is None or value is None:
            return value
        beside = row.get(f"{field.name}__r")
        return (
            field.label_of(value)
            or (text(beside) if isinstance(beside, str) else None)
            or (None if field.options else value)
        )

    def _value(self, row: Record, meaning: str) -> object:
        return row.get(self.fields.names.get(meaning, ""))


def type_of(row: Record) -> str:
    """Return the record type; rights to fields may differ by it."""
    return text(row.get("record_type")) or ""


def text(value: object) -> str | None:
    """Return a text or a number's digits, None for nothing."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def number(value: object) -> Decimal | None:
    """Return an amount exactly; amounts travel as text."""
    shown = text(value)
    try:
        found = Decimal(shown) if shown else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def moment(value: object) -> datetime | None:
    """Return the moment of epoch milliseconds, which come as a number or as digits."""
    found = number(value)
    try:
        return None if found is None else _EPOCH + timedelta(milliseconds=int(found))
    except OverflowError:
        return None


def day(value: object) -> date | None:
    """Return the calendar day in China of epoch milliseconds: dates are midnight UTC+8."""
    found = moment(value)
    return None if found is None else found.astimezone(CHINA).date()


def person(row: Record, field: str) -> str | None:
    """Return a person's name where the row tells it, else the id."""
    value = row.get(field)
    return person_name(row, field) or (text(value[0]) if isinstance(value, list) and value else text(value))


def person_name(row: Record, field: str) -> str | None:
    """Return a person's name, None where the row does not tell it."""
    shown = row.get(f"{field}__r")
    shown = shown[0] if isinstance(shown, list) and shown else shown
    if isinstance(shown, Mapping):
        return text(shown.get("name"))
    return shown if isinstance(shown, str) and shown else None


def state_of(row: Record, voidable: frozenset[str]) -> RecordState:
    """Return whether the record may be voided now, as far as life and lock status tell."""
    life = row.get("life_status")
    if life == "invalid":
        return RecordState.TRASHED
    if life in ("under_review", "in_change"):
        return RecordState.IN_APPROVAL
    if str(row.get("lock_status", "0")) == "1":
        return RecordState.LOCKED
    return RecordState.NORMAL if life is None or life in voidable else RecordState.UNKNOWN
