"""Stored values and the JSON that Zoho shows for them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from crm_bridge_zoho.emulator.answers import Json
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import NUMBERS, PEOPLE_TYPES, Field, Module
from crm_bridge_zoho.emulator.state.store import Record

LIST_TEXT = 500
"""Rich text is cut to so many characters in list reads."""


def stored(record: Record, field: Field) -> Any:
    """Return the value in stored form; formulas are computed."""
    if field.data_type == "formula":
        return _term(record)
    if field.api_name == "id":
        return record.id
    value = record.cells.get(field.api_name)
    if value is None and field.data_type == "boolean" and not field.loose:
        return False
    if value is None and field.api_name == "Record_Status__s":
        return "Available"
    return value


def shown(org: Org, record: Record, field: Field, *, cut: bool = False) -> Any:
    """Return the value as JSON; `cut` shortens rich text as list reads do."""
    value = stored(record, field)
    if field.loose:
        return _as_it_came(value)
    if field.data_type == "boolean":
        return bool(value)
    if value is None:
        return [] if field.api_name == "Tag" else None
    if field.data_type == "lookup":
        return reference(org, field.target, value)
    if field.data_type in PEOPLE_TYPES:
        return person(org, value)
    if field.data_type == "datetime":
        return org.stamp(value)
    if field.data_type == "bigint":
        return str(value)
    if field.data_type == "fileupload":
        return [_file_row(org, row) for row in value]
    if field.holds in NUMBERS:
        return number(value)
    if cut and field.rich:
        return value[:LIST_TEXT]
    return value


def number(value: Any) -> int | float:
    """Return a JSON number; amounts of up to 15 digits survive it."""
    return float(value) if isinstance(value, Decimal) else int(value)


def _as_it_came(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_it_came(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_it_came(one) for one in value]
    return number(value) if isinstance(value, Decimal) else value


def reference(org: Org, module: str, record_id: str) -> Json | None:
    """Return `{name, id}` of a live record; None while it is in the bin or gone."""
    target = org.tables[module].get(record_id) if module in org.tables else None
    return {"name": org.display(target), "id": target.id} if target else None


def person(org: Org, user: str, *, email: bool = True) -> Json | None:
    """Return a user as records show one."""
    found = org.users.get(user)
    if found is None:
        return None
    shown_as: Json = {"name": found.full_name, "id": found.id}
    return shown_as | {"email": found.email} if email else shown_as


def rows_of(org: Org, record: Record, field: Field, limit: int = 200) -> tuple[list[Json], bool]:
    """Return subform or link rows of a record, and whether there are more than `limit`."""
    if field.data_type == "subform":
        module, link = org.modules[field.target], "Parent_Id"
    else:
        module = org.modules[field.link_module]
        link = next(name for name in module.lookups() if module.fields[name].target == record.module)
    found = org.tables[module.api_name].linked(link, record.id)
    rows = [_row(org, row, module, link) for row in found[:limit]]
    return rows, len(found) > limit


def _row(org: Org, row: Record, module: Module, link: str) -> Json:
    shown_row: Json = {"id": row.id}
    if link == "Parent_Id":
        shown_row["Parent_Id"] = reference(org, module.fields[link].target, row.cells[link])
    for name, field in module.fields.items():
        if name != link:
            shown_row[name] = shown(org, row, field)
    return shown_row


def _file_row(org: Org, row: Json) -> Json:
    return {**row, "Created_Time__s": org.stamp(row["Created_Time__s"]), "Owner__s": person(org, row["Owner__s"])}


def _term(record: Record) -> Decimal | None:
    start, end = record.cells.get("Start_Date"), record.cells.get("End_Date")
    try:
        return Decimal((date.fromisoformat(end) - date.fromisoformat(start)).days) if start and end else None
    except (TypeError, ValueError):
        return None  # an org whose columns of these names hold no days
