"""Rows of a written record: subforms, multi-select lookups, file fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge_zoho.emulator.answers import Json, envelope
from crm_bridge_zoho.emulator.state.intake import take
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import ROW_TYPES, Field, Module
from crm_bridge_zoho.emulator.state.store import Record


def check_rows(org: Org, module: Module, row: Mapping[str, Any], at: str) -> list[Json]:
    """Return what is wrong with the rows, before anything is stored."""
    errors: list[Json] = []
    for name, field in _row_fields(module):
        value = row.get(name)
        if value is None:
            continue
        path = f"{at}.{name}"
        if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
            details = {"expected_data_type": "jsonarray", "api_name": name, "json_path": path}
            errors.append(envelope("INVALID_DATA", "invalid data", details))
            continue
        for number, each in enumerate(value):
            errors += _check_row(org, field, each, f"{path}[{number}]")
    return errors


def take_rows(org: Org, record: Record, row: Mapping[str, Any]) -> None:
    """Add, change or remove rows as a checked write says; rows that are not named stay."""
    module = org.modules[record.module]
    for name, field in _row_fields(module):
        for each in row.get(name) or []:
            if field.data_type == "fileupload":
                _take_file(org, record, field, each)
            else:
                _take_row(org, record, module, field, each)


def _row_fields(module: Module) -> list[tuple[str, Field]]:
    kinds = ROW_TYPES | {"fileupload"}
    return [(name, field) for name, field in module.fields.items() if field.data_type in kinds]


def _check_row(org: Org, field: Field, row: Mapping[str, Any], path: str) -> list[Json]:
    if "_delete" in row:
        return []
    if field.data_type == "fileupload":
        if "id" in row or str(row.get("File_Id__s")) in org.blobs:
            return []
        return [envelope("INVALID_DATA", "invalid data", {"api_name": "File_Id__s", "json_path": f"{path}.File_Id__s"})]
    return take(org, _row_module(org, field), row, path)[1]


def _row_module(org: Org, field: Field) -> Module:
    return org.modules[field.target if field.data_type == "subform" else field.link_module]


def _take_row(org: Org, record: Record, module: Module, field: Field, row: Mapping[str, Any]) -> None:
    rows = _row_module(org, field)
    table = org.tables[rows.api_name]
    known = table.get(str(row.get("id", "")))
    if "_delete" in row:
        if known:
            table.drop(known.id)
        return
    cells, _errors = take(org, rows, row, "")
    if known:
        table.change(known, cells)
        return
    link = "Parent_Id"
    if field.data_type != "subform":
        link = next(name for name, entry in rows.fields.items() if entry.target == module.api_name)
    kept = {name: value for name, value in cells.items() if value is not None}
    table.put(Record(org.new_id(), rows.api_name, {**kept, link: record.id}))


def _take_file(org: Org, record: Record, field: Field, row: Mapping[str, Any]) -> None:
    files = list(record.cells.get(field.api_name, ()))
    if "_delete" in row:
        files = [each for each in files if each["id"] != row.get("id")]
    elif "id" not in row:
        key = str(row["File_Id__s"])
        blob = org.blobs[key]
        files.append(
            {
                "id": org.new_id(), "File_Id__s": key, "File_Name__s": blob.name, "Size__s": str(len(blob.content)),
                "Created_Time__s": org.now(), "Owner__s": org.me, "Attachment_Id__s": org.new_id(),
            }
        )  # fmt: skip
    record.cells[field.api_name] = files
