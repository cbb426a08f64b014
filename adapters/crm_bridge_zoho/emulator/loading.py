"""Contracts from a CSV: known columns fill the fields of the seed, unknown ones become text fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm_bridge.sandbox.rows import map_header, read_amount, read_date, read_moment
from crm_bridge_zoho.emulator.call import is_id
from crm_bridge_zoho.emulator.org import BASE, Org
from crm_bridge_zoho.emulator.schema import Field, Module
from crm_bridge_zoho.emulator.seed_people import user_id
from crm_bridge_zoho.emulator.seed_records import add_account
from crm_bridge_zoho.emulator.store import Record, Table

_TEXTS = {"number": "Contract_Number", "title": "Name", "currency": "Currency"}
_DATES = {"start": "Start_Date", "end": "End_Date"}
_TIMES = {"created": "Created_Time", "modified": "Modified_Time"}


def load_contracts(org: Org, header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> int:
    """Replace the contracts and everything that belongs to them; return how many there are now."""
    meanings = map_header(header)
    module = org.modules[org.contract_module]
    extra = _new_fields(module, [column for column in header if column and column not in meanings])
    _clear(org)
    accounts = {org.display(row) or "": row.id for row in org.tables["Accounts"].rows.values()}
    taken: set[str] = set()
    for index, row in enumerate(rows):
        by_meaning = {meaning: row.get(column, "").strip() for column, meaning in meanings.items()}
        cells = _cells(org, module, by_meaning, accounts)
        cells |= {name: row[column].strip() for column, name in extra.items() if row.get(column, "").strip()}
        wanted = by_meaning.get("id", "")
        record_id = wanted if is_id(wanted) and wanted not in taken else str(BASE + 3_700_001 + index * 20)
        taken.add(record_id)
        cells.setdefault("Name", cells.get("Contract_Number") or record_id)
        org.tables[module.api_name].put(Record(record_id, module.api_name, cells))
    return len(rows)


def slug(text: str, taken: Mapping[str, Any]) -> str:
    """Return a Latin API name for a label; Chinese labels without any Latin letter become `Field_n`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    if not name or not name[0].isalpha():
        name = f"Field_{name}".rstrip("_")
    candidate, number = name, 0
    while candidate in taken or candidate.lower() == "id":
        number += 1
        candidate = f"{name}_{number}" if name == "Field" else f"{name}{number}"
    return candidate


def _new_fields(module: Module, columns: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in columns:
        name = slug(column, module.fields)
        module.add([Field(name, column, length=2_000)], int(module.id) + 20_000_000 + len(module.fields))
        names[column] = name
    return names


def _clear(org: Org) -> None:
    """Drop the seeded contracts and whatever points to them."""
    contracts = org.contract_module
    for name, module in org.modules.items():
        points = [
            field for field in module.fields.values() if field.target == contracts and field.data_type == "lookup"
        ]
        if name == contracts or points or module.parent:
            org.tables[name] = Table((*module.lookups(), *([module.parent] if module.parent else [])))
    org.bin.clear()
    org.tombstones.clear()
    org.events.clear()


def _cells(org: Org, module: Module, row: Mapping[str, str], accounts: dict[str, str]) -> dict[str, Any]:
    now = org.now()
    owner = _owner(org, row.get("owner", ""))
    cells: dict[str, Any] = {"Owner": owner, "Created_By": owner, "Modified_By": owner}
    cells |= {"Created_Time": now, "Modified_Time": now}
    cells |= {field: row[meaning] for meaning, field in _TEXTS.items() if row.get(meaning)}
    for meaning, field in _DATES.items():
        if day := read_date(row.get(meaning, "")):
            cells[field] = day.isoformat()
    for meaning, field in _TIMES.items():
        if moment := read_moment(row.get(meaning, "")):
            cells[field] = int(moment.timestamp())
    if (amount := read_amount(row.get("amount", ""))) is not None:
        cells["Contract_Value"] = amount
    for meaning, field in (("status", "Contract_Status"), ("currency", "Currency")):
        if value := row.get(meaning):
            cells[field] = value
            _widen(module, field, value)
    if name := row.get("customer"):
        cells["Account"] = _account(org, name, accounts)
    return cells


def _widen(module: Module, name: str, choice: str) -> None:
    field = module.fields[name]
    if choice not in field.choices:
        module.fields[name] = replace(field, choices=(*field.choices, choice))


def _account(org: Org, name: str, accounts: dict[str, str]) -> str:
    if name not in accounts:
        accounts[name] = org.new_id()
        add_account(org, accounts[name], name, org.moment())
    return accounts[name]


def _owner(org: Org, name: str) -> str:
    for user in org.users.values():
        if name in (user.full_name, user.email, user.id):
            return user.id
    return user_id(0)
