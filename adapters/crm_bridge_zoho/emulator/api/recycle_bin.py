"""The recycle bin: list, purge, restore, empty, count."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import (
    EMPTY,
    ApiError,
    Json,
    envelope,
    invalid_data,
    invalid_id,
    invalid_param,
    items,
    no_permission,
    ok,
    param_missing,
    success,
)
from crm_bridge_zoho.emulator.api.bin_filters import Fits, compile_filters
from crm_bridge_zoho.emulator.call import Call, is_id
from crm_bridge_zoho.emulator.control.lifecycle import (
    clash,
    parent_in_bin,
    purge,
    restore,
    sweep,
    waits_for_parent,
    weight,
)
from crm_bridge_zoho.emulator.paging import plain_info, plain_page
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import BIN_RIGHT, Binned, Org
from crm_bridge_zoho.emulator.state.rendering import author

MAX_PURGE = 100
MAX_RESTORE = 200
AT_ONCE = 1_000
"""More records than this, children included, are handled by a job."""
_KEY = "recycle_bin"


def list_bin(call: Call) -> WireResponse:
    """GET /settings/recycle_bin."""
    sweep(call.org)
    held = call.org.bin
    if "ids" in call.params:
        entries = [held[key] for key in dict.fromkeys(call.ids()) if key in held]
    elif "filters" in call.params:
        entries = list(filter(_query_filters(call), held.values()))
    else:
        entries = list(held.values())
    entries = _sorted(call, entries)
    page = plain_page(call)
    shown = [_entry_json(call.org, entry) for entry in entries[page.start : page.start + page.size]]
    return ok({_KEY: shown, "info": plain_info(page, len(entries))}) if shown else EMPTY


def get_binned(call: Call) -> WireResponse:
    """GET /settings/recycle_bin/{id}."""
    sweep(call.org)
    entry = call.org.bin.get(call.path["id"])
    info = {"per_page": 200, "count": 1, "page": 1, "more_records": False}
    return ok({_KEY: [_entry_json(call.org, entry)], "info": info}) if entry else EMPTY


def purge_one(call: Call) -> WireResponse:
    """DELETE /settings/recycle_bin/{id}."""
    _need_right(call)
    return _purge_ids(call, [call.path["id"]])


def purge_many(call: Call) -> WireResponse:
    """DELETE /settings/recycle_bin?ids= or ?filters=."""
    _need_right(call)
    if not call.switches.purge_by_ids and "filters" not in call.params:
        raise param_missing("filters")
    if "ids" in call.params:
        ids = call.ids()
        if not ids:
            raise param_missing("ids")
        if len(ids) > MAX_PURGE:
            raise ApiError("LIMIT_EXCEEDED", "ids limit exceeded", {"limit": MAX_PURGE, "param_name": "ids"})
        return _purge_ids(call, ids)
    if "filters" not in call.params:
        raise param_missing("ids")
    return _schedule(
        call, "purge", _query_filters(call), "Bulk deletion of records based on filters has been scheduled"
    )


def restore_one(call: Call) -> WireResponse:
    """POST /settings/recycle_bin/{id}/actions/restore."""
    _need_right(call)
    key = call.path["id"]
    if not is_id(key):
        raise invalid_id(2)
    sweep(call.org)
    result = _restore(call, key)
    if result["status"] == "error":
        if result["code"] == "INVALID_DATA":
            raise invalid_id(2)
        raise ApiError(result["code"], result["message"], result["details"])
    return ok({_KEY: [result]})


def restore_many(call: Call) -> WireResponse:
    """POST /settings/recycle_bin/actions/restore: ids, filters or everything."""
    _need_right(call)
    body = call.object_body()
    chosen = [name for name in ("ids", "filters", "restore_all_records") if name in body]
    if not chosen:
        fields = [{"api_name": name} for name in ("ids", "filters", "restore_all_records")]
        raise ApiError("EXPECTED_FIELD_MISSING", "expected field missing", {"expected_fields": fields})
    if len(chosen) > 1:
        parts = [{"api_name": name} for name in chosen]
        raise ApiError(
            "AMBIGUITY_DURING_PROCESSING", "ambiguity while processing the request", {"ambiguity_due_to": parts}
        )
    sweep(call.org)
    if chosen == ["ids"]:
        return _restore_ids(call, body["ids"])
    if chosen == ["filters"]:
        fits = compile_filters(call.org, body["filters"])
        return _schedule(call, "restore", fits, "Bulk restoration of records based on filters has been scheduled")
    if body["restore_all_records"] is not True:
        raise invalid_data({"api_name": "restore_all_records", "json_path": "$.restore_all_records"})
    return _schedule(call, "restore", lambda _entry: True, "Bulk restoration of records has been scheduled")


def empty_bin(call: Call) -> WireResponse:
    """POST /settings/recycle_bin/actions/empty."""
    ids = list(call.org.bin)
    if weight(call.org, ids) > AT_ONCE:
        call.org.schedule("purge", lambda: _purge_all(call.org, ids))
        return ok(success("Emptying the recycle bin has been scheduled", {}, "SCHEDULED"), 202)
    for key in ids:
        call.effects += purge(call.org, key, call.me)
    return ok(success("recycle bin emptied successfully", {}))


def count_bin(call: Call) -> WireResponse:
    """GET /settings/recycle_bin/actions/count."""
    sweep(call.org)
    return ok({"count": len(call.org.bin)})


def _need_right(call: Call) -> None:
    if not call.org.allowed(BIN_RIGHT):
        raise no_permission(BIN_RIGHT)


def _purge_ids(call: Call, ids: list[str]) -> WireResponse:
    sweep(call.org)
    if weight(call.org, ids) > AT_ONCE:
        call.org.schedule("purge", lambda: _purge_all(call.org, ids))
        scheduled = success("Bulk deletion of records has been scheduled", {}, "SCHEDULED")
        return ok({_KEY: [scheduled]}, 202)
    results = []
    for key in ids:
        if key in call.org.bin:
            call.effects += purge(call.org, key, call.me)
            results.append(success("record deleted", {"id": key}))
        else:
            results.append(envelope("INVALID_DATA", "the id given seems to be invalid", {"id": key}))
    return items(_KEY, results, mixed=call.switches.mixed_status, failed=call.switches.all_failed_status)


def _restore_ids(call: Call, ids: Any) -> WireResponse:
    if not isinstance(ids, list) or not ids:
        raise invalid_data({"api_name": "ids", "json_path": "$.ids", "expected_data_type": "jsonarray"})
    if len(ids) > MAX_RESTORE:
        raise ApiError("LIMIT_EXCEEDED", "ids limit exceeded", {"limit": MAX_RESTORE, "api_name": "ids"})
    keys = [str(key) for key in ids]
    if weight(call.org, keys) > AT_ONCE:
        call.org.schedule("restore", lambda: _restore_all(call.org, keys))
        scheduled = success("Bulk restoration of records has been scheduled", {}, "SCHEDULED")
        return ok({_KEY: [scheduled]}, 202)
    results = [_restore(call, key) for key in keys]
    return items(_KEY, results, mixed=call.switches.mixed_status, failed=call.switches.all_failed_status)


def _restore(call: Call, key: str) -> Json:
    org = call.org
    entry = org.bin.get(key)
    if entry is None:
        if parent := parent_in_bin(org, key):
            return _needs_parent(key, parent)
        return envelope("INVALID_DATA", "the id given seems to be invalid", {"id": key})
    if waits_for_parent(org, entry):
        return _needs_parent(key, entry.record.cells["Parent_Id"])
    if field := clash(org, entry.record):
        return envelope("DUPLICATE_DATA", "duplicate data", {"id": key, "api_name": field})
    call.effects += restore(org, key, call.me)
    return success("record restored", {"id": key})


def _needs_parent(key: str, parent: str) -> Json:
    return envelope("CANNOT_RESTORE_WITHOUT_PARENT", "cannot restore without parent", {"id": key, "parent_id": parent})


def _schedule(call: Call, kind: str, fits: Fits, message: str) -> WireResponse:
    org = call.org

    def work() -> None:
        ids = [key for key, entry in org.bin.items() if fits(entry)]
        (_restore_all if kind == "restore" else _purge_all)(org, ids)

    org.schedule(kind, work)
    return ok({_KEY: [success(message, {}, "SCHEDULED")]}, 202)


def _restore_all(org: Org, ids: list[str]) -> None:
    for key in ids:
        entry = org.bin.get(key)
        if entry and not waits_for_parent(org, entry) and not clash(org, entry.record):
            org.late_effects += restore(org, key, org.me)


def _purge_all(org: Org, ids: list[str]) -> None:
    for key in ids:
        if key in org.bin:
            org.late_effects += purge(org, key, org.me)


def _query_filters(call: Call) -> Fits:
    try:
        filters = json.loads(call.params["filters"])
    except ValueError as broken:
        raise invalid_param("filters") from broken
    return compile_filters(call.org, filters)


def _sorted(call: Call, entries: list[Binned]) -> list[Binned]:
    sort_by = call.params.get("sort_by") or "deleted_time"
    order = call.params.get("sort_order") or "desc"
    if sort_by not in {"display_name", "deleted_time", "deleted_by"}:
        raise invalid_param("sort_by")
    if order not in {"asc", "desc"}:
        raise invalid_param("sort_order")
    org = call.org
    keys: dict[str, Callable[[Binned], Any]] = {
        "display_name": lambda entry: org.display(entry.record) or "",
        "deleted_by": lambda entry: org.users[entry.actor].full_name,
        "deleted_time": lambda entry: (entry.at, int(entry.record.id)),
    }
    return sorted(entries, key=keys[sort_by], reverse=order == "desc")


def _entry_json(org: Org, entry: Binned) -> Json:
    record = entry.record
    module = org.modules[record.module]
    return {
        "owner": author(org, record.cells.get("Owner", "")),
        "module": {"api_name": module.api_name, "id": module.id},
        "deleted_by": author(org, entry.actor),
        "id": record.id,
        "display_name": org.display(record),
        "deleted_time": org.stamp(entry.at),
    }


_READ = ("ZohoCRM.settings.recycle_bin.READ",)
_DELETE = ("ZohoCRM.settings.recycle_bin.DELETE",)
_UPDATE = ("ZohoCRM.settings.recycle_bin.UPDATE",)
_AT = "/crm/{v}/settings/recycle_bin"
ROUTES = (
    Route("POST", f"{_AT}/actions/restore", restore_many, _UPDATE),
    Route("POST", f"{_AT}/actions/empty", empty_bin, _UPDATE),
    Route("GET", f"{_AT}/actions/count", count_bin, _READ),
    Route("POST", f"{_AT}/{{id}}/actions/restore", restore_one, _UPDATE),
    Route("GET", f"{_AT}/{{id}}", get_binned, _READ),
    Route("DELETE", f"{_AT}/{{id}}", purge_one, _DELETE),
    Route("GET", _AT, list_bin, _READ),
    Route("DELETE", _AT, purge_many, _DELETE),
)
