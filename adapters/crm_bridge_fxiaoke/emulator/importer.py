"""Contracts from a CSV of a real CRM, and values as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_bridge.sandbox.rows import map_header, read_amount, read_date, read_moment

from . import tenant
from .schema import NUMERIC, PERSONS, Field, ObjectSchema
from .seed import API_USER, day_ms, moment_ms, new_row, team_member
from .state import Record, World

FIELDS: Mapping[str, str] = {
    "number": "name",
    "title": "title__c",
    "customer": "account_id",
    "status": "status__c",
    "amount": "amount__c",
    "currency": "mc_currency",
    "start": "start_date__c",
    "end": "end_date__c",
    "owner": "owner",
    "created": "create_time",
    "modified": "last_modified_time",
}
"""Meaning of a column -> field of a contract."""


def load(world: World, header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> int:
    """Replace the main object's contracts and what hangs on them by `rows`; return how many there are."""
    _clear(world)
    table = world.tables[world.main_object]
    meanings = map_header(header)
    fields = _columns(world, table.schema, header, meanings)
    for position, cells in enumerate(rows):
        row = _row(world, table.schema, fields, cells)
        row.setdefault("name", f"CSV-{position + 1:06d}")
        identity = next((cells[column].strip() for column, meaning in meanings.items() if meaning == "id"), "")
        if re.fullmatch(r"[0-9a-f]{24}|[0-9a-f]{32}", identity) and world.find(identity) is None:
            row["_id"] = identity
        table.put(row)
    return len(rows)


def field_for(world: World, schema: ObjectSchema, name: str) -> str:
    """Return the field that an api name, a label or a meaning stands for. ValueError where there is none."""
    meant = tenant.custom_name(world.switches, FIELDS.get(name, name))
    if meant in schema.fields:
        return meant
    labelled = [field.name for field in schema.fields.values() if field.label == name]
    if not labelled:
        raise ValueError(f"{schema.name}: {name}?")
    return labelled[0]


def value_for(world: World, schema: ObjectSchema, name: str, value: Any) -> Any:
    """Return a value as the record keeps it: labels become options, names become ids, dates milliseconds."""
    field = schema.fields[name]
    if value is None or not isinstance(value, str):
        return str(value) if field.type == "currency" and value is not None else value
    text = value.strip()
    if not text:
        return None
    if field.type in PERSONS:
        return [_person(world, text)]
    if field.type == "select_one":
        return _option(schema, field, text)
    if field.type in ("date", "date_time"):
        return _time(field, text)
    if field.type in NUMERIC:
        amount = read_amount(text)
        return None if amount is None else _plain(amount)
    if field.target == "AccountObj":
        return _account(world, text)
    return text


def _clear(world: World) -> None:
    for table in world.tables.values():
        links = [field.name for field in table.schema.references() if field.target == world.main_object]
        if table.schema.name == world.main_object or links:
            for key in list(table.ids):
                table.remove(key)
                world.voided.pop(key, None)


def _columns(world: World, schema: ObjectSchema, header: Sequence[str], meanings: Mapping[str, str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for column in header:
        meaning = meanings.get(column)
        if meaning == "id" or not column.strip():
            continue
        if meaning:
            fields[column] = tenant.custom_name(world.switches, FIELDS[meaning])
            continue
        name = f"field_{len(schema.fields):05d}__c"
        schema.fields[name] = Field(name, column.strip(), "text", origin="custom")
        fields[column] = name
    return fields


def _row(world: World, schema: ObjectSchema, fields: Mapping[str, str], cells: Mapping[str, str]) -> Record:
    row = new_row(world, API_USER, world.now_ms())
    for column, name in fields.items():
        value = value_for(world, schema, name, cells.get(column, ""))
        if value is not None:
            row[name] = value
    row["relevant_team"] = [team_member(row["owner"][0], "1", "2")]
    return row


def _person(world: World, text: str) -> str:
    people = world.employees.values()
    return next((p.id for p in people if text in (p.id, p.open_id, p.name, p.mobile)), API_USER)


def _option(schema: ObjectSchema, field: Field, text: str) -> str:
    for value, label in field.options:
        if text in (value, label):
            return value
    value = f"opt{len(field.options):06d}"
    grown = Field(field.name, field.label, field.type, (*field.options, (value, text)), origin=field.origin)
    schema.fields[field.name] = grown
    return value


def _time(field: Field, text: str) -> int | None:
    if field.type == "date_time" and (moment := read_moment(text)):
        return moment_ms(moment)
    day = read_date(text)
    if day is not None:
        return day_ms(day)
    return int(text) if text.isdigit() else None


def _account(world: World, text: str) -> str:
    table = world.tables["AccountObj"]
    if text in table.rows:
        return text
    known = table.having("name", [text])
    if known:
        return known[0]
    row = new_row(world, API_USER, world.now_ms(), name=text)
    table.put(row)
    return str(row["_id"])


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"
