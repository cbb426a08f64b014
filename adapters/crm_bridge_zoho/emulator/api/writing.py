"""Writing records: insert, update, upsert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge.spi.emulator import Effect, WireResponse
from crm_bridge_zoho.emulator.answers import (
    ApiError,
    Json,
    envelope,
    field_missing,
    invalid_data,
    invalid_id,
    items,
    no_permission,
    success,
)
from crm_bridge_zoho.emulator.api.deletion import obstacle
from crm_bridge_zoho.emulator.call import Call, is_id
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.intake import combined, duplicates, missing_fields, take
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.rendering import author
from crm_bridge_zoho.emulator.state.row_intake import check_rows, take_rows
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.times import instant

MAX_RECORDS = 100
TRIGGERS = frozenset({"workflow", "approval", "blueprint", "pathfinder", "orchestration"})


def insert(call: Call) -> WireResponse:
    """POST /{module}."""
    module = call.module()
    _need_right(call, module, "Create")
    rows, fires = read_rows(call)
    results = [create(call, module, row, f"$.data[{n}]", fires=fires) for n, row in enumerate(rows)]
    return _answer(call, results, 201)


def update_one(call: Call) -> WireResponse:
    """PUT /{module}/{id}, also with X-EXTERNAL."""
    module = call.module()
    _need_right(call, module, "Edit")
    rows, fires = read_rows(call)
    record = call.record()
    if record is None:
        raise invalid_id()
    return _answer(call, [change(call, module, record, rows[0], "$.data[0]", fires=fires)])


def update_many(call: Call) -> WireResponse:
    """PUT /{module}: every row names its id."""
    module = call.module()
    _need_right(call, module, "Edit")
    rows, fires = read_rows(call)
    return _answer(call, [_update_row(call, module, row, n, fires=fires) for n, row in enumerate(rows)])


def upsert(call: Call) -> WireResponse:
    """POST /{module}/upsert: an update where a duplicate check field finds a record, else an insert."""
    module = call.module()
    _need_right(call, module, "Create")
    rows, fires = read_rows(call)
    wanted = call.object_body().get("duplicate_check_fields") or [n for n, f in module.fields.items() if f.unique]
    if unknown := [name for name in wanted if name not in module.fields]:
        raise invalid_data({"api_name": "duplicate_check_fields", "value": unknown[0]})
    results = []
    for number, row in enumerate(rows):
        at = f"$.data[{number}]"
        field, held = _duplicate(call.org, module, row, wanted)
        if held is None:
            result, action = create(call, module, row, at, fires=fires), "insert"
        else:
            result, action = change(call, module, held, row, at, fires=fires), "update"
        if result["status"] == "success":
            result |= {"action": action, "duplicate_field": field}
        results.append(result)
    return _answer(call, results)


def read_rows(call: Call) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the rows of `data` and whether workflows run (`trigger` left out: yes)."""
    body = call.object_body()
    rows = body.get("data")
    if rows is None:
        raise field_missing("data", {"expected_data_type": "jsonarray", "json_path": "$.data"})
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise invalid_data({"expected_data_type": "jsonarray", "api_name": "data", "json_path": "$.data"})
    if len(rows) > MAX_RECORDS:
        raise invalid_data({"maximum_length": MAX_RECORDS, "api_name": "data", "json_path": "$.data"})
    trigger = body.get("trigger")
    if trigger is not None and (not isinstance(trigger, list) or not TRIGGERS.issuperset(map(str, trigger))):
        raise invalid_data({"expected_data_type": "jsonarray", "api_name": "trigger", "json_path": "$.trigger"})
    call.credits = -(-len(rows) // 10)
    return rows, trigger is None or "workflow" in trigger


def create(call: Call, module: Module, row: Mapping[str, Any], at: str, *, fires: bool) -> Json:
    """Create one record and return its result."""
    org = call.org
    cells, errors = take(org, module, row, at)
    errors += check_rows(org, module, row, at) + missing_fields(module, row, at, update=False)
    errors += duplicates(org, module, cells, at)
    if errors:
        return combined(errors)
    record = new_record(org, module, cells)
    take_rows(org, record, row)
    org.log(record.id, "added", "crm_api", call.me)
    call.effects.append(Effect("created", module.api_name, record.id, call.me))
    if fires:
        call.effects.append(Effect("workflow", module.api_name, record.id, call.me))
    return success("record added", written(org, record) | {"$approval_state": "approved"})


def new_record(org: Org, module: Module, cells: Mapping[str, Any]) -> Record:
    """Store a record with its system cells: new id, now, the current user, the next auto-number."""
    now = org.now()
    system = {"Owner": org.me, "Created_By": org.me, "Modified_By": org.me, "Created_Time": now, "Modified_Time": now}
    known = {name: value for name, value in system.items() if name in module.fields}
    defaults: dict[str, Any] = {
        name: field.default for name, field in module.fields.items() if field.default is not None
    }
    kept = defaults | {name: value for name, value in cells.items() if value is not None}
    record = Record(org.new_id(), module.api_name, known | kept)
    for name, field in module.fields.items():
        if field.data_type == "autonumber":
            org.serials[module.api_name] = org.serials.get(module.api_name, 0) + 1
            record.cells[name] = f"{field.prefix}{org.serials[module.api_name]:05d}"
    if "Full_Name" in module.fields:
        record.cells["Full_Name"] = " ".join(filter(None, (kept.get("First_Name"), kept.get("Last_Name"))))
    org.remember(module.api_name, record.id, None)
    org.tables[module.api_name].put(record)
    return record


def change(call: Call, module: Module, record: Record, row: Mapping[str, Any], at: str, *, fires: bool) -> Json:
    """Update one record and return its result."""
    org = call.org
    if refusal := obstacle(record):
        text = refusal["message"].replace("delete", "update")
        return {**refusal, "message": text}
    if _changed_since(call, record):
        return envelope("ALREADY_MODIFIED", "the record has been modified already", {"id": record.id})
    cells, errors = take(org, module, row, at)
    errors += check_rows(org, module, row, at) + missing_fields(module, row, at, update=True)
    errors += duplicates(org, module, cells, at, record.id)
    if errors:
        return combined(errors)
    org.remember(module.api_name, record.id, record)
    old = tuple((name, record.cells.get(name), value) for name, value in cells.items())
    now = max(org.now(), record.cells.get("Modified_Time", 0))
    org.tables[module.api_name].change(record, cells | {"Modified_Time": now, "Modified_By": call.me})
    take_rows(org, record, row)
    org.log(record.id, "updated", "crm_api", call.me, *old)
    call.effects.append(Effect("updated", module.api_name, record.id, call.me))
    if fires:
        call.effects.append(Effect("workflow", module.api_name, record.id, call.me))
    return success("record updated", written(org, record))


def written(org: Org, record: Record) -> Json:
    """Return the details of a result that worked."""
    cells = record.cells
    return {
        "Modified_Time": org.stamp(cells.get("Modified_Time", org.now())),
        "Modified_By": author(org, cells.get("Modified_By", org.me)),
        "Created_Time": org.stamp(cells.get("Created_Time", org.now())),
        "id": record.id,
        "Created_By": author(org, cells.get("Created_By", org.me)),
    }


def _answer(call: Call, results: list[Json], done: int = 200) -> WireResponse:
    if len(results) == 1 and results[0]["code"] == "ALREADY_MODIFIED":
        only = results[0]
        raise ApiError(only["code"], only["message"], only["details"], status=412)
    switches = call.switches
    return items("data", results, mixed=switches.mixed_status, failed=switches.all_failed_status, done=done)


def _update_row(call: Call, module: Module, row: Mapping[str, Any], number: int, *, fires: bool) -> Json:
    at = f"$.data[{number}]"
    if "id" not in row:
        text = "required field not found"
        return envelope("MANDATORY_NOT_FOUND", text, {"api_name": "id", "json_path": f"{at}.id"})
    key = str(row["id"])
    record = call.org.tables[module.api_name].get(key) if is_id(key) else None
    if record is None:
        return envelope("INVALID_DATA", "the id given seems to be invalid", {"id": key, "json_path": f"{at}.id"})
    return change(call, module, record, row, at, fires=fires)


def _duplicate(org: Org, module: Module, row: Mapping[str, Any], names: list[str]) -> tuple[str | None, Record | None]:
    for name in names:
        value = row.get(name)
        if value not in (None, "") and (held := org.tables[module.api_name].holder(name, value)) is not None:
            return name, held
    return None, None


def _changed_since(call: Call, record: Record) -> bool:
    headers = call.request.headers
    text = headers.get("if-unmodified-since") or headers.get("if-modified-since")
    moment = instant(text) if text else None
    return moment is not None and record.cells.get("Modified_Time", 0) > moment


def _need_right(call: Call, module: Module, right: str) -> None:
    if not call.org.allowed(module.right(right)):
        raise no_permission(module.right(right))


_CREATE = ("ZohoCRM.modules.{module}.CREATE",)
_UPDATE = ("ZohoCRM.modules.{module}.UPDATE",)
UPSERT_ROUTE = Route("POST", "/crm/{v}/{module}/upsert", upsert, _CREATE + _UPDATE)
ROUTES = (
    Route("PUT", "/crm/{v}/{module}/{id}", update_one, _UPDATE),
    Route("POST", "/crm/{v}/{module}", insert, _CREATE),
    Route("PUT", "/crm/{v}/{module}", update_many, _UPDATE),
)
