"""Contracts from a CSV of a real CRM, and values as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm_bridge.i18n import _
from crm_bridge.spi.emulator import LoadedContract, LoadedValue
from crm_bridge.spreadsheets.amounts import read_amounts
from crm_bridge.spreadsheets.dates import read_moments
from crm_bridge_fxiaoke.emulator.seed.seed import API_USER, day_ms, employee, moment_ms, new_row, team_member
from crm_bridge_fxiaoke.emulator.state import tenant
from crm_bridge_fxiaoke.emulator.state.schema import NUMERIC, PERSONS, Field, ObjectSchema
from crm_bridge_fxiaoke.emulator.state.state import Record, World

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


def load(world: World, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> list[str]:
    """Replace the main object's contracts and what hangs on them; return what was taken differently, in words."""
    _clear(world)
    table = world.tables[world.main_object]
    extra = _new_fields(table.schema, extra_columns)
    strange: list[LoadedContract] = []
    for position, contract in enumerate(contracts):
        row = _row(world, table.schema, extra, contract)
        row.setdefault("name", f"CSV-{position + 1:06d}")
        identity = contract.text("id")
        if re.fullmatch(r"[0-9a-f]{24}|[0-9a-f]{32}", identity) and world.find(identity) is None:
            row["_id"] = identity
        elif identity:
            strange.append(contract)
        table.put(row)
    if not strange:
        return []
    return [
        _("{count} ids are none of this CRM and were replaced, the first in line {line}: {id}").format(
            count=len(strange), line=strange[0].line, id=strange[0].text("id")[:40]
        )
    ]


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
        return [_person(world, text) or API_USER]
    if field.type == "select_one":
        return _option(schema, field, text)
    if field.type in ("date", "date_time"):
        return _time(field, text)
    if field.type in NUMERIC:
        (amount,) = read_amounts([text])
        return _plain(amount) if isinstance(amount, Decimal) else None
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


def _new_fields(schema: ObjectSchema, columns: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in columns:
        names[column] = f"field_{len(schema.fields):05d}__c"
        schema.fields[names[column]] = Field(names[column], column.strip(), "text", origin="custom")
    return names


def _row(world: World, schema: ObjectSchema, extra: Mapping[str, str], contract: LoadedContract) -> Record:
    row = new_row(world, API_USER, world.now_ms())
    for meaning, value in contract.values.items():
        if meaning != "id":
            name = tenant.custom_name(world.switches, FIELDS[meaning])
            row[name] = _stored(world, schema, name, value)
    row |= {extra[column]: text.strip() for column, text in contract.extra.items()}
    row["relevant_team"] = [team_member(row["owner"][0], "1", "2")]
    return row


def _stored(world: World, schema: ObjectSchema, name: str, value: LoadedValue) -> Any:
    if isinstance(value, str) and schema.fields[name].type in PERSONS and _person(world, value) is None:
        new = employee(len(world.employees), value)
        world.employees[new.id] = new
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, datetime):
        return moment_ms(value)
    return day_ms(value) if isinstance(value, date) else value_for(world, schema, name, value)


def _person(world: World, text: str) -> str | None:
    people = world.employees.values()
    return next((p.id for p in people if text in (p.id, p.open_id, p.name, p.mobile)), None)


def _option(schema: ObjectSchema, field: Field, text: str) -> str:
    for value, label in field.options:
        if text in (value, label):
            return value
    value = f"opt{len(field.options):06d}"
    grown = Field(field.name, field.label, field.type, (*field.options, (value, text)), origin=field.origin)
    schema.fields[field.name] = grown
    return value


def _time(field: Field, text: str) -> int | None:
    (moment,) = read_moments([text])
    if isinstance(moment, datetime):
        return moment_ms(moment) if field.type == "date_time" else day_ms(moment.date())
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
