"""Deleting records: DELETE by id and by ids, mass delete by ids and by view."""

from __future__ import annotations

from crm_bridge.spi.emulator import Effect, WireResponse
from crm_bridge_zoho.emulator.answers import (
    ApiError,
    Json,
    envelope,
    field_missing,
    invalid_data,
    items,
    no_permission,
    ok,
    param_missing,
    success,
)
from crm_bridge_zoho.emulator.call import Call, is_id
from crm_bridge_zoho.emulator.control.lifecycle import trash
from crm_bridge_zoho.emulator.describing.metadata_shapes import view_id
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Job
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.state.store import Record

MAX_IDS = 100
MAX_MASS = 500
_EDITIONS = frozenset({"enterprise", "ultimate", "crmplus", "zohoone"})
_LOCK_TEXT = "You cannot perform this operation as the record is locked."
_APPROVAL_TEXT = "cannot delete record that is not approved yet"
_AUTHORITY_TEXT = "User does not have sufficient privilege to delete records"


def delete_many(call: Call) -> WireResponse:
    """DELETE /{module}?ids=."""
    module = _deletable(call)
    fires = call.flag("wf_trigger", True) or call.switches.wf_trigger_ignored
    ids = call.ids()
    if not ids:
        raise param_missing("ids")
    longest = call.switches.ids_max_length
    if longest and len(call.params["ids"]) > longest:
        raise invalid_data({"param_name": "ids", "maximum_length": longest})
    if len(ids) > MAX_IDS:
        raise ApiError("LIMIT_EXCEEDED", "ids limit exceeded", {"limit": MAX_IDS, "param_name": "ids"})
    if not all(map(is_id, ids)):
        raise ApiError("UNABLE_TO_PARSE_DATA_TYPE", "either the request body or parameters is in wrong format")
    results = [_delete(call, module, key, "record deleted", fires=fires, source="crm_api") for key in ids]
    return items("data", results, mixed=call.switches.mixed_status, failed=call.switches.all_failed_status)


def delete_one(call: Call) -> WireResponse:
    """DELETE /{module}/{id}, also with X-EXTERNAL."""
    module = _deletable(call)
    fires = call.flag("wf_trigger", True) or call.switches.wf_trigger_ignored
    record = call.record()
    if record is None:
        raise invalid_data({"resource_path_index": 1}, "record not deleted")
    if refusal := obstacle(record):
        return ok({"data": [refusal]}, 400)
    return ok({"data": [_delete(call, module, record.id, "record deleted", fires=fires, source="crm_api")]})


def mass_delete(call: Call) -> WireResponse:
    """POST /{module}/actions/mass_delete: ids at once, or a view as a job."""
    module = _deletable(call)
    if not call.org.allowed(module.right("Mass_Delete")):
        raise no_permission(module.right("Mass_Delete"))
    body = call.object_body()
    if "ids" in body and "cvid" in body:
        parts = [{"api_name": "ids"}, {"api_name": "cvid"}]
        raise ApiError(
            "AMBIGUITY_DURING_PROCESSING", "ambiguity while processing the request", {"ambiguity_due_to": parts}
        )
    if "cvid" in body:
        return _mass_by_view(call, module, str(body["cvid"]))
    ids = body.get("ids")
    if ids is None:
        raise field_missing("ids", {"expected_data_type": "jsonarray"})
    if not isinstance(ids, list) or not ids:
        raise invalid_data({"api_name": "ids", "json_path": "$.ids", "expected_data_type": "jsonarray"})
    if len(ids) > MAX_MASS:
        raise ApiError("LIMIT_EXCEEDED", "ids limit exceeded", {"limit": MAX_MASS, "api_name": "ids"})
    for position, key in enumerate(ids):
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise invalid_data({"api_name": "ids", "json_path": f"$.ids[{position}]"})
    call.credits = -(-len(ids) // 100)
    fires = call.switches.mass_delete_workflows
    source = "mass_delete_via_crm_api"
    results = [_delete(call, module, str(key), "record is deleted", fires=fires, source=source) for key in ids]
    if call.switches.mass_delete_shuffled:
        call.org.randomness.shuffle(results)
    return items("data", results, mixed=call.switches.mixed_status, failed=call.switches.mixed_status)


def mass_status(call: Call) -> WireResponse:
    """GET /{module}/actions/mass_delete?job_id=."""
    call.module()
    job_id = call.params.get("job_id")
    if not job_id:
        raise ApiError("MANDATORY_NOT_FOUND", "mandatory param missing", {"param_name": "job_id"})
    job = call.org.jobs.get(job_id)
    if job is None or job.kind != "mass_delete":
        raise invalid_data({"param_name": "job_id"}, "The jobid given seems to be invalid")
    counts = {
        "Total_Count": job.facts["total"],
        "Deleted_Count": job.facts["deleted"],
        "Failed_Count": job.facts["failed"],
    }
    return ok({"data": [{"Status": "COMPLETED" if job.done else "SCHEDULED", **counts}]})


def obstacle(record: Record) -> Json | None:
    """Return the error that keeps a record from being deleted, if there is one."""
    cells, details = record.cells, {"id": record.id}
    if cells.get("Locked__s"):
        return envelope("RECORD_LOCKED", _LOCK_TEXT, {"action": "record_locking", **details})
    if cells.get("$in_merge"):
        return envelope("RECORD_LOCKED", _APPROVAL_TEXT, {"action": "merge", **details})
    state = cells.get("$approval_state", "approved")
    if state.startswith("zia_vision"):
        return envelope("RECORD_LOCKED", _APPROVAL_TEXT, {"action": "zia_vision_processing", **details})
    if state.startswith("review_process"):
        return envelope("NOT_REVIEWED", "cannot delete record that is not reviewed yet", details)
    if state != "approved":
        return envelope("NOT_APPROVED", _APPROVAL_TEXT, details)
    if cells.get("$process_flow") == "blocking":
        return envelope("RECORD_IN_BLUEPRINT", "The record is in blue print", details)
    if cells.get("$undeletable"):
        return envelope("CANNOT_DELETE", "record not deletable", details)
    if cells.get("$sharing_permission", "full_access") != "full_access":
        return envelope("AUTHORIZATION_FAILED", _AUTHORITY_TEXT, details)
    return None


def _nameless(refusal: Json) -> Json:
    """Return a refusal as batches show two of them: without the id."""
    if refusal["code"] == "NOT_APPROVED":
        return {**refusal, "details": {}}
    if refusal["code"] == "RECORD_IN_BLUEPRINT":
        missing = param_missing("ids")
        return envelope(missing.code, missing.message, missing.details)
    return refusal


def _deletable(call: Call) -> Module:
    """Return the module if the profile may delete in it."""
    module = call.module()
    off = module.api_name == call.org.contract_module and not call.switches.contracts_deletable
    if off or not module.deletable:
        raise ApiError("NOT_SUPPORTED", "the operation is not supported for the module", {"resource_path_index": 0})
    if not call.org.allowed(module.right("Delete")):
        raise no_permission(module.right("Delete"), "Permission denied to delete")
    return module


def _delete(call: Call, module: Module, record_id: str, message: str, *, fires: bool, source: str) -> Json:
    record = call.org.tables[module.api_name].get(record_id)
    if record is None and record_id in call.org.merged:
        return envelope("ENTITY_ID_INVALID", "entity id is invalid", {"id": record_id})
    if record is None:
        text = "record not deleted" if source == "crm_api" else "invalid data"
        return envelope("INVALID_DATA", text, {"id": record_id})
    if refusal := obstacle(record):
        return _nameless(refusal) if call.switches.nameless_refusals else refusal
    call.effects += trash(call.org, record, call.me, source)
    if fires:
        call.effects.append(Effect("workflow", module.api_name, record_id, call.me))
    return success(message, {"id": record_id})


def _mass_by_view(call: Call, module: Module, view: str) -> WireResponse:
    org = call.org
    if call.switches.edition not in _EDITIONS:
        raise ApiError("FEATURE_NOT_SUPPORTED", "the feature is not supported in this edition")
    if view != view_id(module):
        raise invalid_data({"api_name": "cvid", "json_path": "$.cvid"}, "the cvid given seems to be invalid")
    if any(job.kind == "mass_delete" and not job.done for job in org.jobs.values()):
        text = "mass delete already scheduled for this custom view"
        raise ApiError("ALREADY_SCHEDULED", text, {"api_name": "cvid"})
    if not len(org.tables[module.api_name]):
        raise ApiError("NO_RECORDS_FOUND", "no record found to update")
    job: Job

    def work() -> None:
        rows = list(org.tables[module.api_name].scan())[:50_000]
        free = [row for row in rows if obstacle(row) is None]
        job.facts |= {"total": len(rows), "deleted": len(free), "failed": len(rows) - len(free)}
        for row in free:
            org.late_effects += trash(org, row, org.me, "mass_delete_via_crm_api")

    job = org.schedule("mass_delete", work, total=0, deleted=0, failed=0)
    return ok({"data": [success("mass delete scheduled successfully", {"job_id": job.id})]})


_DELETE = ("ZohoCRM.modules.{module}.DELETE",)
ROUTES = (
    Route("POST", "/crm/{v}/{module}/actions/mass_delete", mass_delete, ("ZohoCRM.mass_delete.{module}.DELETE",)),
    Route("GET", "/crm/{v}/{module}/actions/mass_delete", mass_status, ("ZohoCRM.mass_delete.{module}.READ",)),
    Route("DELETE", "/crm/{v}/{module}/{id}", delete_one, _DELETE),
    Route("DELETE", "/crm/{v}/{module}", delete_many, _DELETE),
)
