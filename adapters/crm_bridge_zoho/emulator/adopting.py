"""Becoming like another org: fields that a profile names, people and records that snapshots refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.spi.adapter import FieldInfo, Profile
from crm_bridge_zoho.emulator.call import is_id
from crm_bridge_zoho.emulator.org import BASE, Org, User
from crm_bridge_zoho.emulator.schema import PEOPLE_TYPES, ROW_TYPES, Field, Module
from crm_bridge_zoho.emulator.store import Record

LONGEST = 100_000
_FIRST_ID = BASE + 690_000


def adopt(org: Org, profile: Profile, snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Take over what can be taken over; return the names of what cannot."""
    module = org.modules[org.contract_module]
    if profile.module != module.api_name:
        return (profile.module,)
    refused = [one.name for one in profile.fields if not _take_field(org, module, one)]
    for snapshot in snapshots:
        for row in _rows(snapshot):
            _take_references(org, row)
    return tuple(refused)


def _take_field(org: Org, module: Module, wanted: FieldInfo) -> bool:
    known = module.fields.get(wanted.name)
    if known is not None and known.data_type == wanted.type:
        return True
    # Rows and links have modules of their own, which a profile does not describe.
    if wanted.type in ROW_TYPES or (wanted.type == "lookup" and wanted.target not in org.modules):
        return False
    field = Field(
        wanted.name,
        wanted.label,
        wanted.type,
        length=LONGEST,
        target=wanted.target,
        choices=tuple(value for value, _label in wanted.options),
        mandatory=wanted.required,
        read_only=not wanted.writable,
    )
    module.add([field], _FIRST_ID + len(module.fields))
    if field.data_type == "lookup":
        org.tables[module.api_name].index(field.api_name)
    return True


def _rows(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    yield json.loads(snapshot.record, parse_float=Decimal)
    for part in snapshot.parts:
        if part.kind in (PartKind.EXTRA, PartKind.DETAIL, PartKind.NOTE):
            value = json.loads(part.raw, parse_float=Decimal)
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping))


def _take_references(org: Org, row: Mapping[str, Any]) -> None:
    """Make every person and record that the row names exist; a field name that several modules use says where."""
    for name, value in row.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, Mapping):
                continue
            key = str(one.get("id") or "")
            field = _field_called(org, name)
            if field is None or not is_id(key):
                _take_references(org, one)
            elif field.data_type in PEOPLE_TYPES:
                _take_person(org, key, str(one.get("name") or key), str(one.get("email") or ""))
            elif field.data_type == "lookup":
                _take_record(org, field.target, key, str(one.get("name") or key))
            else:
                _take_references(org, one)


def _field_called(org: Org, name: str) -> Field | None:
    own = org.modules[org.contract_module]
    modules = [own, *(module for module in org.modules.values() if module is not own)]
    return next((module.fields[name] for module in modules if name in module.fields), None)


def _take_person(org: Org, key: str, name: str, email: str) -> None:
    if key not in org.users:
        first, _space, last = name.rpartition(" ")
        me = org.users[org.me]
        org.users[key] = User(key, name, first, last, email or f"{key}@adopted.example", me.profile, me.role, key)


def _take_record(org: Org, module: str, key: str, name: str) -> None:
    # A contract is never made up: the rehearsal is about what a restore can bring back by itself.
    if module == org.contract_module or module not in org.tables or key in org.tables[module].rows:
        return
    cells = {org.modules[module].display: name, "Owner": org.me, "Created_Time": org.now(), "Modified_Time": org.now()}
    org.tables[module].put(Record(key, module, cells))
