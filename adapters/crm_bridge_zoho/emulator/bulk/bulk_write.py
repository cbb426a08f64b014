"""Bulk write: a zipped CSV is uploaded, then a job inserts, updates or upserts its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import ApiError, Json, download, ok, success
from crm_bridge_zoho.emulator.api.writing import change, create
from crm_bridge_zoho.emulator.bulk.bulk_jobs import find_job, need_json, packed, provenance, state, unpacked
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.seed.seed_people import ZGID
from crm_bridge_zoho.emulator.state.multipart import read_form
from crm_bridge_zoho.emulator.state.org import Blob
from crm_bridge_zoho.emulator.state.schema import PEOPLE_TYPES, Field, Module

CREDITS = 500
MOST_ROWS = 25_000
MOST_COLUMNS = 200
MOST_BYTES = 25 * 1024 * 1024
_KIND = "bulk_write"
_OPERATIONS = frozenset({"insert", "update", "upsert"})
_NOT_WRITTEN = frozenset({"fileupload", "formula", "autonumber", "subform", "multiselectlookup"})


def upload(call: Call) -> WireResponse:
    """POST /upload: a zip with one CSV."""
    headers = call.request.headers
    if headers.get("feature") != "bulk-write" or headers.get("x-crm-org") != ZGID:
        raise ApiError("INVALID_DATA", "check if headers [feature, X-CRM-ORG] are present and valid", {})
    parts = read_form(headers.get("content-type", ""), call.request.body)
    file = next((part for part in parts if part.filename), None)
    if file is None:
        raise ApiError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "file"})
    if len(file.content) > MOST_BYTES:
        raise ApiError("FILE_TOO_LARGE", "File size too large to process", {})
    if unpacked(file.content) is None:
        raise ApiError("INVALID_FILE_FORMAT", "invalid file format. only zip format is supported", {})
    key = call.org.new_id()
    call.org.blobs[key] = Blob(file.filename, file.content)
    details = {"file_id": key, "created_time": call.org.stamp(call.org.now())}
    return ok(success("file uploaded.", details, "FILE_UPLOAD_SUCCESS"))


def order(call: Call) -> WireResponse:
    """POST /crm/bulk/v8/write."""
    need_json(call)
    body = call.object_body()
    operation, resources = body.get("operation"), body.get("resource")
    for name in ("operation", "resource"):
        if not body.get(name):
            text = f"required key {name} is not found in request body."
            raise ApiError("MISSING_REQUIRED_KEY", text, {"json_path": f"$.{name}"})
    if operation not in _OPERATIONS or not isinstance(resources, list) or not isinstance(resources[0], Mapping):
        raise ApiError("INVALID_DATA", "invalid data", {"api_name": "operation", "json_path": "$.operation"})
    resource = resources[0]
    module, lines, name = _source(call, resource)
    mappings = _mappings(module, resource, lines[0] if lines else [])
    call.credits = CREDITS
    later = replace(call, effects=call.org.late_effects)

    def work() -> None:
        rows = [_row(module, mappings, line) for line in lines[1:]]
        finder = resource.get("find_by")
        results = [_write(later, module, row, str(operation), finder) for row in rows]
        job.facts |= _counts(results)
        job.facts["file"] = _outcome(name, lines[0], lines[1:], results)

    facts = {"created": call.org.now(), "operation": operation, "resource": dict(resource), "module": module}
    job = call.org.schedule(_KIND, work, **facts, name=name, callback=body.get("callback"))
    details = {"id": job.id, "created_by": provenance(call, job)["created_by"]}
    return ok(success("success", details), 201)


def status(call: Call) -> WireResponse:
    """GET /crm/bulk/v8/write/{job}."""
    job = find_job(call, _KIND)
    facts, at, module = job.facts, state(call, job), job.facts["module"]
    file = {"status": at, "name": facts["name"]}
    file |= {name: facts.get(name, 0) for name in ("added_count", "updated_count", "skipped_count", "total_count")}
    resource = {
        "status": at, "type": "data", "module": {"api_name": module.api_name, "id": module.id},
        "ignore_empty": bool(facts["resource"].get("ignore_empty", False)),
        "field_mappings": facts["resource"].get("field_mappings", []), "file": file,
    }  # fmt: skip
    shown: Json = {"status": at, "character_encoding": "UTF-8", "resource": [resource], "id": job.id}
    shown |= {**provenance(call, job), "operation": facts["operation"]}
    if facts["callback"]:
        shown["callback"] = facts["callback"]
    if job.done:
        shown["result"] = {"download_url": f"/crm/bulk/v{call.path['v']}/write/{job.id}/result"}
    return ok(shown)


def result(call: Call) -> WireResponse:
    """GET /crm/bulk/v8/write/{job}/result: every line with what became of it."""
    job = find_job(call, _KIND)
    if not job.done:
        text = "The requested resource doesn't exist."
        raise ApiError("RESOURCE_NOT_FOUND", text, {"resource": job.id}, status=404)
    return download(f"{job.id}.zip", job.facts["file"])


def _source(call: Call, resource: Mapping[str, Any]) -> tuple[Module, list[list[str]], str]:
    named = resource.get("module")
    name = named.get("api_name") if isinstance(named, Mapping) else named
    module = call.org.module(name)
    if module is None or not module.api_supported:
        raise ApiError("MODULE_NOT_AVAILABLE", f"Requested module '{name}' is not available.", {})
    blob = call.org.blobs.get(str(resource.get("file_id")))
    if blob is None:
        raise ApiError("INVALID_FILE_ID", "improper file id", {})
    found = unpacked(blob.content)
    if found is None:
        raise ApiError("FILE_NOT_SUPPORTED", "File not supported for bulk write", {})
    file, lines = found
    if len(lines) - 1 > MOST_ROWS or (lines and len(lines[0]) > MOST_COLUMNS):
        raise ApiError("LIMIT_EXCEEDED", "rows or columns limit exceeded", {"limit": MOST_ROWS})
    return module, lines, file


def _mappings(module: Module, resource: Mapping[str, Any], header: Sequence[str]) -> dict[str, int]:
    given = resource.get("field_mappings")
    if not given:
        return {name: n for n, name in enumerate(header) if name in module.fields or name == "id"}
    mappings: dict[str, int] = {}
    for entry in given:
        name, index = str(entry.get("api_name")), entry.get("index")
        field = module.fields.get(name)
        if name != "id" and (field is None or field.data_type in _NOT_WRITTEN):
            raise ApiError("INVALID_FIELD", f"invalid mapping. invalid api_name {name}.", {})
        if not isinstance(index, int) or not 0 <= index < len(header):
            text = f"required key index for field {name} is not found in request body."
            raise ApiError("COLUMN_INDEX_NOT_FOUND", text, {})
        mappings[name] = index
    return mappings


def _row(module: Module, mappings: Mapping[str, int], line: Sequence[str]) -> Json:
    row: Json = {}
    for name, index in mappings.items():
        text = line[index] if index < len(line) else ""
        if text:
            row[name] = text if name == "id" else _value(module.fields[name], text)
    return row


def _value(field: Field, text: str) -> Any:
    """Return what the text of a CSV means for a field; text that means nothing is left to the checks."""
    kind = field.data_type
    if kind == "lookup" or kind in PEOPLE_TYPES:
        return {"id": text}
    if kind == "multiselectpicklist":
        return text.split(";")
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind in {"integer", "double", "currency", "percent"}:
        try:
            return int(text) if kind == "integer" else Decimal(text)
        except (ValueError, InvalidOperation):
            return text
    return text


def _write(call: Call, module: Module, row: Json, operation: str, finder: Any) -> tuple[str, str, str]:
    """Write one row; return its STATUS, RECORD_ID and ERRORS."""
    held = call.org.tables[module.api_name].get(str(row.get("id", "")))
    if held is None and isinstance(finder, str) and row.get(finder):
        held = call.org.tables[module.api_name].holder(finder, row[finder])
    if held is None and operation == "update":
        return "SKIPPED", "", "NO_MATCH"
    if held is None:
        answer, done = create(call, module, row, "$", fires=False), "ADDED"
    elif operation == "insert":
        return "SKIPPED", held.id, "DUPLICATE_DATA"
    else:
        answer, done = change(call, module, held, row, "$", fires=False), "UPDATED"
    if answer["status"] == "success":
        return done, answer["details"]["id"], ""
    return "SKIPPED", "", f"{answer['code']}:{answer['details'].get('api_name', '')}"


def _counts(results: Sequence[tuple[str, str, str]]) -> Json:
    kinds = [kind for kind, _id, _error in results]
    names = {"added_count": "ADDED", "updated_count": "UPDATED", "skipped_count": "SKIPPED"}
    return {name: kinds.count(kind) for name, kind in names.items()} | {"total_count": len(kinds)}


def _outcome(
    name: str, header: Sequence[str], lines: Sequence[Sequence[str]], results: Sequence[tuple[str, str, str]]
) -> bytes:
    rows = [[*result, *line] for line, result in zip(lines, results, strict=True)]
    return packed(name, ["STATUS", "RECORD_ID", "ERRORS", *header], rows)


ROUTES = (
    Route("POST", "/crm/{v}/upload", upload, ("ZohoFiles.files.CREATE",)),
    Route("POST", "/crm/bulk/{v}/write", order, ("ZohoCRM.bulk.CREATE",)),
    Route("GET", "/crm/bulk/{v}/write/{job}", status, ("ZohoCRM.bulk.READ",)),
    Route("GET", "/crm/bulk/{v}/write/{job}/result", result, ("ZohoCRM.bulk.READ",)),
)
