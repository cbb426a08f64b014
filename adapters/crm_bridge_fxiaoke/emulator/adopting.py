"""Becoming like another tenant: fields that a profile names, people and records that snapshots refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.spi.adapter import FieldInfo, Profile

from .auth import by_open_id
from .schema import PERSONS, REFERENCES, Field, ObjectSchema
from .seed import API_USER, new_row
from .state import SYSTEM_USER, Employee, World

_OPEN_ID = "FSUID_"


def adopt(world: World, profile: Profile, snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Take over what can be taken over; return the names of what cannot."""
    table = world.tables.get(profile.module)
    if table is None or profile.module != world.main_object:
        return (profile.module,)
    refused = [one.name for one in profile.fields if not _take_field(world, table.schema, one)]
    table.index_references()
    for snapshot in snapshots:
        for schema, row in _rows(world, snapshot):
            _take_references(world, schema, row)
    return tuple(refused)


def _take_field(world: World, schema: ObjectSchema, wanted: FieldInfo) -> bool:
    known = schema.fields.get(wanted.name)
    if known is not None and known.type == wanted.type:
        return True
    if wanted.type in REFERENCES and wanted.target not in world.tables:
        return False
    schema.fields[wanted.name] = Field(
        wanted.name,
        wanted.label,
        wanted.type,
        wanted.options,
        wanted.target,
        required=wanted.required and wanted.writable,
        origin="custom" if wanted.name.endswith("__c") else "package",
    )
    return True


def _rows(world: World, snapshot: Snapshot) -> Iterator[tuple[ObjectSchema, Mapping[str, Any]]]:
    yield world.tables[world.main_object].schema, json.loads(snapshot.record, parse_float=Decimal)
    for part in snapshot.parts:
        name = world.main_object if part.kind is PartKind.EXTRA else part.name
        if part.kind in (PartKind.EXTRA, PartKind.DETAIL) and name in world.tables:
            value = json.loads(part.raw, parse_float=Decimal)
            for row in value if isinstance(value, list) else [value]:
                if isinstance(row, Mapping):
                    yield world.tables[name].schema, row


def _take_references(world: World, schema: ObjectSchema, row: Mapping[str, Any]) -> None:
    for field in schema.fields.values():
        value = row.get(field.name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one:
                if field.type in PERSONS:
                    _take_person(world, one, _name_beside(row, field.name, one))
                elif field.type in REFERENCES:
                    _take_record(world, field.target, one, _name_beside(row, field.name, one))


def _name_beside(row: Mapping[str, Any], field: str, otherwise: str) -> str:
    beside = row.get(f"{field}__r")
    name = beside.get("name") if isinstance(beside, Mapping) else beside
    return str(name) if name else otherwise


def _take_person(world: World, wire: str, name: str) -> None:
    if wire == SYSTEM_USER or wire in world.employees or by_open_id(world, wire) is not None:
        return
    number = f"9{len(world.employees):04d}"
    key, open_id = (number, wire) if wire.startswith(_OPEN_ID) else (wire, f"{_OPEN_ID}{wire}")
    world.employees[key] = Employee(key, open_id, name, f"1390000{number}")


def _take_record(world: World, object_name: str, key: str, name: str) -> None:
    # A contract is never made up: the rehearsal is about what a restore can bring back by itself.
    table = world.tables.get(object_name)
    if table is None or object_name == world.main_object or world.find(key) is not None:
        return
    table.put({**new_row(world, API_USER, world.now_ms(), name=name), "_id": key})
