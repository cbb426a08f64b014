"""Notes: written under their record or on their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge.spi.emulator import Effect, WireResponse
from crm_bridge_zoho.emulator.answers import (
    EMPTY,
    Json,
    envelope,
    invalid_data,
    invalid_id,
    items,
    ok,
    success,
)
from crm_bridge_zoho.emulator.api.deletion import delete_many
from crm_bridge_zoho.emulator.api.reading import list_records, related_records
from crm_bridge_zoho.emulator.api.writing import change, new_record, read_rows, update_many, written
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.control.lifecycle import trash
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.intake import combined, missing_fields, take
from crm_bridge_zoho.emulator.state.rendering import whole
from crm_bridge_zoho.emulator.state.store import Record


def add_to_record(call: Call) -> WireResponse:
    """POST /{module}/{id}/Notes."""
    if not any(each.api_name == "Notes" for each in call.module().related):
        raise invalid_data({"resource_path_index": 2}, "the relation name given seems to be invalid")
    parent = call.record()
    if parent is None:
        raise invalid_id()
    rows, _fires = read_rows(call)
    return _answer(call, [_add(call, row, n, parent) for n, row in enumerate(rows)], 201)


def add(call: Call) -> WireResponse:
    """POST /Notes: every row names its parent."""
    rows, _fires = read_rows(call)
    return _answer(call, [_add(call, row, n, _parent(call, row)) for n, row in enumerate(rows)], 201)


def get_one(call: Call) -> WireResponse:
    """GET /{module}/{id}/Notes/{nid}."""
    found = _note(call)
    return ok({"data": [whole(call.org, found)]}) if found else EMPTY


def update_one(call: Call) -> WireResponse:
    """PUT /{module}/{id}/Notes/{nid}."""
    found = _note(call)
    if found is None:
        raise invalid_id(3)
    rows, _fires = read_rows(call)
    return _answer(call, [change(call, call.org.modules["Notes"], found, rows[0], "$.data[0]", fires=False)])


def delete_one(call: Call) -> WireResponse:
    """DELETE /{module}/{id}/Notes/{nid}: into the bin."""
    found = _note(call)
    if found is None:
        raise invalid_data({"resource_path_index": 3}, "record not deleted")
    call.effects += trash(call.org, found, call.me, "crm_api")
    return ok({"data": [success("record deleted", {"id": found.id})]})


def _add(call: Call, row: Mapping[str, Any], number: int, parent: Record | None) -> Json:
    org, at = call.org, f"$.data[{number}]"
    module = org.modules["Notes"]
    cells, errors = take(org, module, row, at)
    errors += missing_fields(module, row, at, update=False)
    if parent is None:
        details = {"api_name": "Parent_Id", "json_path": f"{at}.Parent_Id"}
        errors.append(
            envelope("INVALID_DATA", "the id given seems to be invalid", details)
            if "Parent_Id" in row
            else envelope("EXPECTED_FIELD_MISSING", "expected field missing", {"expected_fields": [details]})
        )
    if errors or parent is None:
        return combined(errors)
    note = new_record(org, module, {**cells, "Parent_Id": parent.id, "$se_module": parent.module})
    parent.cells["Last_Activity_Time"] = org.now()
    call.effects.append(Effect("created", "Notes", note.id, call.me))
    return success("record added", written(org, note))


def _parent(call: Call, row: Mapping[str, Any]) -> Record | None:
    given = row.get("Parent_Id")
    key = given.get("id") if isinstance(given, Mapping) else given
    found = call.org.find(str(key)) if key else None
    named = given.get("module") if isinstance(given, Mapping) else row.get("se_module")
    module = named.get("api_name") if isinstance(named, Mapping) else named
    return found if found and (module is None or call.org.module(module) is call.org.modules[found.module]) else None


def _note(call: Call) -> Record | None:
    parent = call.record()
    found = call.org.tables["Notes"].get(call.path["nid"])
    return found if found and parent and found.cells["Parent_Id"] == parent.id else None


def _answer(call: Call, results: list[Json], done: int = 200) -> WireResponse:
    switches = call.switches
    return items("data", results, mixed=switches.mixed_status, failed=switches.all_failed_status, done=done)


def _scopes(operation: str) -> tuple[str, ...]:
    return ("ZohoCRM.modules.{module}.READ", f"ZohoCRM.modules.notes.{operation}")


_AT = "/crm/{v}/{module}/{id}/{notes_list}"
ROUTES = (
    Route("GET", f"{_AT}/{{nid}}", get_one, _scopes("READ")),
    Route("PUT", f"{_AT}/{{nid}}", update_one, _scopes("UPDATE")),
    Route("DELETE", f"{_AT}/{{nid}}", delete_one, _scopes("DELETE")),
)
LIST_ROUTES = (
    Route("GET", _AT, related_records, _scopes("READ")),
    Route("POST", _AT, add_to_record, _scopes("CREATE")),
)
_ALL = "/crm/{v}/{notes}"
ALL_NOTES = (
    Route("GET", _ALL, list_records, ("ZohoCRM.modules.notes.READ",)),
    Route("POST", _ALL, add, ("ZohoCRM.modules.notes.CREATE",)),
    Route("PUT", _ALL, update_many, ("ZohoCRM.modules.notes.UPDATE",)),
    Route("DELETE", _ALL, delete_many, ("ZohoCRM.modules.notes.DELETE",)),
)
