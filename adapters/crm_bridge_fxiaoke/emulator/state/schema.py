"""Objects and their fields, as describe tells them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NUMERIC = frozenset({"number", "currency", "percentile", "date", "date_time", "time"})
PERSONS = frozenset({"employee", "employee_many"})
REFERENCES = frozenset({"object_reference", "object_reference_many", "master_detail"})
FILES = frozenset({"file_attachment", "image"})
READ_ONLY = frozenset({"formula", "count", "quote", "auto_number"})

LIFE_STATUS = (
    ("ineffective", "未生效"),
    ("under_review", "审核中"),
    ("normal", "正常"),
    ("in_change", "变更中"),
    ("invalid", "作废"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `options` are (value, label) pairs, `target` the object that a reference points to."""

    name: str
    label: str
    type: str
    options: tuple[tuple[str, str], ...] = ()
    target: str = ""
    required: bool = False
    origin: str = "package"
    extra: Mapping[str, Any] = field(default_factory=dict)
    loose: bool = False
    """Whether values are kept as they come: the tenant has others than this stand-in knows of the type."""

    def describe(self) -> dict[str, Any]:
        """Return the field as describe shows it."""
        told: dict[str, Any] = {
            "api_name": self.name,
            "label": self.label,
            "type": self.type,
            "define_type": self.origin,
            "is_active": True,
            "is_index": True,
            "is_unique": False,
            "is_required": self.required,
            "help_text": "",
        }
        if self.type == "record_type":
            told["options"] = [{"api_name": value, "label": label, "is_active": True} for value, label in self.options]
        elif self.options:
            told["options"] = [{"label": label, "value": value} for value, label in self.options]
        if self.target:
            told["target_api_name"] = self.target
        return {**told, **_of_type(self.type), **self.extra}

    def label_of(self, value: object) -> str:
        """Return the label of an option; an unknown value shows as deleted."""
        return dict(self.options).get(str(value), "选项已删除")


def _of_type(kind: str) -> Mapping[str, Any]:
    attributes: Mapping[str, Mapping[str, Any]] = {
        "currency": {"decimal_places": 2, "max_length": 14, "length": 12, "currency_unit": "￥"},
        "number": {"decimal_places": 0, "max_length": 14, "length": 14},
        "date": {"date_format": "yyyy-MM-dd", "time_zone": "GMT+8"},
        "date_time": {"date_format": "yyyy-MM-dd HH:mm", "time_zone": "GMT+8"},
        "text": {"max_length": 256},
        "long_text": {"max_length": 2000},
        "auto_number": {"is_auto_number": True},
        "file_attachment": {
            "file_amount_limit": 10,
            "file_size_limit": 104857600,
            "support_file_types": [],
        },
        "master_detail": {
            "is_create_when_master_create": True,
            "is_required_when_master_create": False,
        },
        "object_reference": {"action_on_target_delete": "set_null"},
    }
    return attributes.get(kind, {})


@dataclass(slots=True)
class ObjectSchema:
    """One object: its fields by api name; `columns` may gain fields when a CSV is loaded."""

    name: str
    label: str
    fields: dict[str, Field]
    active: bool = True

    @property
    def custom(self) -> bool:
        """Whether the tenant made this object."""
        return self.name.endswith("__c")

    @property
    def master(self) -> Field | None:
        """The master_detail field, where this is a detail object."""
        return next((item for item in self.fields.values() if item.type == "master_detail"), None)

    def references(self) -> list[Field]:
        """Return the fields that point to other records."""
        return [item for item in self.fields.values() if item.type in REFERENCES]

    def listed(self) -> dict[str, Any]:
        """Return the entry of object/list."""
        return {
            "describeApiName": self.name,
            "describeDisplayName": self.label,
            "defineType": "custom" if self.custom else "package",
            "isActive": self.active,
            "iconPath": "",
            "iconIndex": 0,
            "hideButton": False,
            "publicObject": False,
        }

    def describe(self, hidden: Iterable[str] = ()) -> dict[str, Any]:
        """Return the object as describe shows it, without the fields that are hidden from the user."""
        return {
            "api_name": self.name,
            "display_name": self.label,
            "label": self.label,
            "define_type": "custom" if self.custom else "package",
            "is_active": self.active,
            "package": "CRM",
            "fields": {name: item.describe() for name, item in self.fields.items() if name not in set(hidden)},
        }


def options(labels: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return options whose values are nine characters that say nothing, as the vendor makes them."""
    return tuple((hashlib.sha256(f"option {label}".encode()).hexdigest()[:9], label) for label in labels)


def system_fields(name_label: str, *, auto_number: bool = False) -> list[Field]:
    """Return the fields that every object has."""
    return [
        Field("_id", "数据ID", "text", origin="system"),
        Field("name", name_label, "auto_number" if auto_number else "text", required=not auto_number, origin="system"),
        Field("owner", "负责人", "employee", required=True, extra={"is_single": True}),
        Field("owner_department", "负责人主属部门", "text"),
        Field("data_own_department", "归属部门", "department"),
        Field("created_by", "创建人", "employee", origin="system"),
        Field("create_time", "创建时间", "date_time", origin="system"),
        Field("last_modified_by", "最后修改人", "employee", origin="system"),
        Field("last_modified_time", "最后修改时间", "date_time", origin="system"),
        Field("record_type", "业务类型", "record_type", (("default__c", "预设业务类型"),)),
        Field("life_status", "生命状态", "select_one", LIFE_STATUS),
        Field("life_status_before_invalid", "作废前生命状态", "text"),
        Field("lock_status", "锁定状态", "select_one", (("0", "未锁定"), ("1", "锁定"))),
        Field("lock_user", "加锁人", "employee"),
        Field("is_deleted", "是否删除", "true_or_false", origin="system"),
        Field("version", "版本", "number", origin="system"),
        Field("relevant_team", "相关团队", "embedded_object_list"),
        Field("mc_currency", "币种", "select_one", tuple((code, code) for code in ("CNY", "EUR", "USD"))),
    ]
