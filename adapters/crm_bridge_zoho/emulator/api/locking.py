"""Record locks: who locked a record, and why; locking and unlocking by hand."""

from __future__ import annotations

from crm_bridge.spi.emulator import Effect, WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, ApiError, Json, envelope, invalid_data, ok, success
from crm_bridge_zoho.emulator.api.writing import read_rows
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.rendering import author
from crm_bridge_zoho.emulator.state.store import Record


def set_lock(org: Org, record: Record, actor: str, reason: str) -> str:
    """Lock a record for everybody; return the id of the lock."""
    lock = {"id": org.new_id(), "reason": reason, "by": actor, "at": org.now()}
    org.locks[record.id] = lock
    org.tables[record.module].change(record, {"Locked__s": True})
    return str(lock["id"])


def lift_lock(org: Org, record: Record) -> None:
    """Unlock a record."""
    org.locks.pop(record.id, None)
    org.tables[record.module].change(record, {"Locked__s": None})


def list_locks(call: Call) -> WireResponse:
    """GET /{module}/{id}/Locking_Information__s, and one lock by its id."""
    record = _record(call)
    lock = call.org.locks.get(record.id)
    if lock is None or call.path.get("lock", lock["id"]) != lock["id"]:
        return EMPTY
    info = {"per_page": 200, "count": 1, "page": 1, "more_records": False}
    return ok({"data": [_lock_json(call, record)], "info": info})


def lock_record(call: Call) -> WireResponse:
    """POST /{module}/{id}/Locking_Information__s: needs a reason."""
    record = _record(call)
    rows, _fires = read_rows(call)
    reason = rows[0].get("Locked_Reason__s")
    if not isinstance(reason, str) or not reason:
        missing = {"api_name": "Locked_Reason__s", "json_path": "$.data[0].Locked_Reason__s"}
        return ok({"data": [envelope("MANDATORY_NOT_FOUND", "required field not found", missing)]}, 400)
    if record.id in call.org.locks:
        raise invalid_data({"resource_path_index": 1}, "the record is locked already")
    key = set_lock(call.org, record, call.me, reason)
    call.effects.append(Effect("updated", record.module, record.id, call.me))
    now, me = call.org.stamp(call.org.now()), author(call.org, call.me)
    details: Json = {"Modified_Time": now, "Modified_By": me, "Created_Time": now, "id": key, "Created_By": me}
    return ok({"data": [success("record added", details)]}, 201)


def unlock_record(call: Call) -> WireResponse:
    """DELETE /{module}/{id}/Locking_Information__s/{lock id}."""
    record = _record(call)
    lock = call.org.locks.get(record.id)
    if lock is None or lock["id"] != call.path["lock"]:
        raise invalid_data({"resource_path_index": 3}, "the related id given seems to be invalid")
    lift_lock(call.org, record)
    call.effects.append(Effect("updated", record.module, record.id, call.me))
    return ok({"data": [success("record deleted", {"id": lock["id"]})]})


def _record(call: Call) -> Record:
    module = call.module()
    if not module.custom:
        raise invalid_data({"resource_path_index": 2}, "relation not found")
    if not call.switches.locking_configured:
        text = "Required Record Locking Configuration is not present"
        raise ApiError("NOT_ALLOWED", text, {"resource_path_index": 2})
    record = call.record()
    if record is None:
        raise invalid_data({"resource_path_index": 1}, "the related id given seems to be invalid")
    return record


def _lock_json(call: Call, record: Record) -> Json:
    org, lock = call.org, call.org.locks[record.id]
    module = org.modules[record.module]
    by = author(org, lock["by"]) or {}
    return {
        "id": lock["id"],
        "Locked_By__s": {**by, "module": "Users"},
        "Locked_For__s": {
            "module": {"api_name": module.api_name, "id": module.id},
            "name": org.display(record),
            "id": record.id,
        },
        "Locked_Reason__s": lock["reason"],
        "Locked_Time__s": org.stamp(lock["at"]),
        "Lock_Source__s": "Manual",
        "Record_Locking_Configuration_Id__s": str(int(module.id) + 8_000_000_000),
        "Record_Locking_Rule_Id__s": None,
        "Feature_Type__s": "record_locking",
        "$field_states": None,
        "$editable": True,
        "$sharing_permission": "full_access",
        "$zia_visions": None,
    }


def _scopes(operation: str) -> tuple[str, ...]:
    return ("ZohoCRM.modules.{module}.READ", f"ZohoCRM.modules.lockinginformation.{operation}")


_AT = "/crm/{v}/{module}/{id}/Locking_Information__s"
ROUTES = (
    Route("GET", f"{_AT}/{{lock}}", list_locks, _scopes("READ")),
    Route("DELETE", f"{_AT}/{{lock}}", unlock_record, _scopes("DELETE")),
    Route("GET", _AT, list_locks, _scopes("READ")),
    Route("POST", _AT, lock_record, _scopes("CREATE")),
)
