"""Contracts from a CSV: known columns fill the fields of the seed, unknown ones become text fields."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_bridge.i18n import _
from crm_bridge.spi.emulator import LoadedContract
from crm_bridge_zoho.capabilities import EXPORTED_ID_PREFIX
from crm_bridge_zoho.emulator.call import is_id
from crm_bridge_zoho.emulator.seed.seed_people import add_user, user_id
from crm_bridge_zoho.emulator.seed.seed_records import add_account
from crm_bridge_zoho.emulator.state.org import BASE, Org
from crm_bridge_zoho.emulator.state.schema import Field, Module
from crm_bridge_zoho.emulator.state.store import Record, Table

_TEXTS = {"number": "Contract_Number", "title": "Name", "currency": "Currency"}
_DATES = {"start": "Start_Date", "end": "End_Date"}
_TIMES = {"created": "Created_Time", "modified": "Modified_Time"}


def load_contracts(org: Org, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> list[str]:
    """Replace the contracts and everything that belongs to them; return what was taken differently, in words."""
    module = org.modules[org.contract_module]
    extra = _new_fields(module, extra_columns)
    remarks = _relax_numbers(module, contracts)
    _clear(org)
    accounts = {org.display(row) or "": row.id for row in org.tables["Accounts"].rows.values()}
    strange: list[LoadedContract] = []
    for index, contract in enumerate(contracts):
        cells = _cells(org, module, contract, accounts)
        cells |= {extra[column]: text for column, text in contract.extra.items()}
        wanted = contract.text("id").removeprefix(EXPORTED_ID_PREFIX)
        if wanted and not is_id(wanted):
            strange.append(contract)
        record_id = wanted if is_id(wanted) else str(BASE + 3_700_001 + index * 20)
        cells.setdefault("Name", cells.get("Contract_Number") or record_id)
        org.tables[module.api_name].put(Record(record_id, module.api_name, cells))
    if strange:
        remarks.append(
            _("{count} ids are none of Zoho and were replaced, the first in line {line}: {id}").format(
                count=len(strange), line=strange[0].line, id=strange[0].text("id")[:40]
            )
        )
    return remarks


def _relax_numbers(module: Module, contracts: Sequence[LoadedContract]) -> list[str]:
    """Let numbers come twice where the file has them twice: an org that holds it cannot demand unique ones."""
    numbers = Counter(number.casefold() for contract in contracts if (number := contract.text("number")))
    doubled = [number for number, count in numbers.items() if count > 1]
    if not doubled:
        return []
    module.fields[_TEXTS["number"]] = replace(module.fields[_TEXTS["number"]], unique=False)
    lines = ", ".join(str(one.line) for one in contracts if one.text("number").casefold() == doubled[0])
    return [
        _(
            "{count} numbers come more than once, so numbers are not unique here; the first: {number} in lines {lines}"
        ).format(count=len(doubled), number=doubled[0], lines=lines)
    ]


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


def _cells(org: Org, module: Module, contract: LoadedContract, accounts: dict[str, str]) -> dict[str, Any]:
    now = org.now()
    owner = _owner(org, contract.text("owner"))
    cells: dict[str, Any] = {"Owner": owner, "Created_By": owner, "Modified_By": owner}
    cells |= {"Created_Time": now, "Modified_Time": now}
    cells |= {field: text for meaning, field in _TEXTS.items() if (text := contract.text(meaning))}
    for meaning, field in _DATES.items():
        if day := contract.values.get(meaning):
            cells[field] = str(day)
    for meaning, field in _TIMES.items():
        if isinstance(moment := contract.values.get(meaning), datetime):
            cells[field] = int(moment.timestamp())
    if (amount := contract.values.get("amount")) is not None:
        cells["Contract_Value"] = amount
    for meaning, field in (("status", "Contract_Status"), ("currency", "Currency")):
        if value := contract.text(meaning):
            cells[field] = value
            _widen(module, field, value)
    if name := contract.text("customer"):
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
    return add_user(org, name) if name else user_id(0)
