"""What of a row is the record: the fields that describe lists, the system's own keys, and nothing of the query."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crm_bridge.domain.records.content import Content, Reducer, as_it_is, choices, files, flag, number, references
from crm_bridge.spi.later import LaterMapping
from crm_bridge_fxiaoke.wire import COMPUTED, FILES, FieldMeta, ObjectMeta

LIST_TEXT_LIMIT = 500
"""Some tenants cut long texts to so many characters in queries; what is behind moves last_modified_time anyway."""

_SYSTEM: Mapping[str, Reducer] = {
    "_id": as_it_is,
    "name": as_it_is,
    "owner": references,
    "data_own_department": references,
    "out_owner": references,
    "created_by": references,
    "create_time": number,
    "last_modified_by": references,
    "last_modified_time": number,
    "record_type": as_it_is,
    "life_status": as_it_is,
    "lock_status": as_it_is,
    "is_deleted": flag,
    "mc_currency": as_it_is,
}
"""Keys that every record has, whether or not this user's describe lists them."""

# Kept by the system beside the record, or told about the query: `version` counts what no person edits, the team comes
# with some reads only, departments are named after the owner, whoever that is in.
_MOVING = frozenset(
    {
        "version",
        "relevant_team",
        "owner_department",
        "owner_department_id",
        "total_num",
        "searchAfterId",
        "details",
        "extend_obj_data_id",
        "mc_exchange_rate_version",
    }
)
_UNDESCRIBED = _MOVING | {
    "tenant_id",
    "object_describe_api_name",
    "object_describe_id",
    "package",
    "lock_rule",
    "lock_user",
    "life_status_before_invalid",
    "origin_source",
    "out_tenant_id",
    "out_resources",
    "mc_exchange_rate",
    "mc_functional_currency",
    "containerDocument",
    "order_by",
}
# Labels that describe or fill other fields: their values change when somebody renames a customer, not a contract.
_DERIVED = ("__r", "__l", "__o", "__e", "__v", "__p", "__relation_ids")

_REMOVAL = frozenset(
    {"life_status", "life_status_before_invalid", "is_deleted", "lock_status", "last_modified_by", "last_modified_time"}
)
"""What a void sets; a record in the bin is compared without it."""
_STAMPS = frozenset({"last_modified_time", "last_modified_by"})
"""Fields that move with every edit."""
_BY_TYPE: Mapping[str, Reducer] = {
    **dict.fromkeys(("number", "currency", "percentile", "date", "date_time", "time"), number),
    **dict.fromkeys(("employee", "employee_many", "department", "department_many", "out_employee"), references),
    **dict.fromkeys(("object_reference", "object_reference_many", "master_detail"), references),
    **dict.fromkeys(FILES, files),
    "select_many": choices,
    "true_or_false": flag,
}
_LONG = frozenset({"long_text", "html_rich_text", "rich_text"})
_UNSTABLE = COMPUTED | {"embedded_object_list"}


def content_of(meta: ObjectMeta, lists: Callable[[], Mapping[str, ObjectMeta]] = dict) -> Content:
    """Return the content of an object's records; `lists` tells the objects whose rows hang on them, by name."""
    described = {name: one for name, one in meta.fields.items() if not name.endswith(_DERIVED)}
    return Content(
        fields={**_SYSTEM, **{name: _BY_TYPE.get(one.type, as_it_is) for name, one in described.items()}},
        moving=_MOVING | {name for name, one in described.items() if one.type in _UNSTABLE},
        stamps=_STAMPS,
        removal=_REMOVAL,
        cuts={name: LIST_TEXT_LIMIT for name, one in described.items() if _is_long(one)},
        lists=LaterMapping(lambda: {name: content_of(one) for name, one in lists().items()}),
        known=lambda name: name in _UNDESCRIBED or name.endswith(_DERIVED),
    )


def _is_long(field: FieldMeta) -> bool:
    return field.type in _LONG
