"""Becoming like another org: its contract module, the people and records that snapshots refer to.

Nothing of the stand-in's own contract module stays, so that no field of it can be required, refused or taken for the
org's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.spi.adapter import FieldInfo, Profile
from crm_bridge_zoho.emulator.call import is_id
from crm_bridge_zoho.emulator.seed.seed_modules import system_fields
from crm_bridge_zoho.emulator.state.intake import UNWRITTEN, fits
from crm_bridge_zoho.emulator.state.org import BASE, Org, User
from crm_bridge_zoho.emulator.state.schema import PEOPLE_TYPES, Field, Module, RelatedList
from crm_bridge_zoho.emulator.state.store import Record

LONGEST = 100_000
_FIRST_ID = BASE + 690_000
_CUSTOM = "custom"
# Rows that link two records, and images: a restore cannot write the first without the module between, nor the second.
_NOT_TAKEN = frozenset({"multiselectlookup", "multiuserlookup", "imageupload", "profileimage"})


def adopt(org: Org, profile: Profile, snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Take over what can be taken over; return the names of what cannot."""
    rows = [row for snapshot in snapshots for row in _rows(snapshot)]
    taken = [one for one in profile.fields if one.writable and one.type not in _NOT_TAKEN]
    _clear(org, profile.module)
    module = _module(org, profile.module, profile.module_label, [_field(one) for one in taken])
    for field in module.fields.values():
        if field.data_type == "subform":
            _take_subform(org, module, field, rows)
        elif field.data_type == "lookup" and field.target not in org.modules:
            _module(org, field.target, field.target, [])
    for row in rows:
        _take_references(org, module, row)
    return tuple(_loosen(org, module, rows))


def _clear(org: Org, name: str) -> None:
    """Forget the stand-in's contract module, what hangs on it, and a standard module of the live one's name."""
    old = {org.contract_module, name}
    around = {
        one.api_name
        for one in org.modules.values()
        if any(field.target in old for field in one.fields.values()) or one.generated_type in ("subform", "linking")
    }
    for gone in (old | around) & set(org.modules):
        del org.modules[gone], org.tables[gone]
    org.contract_module = name


def _module(org: Org, name: str, label: str, fields: Iterable[Field], *, kind: str = _CUSTOM) -> Module:
    own = {one.api_name: one for one in fields}
    display = "Name" if "Name" in own or not own else next(iter(own))
    number = len(org.modules)
    module = Module(name, label, label, f"CustomModule{50 + number}", str(_FIRST_ID - number), kind, display)
    system = {one.api_name: one for one in system_fields() if one.api_name not in own}
    first = {} if own else {"Name": Field("Name", "Name")}
    module.add([*first.values(), *own.values(), *system.values()], _FIRST_ID + number * 1_000)
    module.related = [
        RelatedList(one, one, "default", one, "Parent_Id", str(_FIRST_ID + number * 1_000 + 900 + at), at + 1)
        for at, one in enumerate(("Notes", "Attachments"))
    ]
    org.add_module(module)
    return module


def _field(told: FieldInfo) -> Field:
    return Field(
        told.name,
        told.label,
        told.type,
        length=LONGEST,
        target=told.target,
        choices=tuple(value for value, _label in told.options),
        mandatory=told.required,
    )


def _take_subform(org: Org, module: Module, field: Field, rows: Iterable[Mapping[str, Any]]) -> None:
    """Make the module of a subform's rows. No metadata came with it: its columns are those of the rows."""
    inside = [row for one in rows for row in one.get(field.api_name) or [] if isinstance(row, Mapping)]
    columns = dict.fromkeys(name for row in inside for name in row if name != "id" and not name.startswith("$"))
    names = [name for name in columns if name != "Parent_Id"]
    parent = Field("Parent_Id", "Parent", "lookup", target=module.api_name)
    kept = [Field(name, name, loose=True) for name in names]
    target = field.target if field.target and field.target not in org.modules else f"Rows_of_{field.api_name}"
    made = Module(target, target, target, target, str(_FIRST_ID - len(org.modules)), "subform", parent="Parent_Id")
    made.add([parent, *kept], _FIRST_ID + len(org.modules) * 1_000)
    org.add_module(made)
    module.fields[field.api_name] = replace(field, target=target)


def _loosen(org: Org, module: Module, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Keep values as they come where the org has others than this stand-in takes for the type; yield their fields."""
    for name, field in list(module.fields.items()):
        if field.read_only or field.data_type in UNWRITTEN:
            continue
        values = [_as_written(field, row[name]) for row in rows if row.get(name) not in (None, "", [])]
        if not all(fits(org, field, value) for value in values):
            module.fields[name] = replace(field, loose=True)
            yield name


def _as_written(field: Field, value: Any) -> Any:
    joined = field.data_type == "multiselectpicklist" and isinstance(value, str)
    return value.split(";") if joined else value


def _rows(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    """Yield the record and its slices, with the rows of long subforms in their field."""
    yield json.loads(snapshot.record, parse_float=Decimal)
    for part in snapshot.parts:
        if part.kind in (PartKind.EXTRA, PartKind.DETAIL):
            value = json.loads(part.raw, parse_float=Decimal)
            if part.kind is PartKind.DETAIL:
                yield {part.name.rpartition("-")[0] or part.name: value}
            else:
                yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping))


def _take_references(org: Org, module: Module, row: Mapping[str, Any]) -> None:
    """Make every person and record exist that a row of the contract module names."""
    for name, field in module.fields.items():
        value = row.get(name)
        key = str(value.get("id") or "") if isinstance(value, Mapping) else ""
        if not isinstance(value, Mapping) or not is_id(key):
            continue
        if field.data_type in PEOPLE_TYPES:
            _take_person(org, key, str(value.get("name") or key), str(value.get("email") or ""))
        elif field.data_type == "lookup":
            _take_record(org, field.target, key, str(value.get("name") or key))


def _take_person(org: Org, key: str, name: str, email: str) -> None:
    if key not in org.users:
        first, _space, last = name.rpartition(" ")
        me = org.users[org.me]
        org.users[key] = User(key, name, first, last, email or f"{key}@adopted.example", me.profile, me.role, key)


def _take_record(org: Org, module: str, key: str, name: str) -> None:
    if module not in org.tables or key in org.tables[module].rows:
        return
    cells = {org.modules[module].display: name, "Owner": org.me, "Created_Time": org.now(), "Modified_Time": org.now()}
    org.tables[module].put(Record(key, module, cells))
