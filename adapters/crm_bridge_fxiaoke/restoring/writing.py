"""Which values of a saved record are written again, and when two records hold the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from crm_bridge.domain.records.content import Content, reference
from crm_bridge_fxiaoke.wire import FILES, PERSONS, READ_ONLY, FieldMeta, ObjectMeta, Record

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
_PERSONAL = frozenset({"owner", "created_by", "create_time"})


def is_writable(field: FieldMeta) -> bool:
    """Return whether a re-created record can be given this field's value."""
    return field.name in _SPECIFIED or (field.name not in _SYSTEM and field.type not in READ_ONLY)


def values_to_write(row: Record, meta: ObjectMeta, *, ids: Mapping[str, str], skip: str = "") -> dict[str, object]:
    """Return what a create takes from a saved record: no files, no derived keys, references by their new ids."""
    kept: dict[str, object] = {}
    for name, value in row.items():
        field = meta.fields.get(name)
        if name == skip or value in (None, "", []) or (field is None and name not in _SPECIFIED):
            continue
        if field is not None and (not is_writable(field) or field.type in FILES):
            continue
        refers = field is not None and ("reference" in field.type or field.type == "master_detail")
        if name in ("owner", "created_by") or (field is not None and field.type in PERSONS):
            value = [one for item in (value if isinstance(value, list) else [value]) if (one := reference(item))]
        kept[name] = plain(_renamed(value, ids) if refers else value)
    return kept


def plain(value: object) -> object:
    """Return a value as JSON takes it: decimals as text, as the gateway wants numbers anyway."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def holds(
    written: Mapping[str, object], row: Record, content: Content, *, skip: str = "", lenient: bool = False
) -> bool:
    """Return whether a record holds what would be written; persons and creation time may be set by the system.

    `lenient`: a value that is empty there may have been left out, because the CRM refused it.
    """
    return all(
        _trimmed(content.plain(name, value)) == now or (lenient and now is None)
        for name, value in written.items()
        if name not in _PERSONAL and name != skip
        for now in (_trimmed(content.plain(name, row.get(name))),)
    )


def _trimmed(value: object) -> object:
    return (value.strip() or None) if isinstance(value, str) else value


def pair_by_content(
    old: Sequence[tuple[str, Mapping[str, object]]], new: Sequence[Record], content: Content, *, skip: str
) -> tuple[dict[str, str], list[str]]:
    """Pair saved rows with rows that are there now. Returns old id -> new id, and the old ids without a partner."""
    left, pairs, alone = list(new), dict[str, str](), list[str]()
    for old_id, written in old:
        partner = next((row for row in left if holds(written, row, content, skip=skip)), None)
        if partner is None:
            alone.append(old_id)
        else:
            left.remove(partner)
            pairs[old_id] = str(partner["_id"])
    return pairs, alone


def _renamed(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_renamed(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value
