"""Values of a written record: checked by type and turned into stored form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from crm_bridge_zoho.emulator.answers import ApiError, Json, envelope, invalid_data
from crm_bridge_zoho.emulator.call import is_id
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import PEOPLE_TYPES, ROW_TYPES, Field, Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.times import instant, is_date
from crm_bridge_zoho.emulator.state.values import person

UNWRITTEN = ROW_TYPES | {"fileupload", "formula", "autonumber"}
"""Types that are not plain cells: rows and files are taken in after the record exists."""

_EXPECTED = {
    "integer": "integer", "bigint": "bigint", "double": "double", "currency": "double", "percent": "double",
    "boolean": "boolean", "lookup": "jsonobject", "date": "date", "datetime": "datetime",
    "multiselectpicklist": "jsonarray",
}  # fmt: skip


def take(org: Org, module: Module, row: Mapping[str, Any], at: str) -> tuple[dict[str, Any], list[Json]]:
    """Return the cells of a written record and what is wrong with it; `at` is its JSON path."""
    cells: dict[str, Any] = {}
    errors: list[Json] = []
    for name, value in row.items():
        field = module.fields.get(name)
        if field is None or field.read_only or field.data_type in UNWRITTEN:
            continue  # the real service ignores what cannot be set
        try:
            cells[name] = None if value is None else _value(org, field, value, f"{at}.{name}")
        except ApiError as wrong:
            errors.append(wrong.envelope())
    return cells, errors


def missing_fields(module: Module, row: Mapping[str, Any], at: str, *, update: bool) -> list[Json]:
    """Return an error for every mandatory field that is empty (on update: that is being emptied)."""
    empty = [
        name
        for name, field in module.fields.items()
        if field.mandatory and row.get(name) in (None, "") and (not update or name in row)
    ]
    text = "required field not found"
    return [envelope("MANDATORY_NOT_FOUND", text, {"api_name": n, "json_path": f"{at}.{n}"}) for n in empty]


def duplicates(org: Org, module: Module, cells: Mapping[str, Any], at: str, own_id: str = "") -> list[Json]:
    """Return an error for every unique value that another record has."""
    errors = []
    for name, field in module.fields.items():
        value = cells.get(name)
        held = org.tables[module.api_name].holder(name, value) if field.unique and value not in (None, "") else None
        if held is not None and held.id != own_id:
            errors.append(envelope("DUPLICATE_DATA", "duplicate data", _duplicate(org, module, held, name, at)))
    return errors


def combined(errors: list[Json]) -> Json:
    """Return the one error, or all of them as one."""
    if len(errors) == 1:
        return errors[0]
    return envelope("MULTIPLE_OR_MULTI_ERRORS", "multiple errors occurred", {"errors": errors})


def _duplicate(org: Org, module: Module, held: Record, name: str, at: str) -> Json:
    owner = person(org, held.cells.get("Owner", ""), email=False)
    found = {"id": held.id, "Owner": owner, "module": {"api_name": module.api_name, "id": module.id}}
    path = {"api_name": name, "json_path": f"{at}.{name}", "id": held.id}
    return {**path, "duplicate_record": found, "more_records": False}


def fits(org: Org, field: Field, value: Any) -> bool:
    """Return whether a value is one that a write of this field takes."""
    try:
        _value(org, field, value, "")
    except ApiError:
        return False
    return True


def _value(org: Org, field: Field, value: Any, path: str) -> Any:
    if field.loose:
        return value
    kind = field.data_type
    if kind == "lookup" or kind in PEOPLE_TYPES:
        return _reference(org, field, value, path)
    reader: Callable[[Any], Any] = _READERS.get(kind, _text)
    found = reader(value)
    if field.closed and not set(found if isinstance(found, list) else [found]) <= set(field.choices):
        found = None
    if isinstance(found, str) and org.switches.trim_texts:
        found = found.strip()
    if found is None:
        expected = _EXPECTED.get(kind, "text")
        raise invalid_data({"expected_data_type": expected, "api_name": field.api_name, "json_path": path})
    if isinstance(found, str) and reader is _text and len(found) > field.length:
        raise invalid_data({"maximum_length": field.length, "api_name": field.api_name, "json_path": path})
    return found


def _reference(org: Org, field: Field, value: Any, path: str) -> str:
    details = {"expected_data_type": "jsonobject", "api_name": field.api_name, "json_path": path}
    key = value.get("id") if isinstance(value, Mapping) else value
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise invalid_data(details)
    text = str(key)
    people = field.data_type in PEOPLE_TYPES
    if people and text in org.inactive:
        raise invalid_data({"api_name": field.api_name, "json_path": path}, "the user is inactive")
    known = text in org.users if people else (field.target in org.tables and text in org.tables[field.target].rows)
    if not is_id(text) or not known:
        details = {"api_name": field.api_name, "json_path": f"{path}.id", "id": text}
        raise invalid_data(details, "the id given seems to be invalid")
    return text


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _bigint(value: Any) -> int | None:
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return _integer(value)


def _decimal(value: Any) -> Decimal | None:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(value) if number else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any) -> str | None:
    return value if isinstance(value, str) and is_date(value) else None


def _datetime(value: Any) -> int | None:
    return instant(value) if isinstance(value, str) else None


def _choices(value: Any) -> list[str] | None:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return list(value) if fits else None


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "integer": _integer, "bigint": _bigint, "double": _decimal, "currency": _decimal, "percent": _decimal,
    "boolean": _boolean, "date": _date, "datetime": _datetime, "multiselectpicklist": _choices,
}  # fmt: skip
