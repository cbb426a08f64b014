"""Which values of a saved record may be written again."""

from __future__ import annotations

from collections.abc import Mapping

from crm_bridge_fxiaoke.wire import FILES, READ_ONLY, FieldMeta, ObjectMeta, Record

# Kept by the system: a create either refuses them or ignores them.
_SYSTEM = frozenset(
    {
        "_id",
        "object_describe_api_name",
        "object_describe_id",
        "tenant_id",
        "package",
        "version",
        "is_deleted",
        "last_modified_time",
        "last_modified_by",
        "life_status",
        "life_status_before_invalid",
        "lock_status",
        "lock_rule",
        "lock_user",
        "owner_department",
        "owner_department_id",
        "relevant_team",
        "extend_obj_data_id",
        "origin_source",
        "out_owner",
        "out_tenant_id",
        "mc_exchange_rate_version",
        "mc_functional_currency",
    }
)
# Written although they are the system's: create takes them together with hasSpecifyTime and hasSpecifyCreatedBy.
_SPECIFIED = ("create_time", "created_by", "owner", "record_type")


def is_writable(field: FieldMeta) -> bool:
    """Say whether a re-created record can be given this field's value."""
    return field.name not in _SYSTEM and field.type not in READ_ONLY


def values_to_write(row: Record, meta: ObjectMeta, *, ids: Mapping[str, str], skip: str = "") -> dict[str, object]:
    """Return what a create takes from a saved record: no files, no derived keys, references by their new ids."""
    kept: dict[str, object] = {}
    for name, value in row.items():
        field = meta.fields.get(name)
        if name == skip or value in (None, "", []) or (field is None and name not in _SPECIFIED):
            continue
        if name in _SPECIFIED or (field is not None and is_writable(field) and field.type not in FILES):
            kept[name] = _renamed(value, ids) if field and "reference" in field.type else value
    return kept


def _renamed(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_renamed(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value
