"""Becoming like another tenant: its contract object, the rows that hang on it, the people and records that it names.

Nothing of the stand-in's own schema stays, so that no field of it can be required, refused or taken for the tenant's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.spi.adapter import FieldInfo, Profile
from crm_bridge_fxiaoke.emulator.auth import by_open_id
from crm_bridge_fxiaoke.emulator.seed.seed import API_USER, new_row
from crm_bridge_fxiaoke.emulator.state.schema import PERSONS, READ_ONLY, REFERENCES, Field, ObjectSchema, system_fields
from crm_bridge_fxiaoke.emulator.state.state import SYSTEM_USER, Employee, Table, World

_OPEN_ID = "FSUID_"


def adopt(world: World, profile: Profile, snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Take over what can be taken over; return the names of what cannot."""
    lists = [one for one in profile.relations if one.kind == PartKind.DETAIL.value and one.fields]
    schemas = {profile.module: _schema(profile.module, profile.module_label, profile.fields)}
    schemas |= {one.name: _schema(one.name, one.label, one.fields) for one in lists}
    rows = [(name, row) for snapshot in snapshots for name, row in _rows(profile.module, snapshot)]
    refused = [name for schema in schemas.values() for name in _loosen(schema, profile.module, rows)]
    world.main_object = profile.module
    world.tables = {name: Table(schema) for name, schema in (_neighbours(schemas.values()) | schemas).items()}
    for name, row in rows:
        if name in schemas:
            _take_references(world, schemas[name], row)
    return tuple(refused)


def _schema(name: str, label: str, fields: Iterable[FieldInfo]) -> ObjectSchema:
    own = {one.name: _field(one) for one in fields}
    # What a create does needs the system's own fields, whether or not this user's describe lists them.
    system = {one.name: one for one in system_fields(label) if one.name != "mc_currency"}
    return ObjectSchema(name, label, {**system, **own})


def _field(told: FieldInfo) -> Field:
    return Field(
        told.name,
        told.label,
        told.type,
        told.options,
        told.target,
        required=told.required and told.writable,
        origin="custom" if told.name.endswith("__c") else "package",
    )


def _neighbours(schemas: Iterable[ObjectSchema]) -> dict[str, ObjectSchema]:
    """Return the objects that references point at, each with no more than every object has."""
    targets = {one.target for schema in schemas for one in schema.references() if one.target}
    return {name: ObjectSchema(name, name, {one.name: one for one in system_fields(name)}) for name in sorted(targets)}


def _loosen(schema: ObjectSchema, main: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Take values as they come for fields whose values are not what their type says here; return their names."""
    misfits = {
        name
        for of_object, row in rows
        if of_object == schema.name
        for name, value in row.items()
        if (known := schema.fields.get(name)) is not None and not _fits(known, value)
    }
    for name in misfits:
        old = schema.fields[name]
        schema.fields[name] = replace(old, loose=True)
    return sorted(name if schema.name == main else f"{schema.name}.{name}" for name in misfits)


def _fits(field: Field, value: Any) -> bool:
    """Return whether a value has the shape that this stand-in takes for the type."""
    if value in (None, "", []) or field.type in READ_ONLY:
        return True
    if field.type in ("date", "date_time", "time", "number", "currency", "percentile"):
        return not isinstance(value, bool) and _is_number(value)
    if field.type in ("text", "long_text", "select_one", "record_type", "object_reference", "master_detail"):
        return isinstance(value, str)
    return True


def _is_number(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False


def _rows(main: str, snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield main, json.loads(snapshot.record, parse_float=Decimal)
    for part in snapshot.parts:
        if part.kind in (PartKind.EXTRA, PartKind.DETAIL):
            value = json.loads(part.raw, parse_float=Decimal)
            for row in value if isinstance(value, list) else [value]:
                if isinstance(row, Mapping):
                    yield main if part.kind is PartKind.EXTRA else part.name, row


def _take_references(world: World, schema: ObjectSchema, row: Mapping[str, Any]) -> None:
    for field in schema.fields.values():
        value = row.get(field.name)
        for one in value if isinstance(value, list) else [value]:
            key, name = _named(one, _name_beside(row, field.name))
            if key:
                if field.type in PERSONS:
                    _take_person(world, key, name)
                elif field.type in REFERENCES and field.type != "master_detail":
                    _take_record(world, field.target, key, name)


def _named(value: Any, beside: str) -> tuple[str, str]:
    """Return the id and the name of a person or record, however it stands in the row; no id for anything else."""
    if isinstance(value, Mapping):
        key = str(value.get("id") or value.get("_id") or "")
        return key, str(value.get("name") or beside or key)
    return (value, beside or value) if isinstance(value, str) else ("", "")


def _name_beside(row: Mapping[str, Any], field: str) -> str:
    beside = row.get(f"{field}__r")
    name = beside.get("name") if isinstance(beside, Mapping) else beside
    return name if isinstance(name, str) else ""


def _take_person(world: World, wire: str, name: str) -> None:
    if wire == SYSTEM_USER or wire in world.employees or by_open_id(world, wire) is not None:
        return
    number = f"9{len(world.employees):04d}"
    key, open_id = (number, wire) if wire.startswith(_OPEN_ID) else (wire, f"{_OPEN_ID}{wire}")
    world.employees[key] = Employee(key, open_id, name, f"1390000{number}")


def _take_record(world: World, object_name: str, key: str, name: str) -> None:
    table = world.tables.get(object_name)
    if table is None or world.find(key) is not None:
        return
    table.put({**new_row(world, API_USER, world.now_ms(), name=name), "_id": key})
