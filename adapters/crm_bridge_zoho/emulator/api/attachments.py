"""Attachments of a record: download, upload, links, final deletion."""

from __future__ import annotations

from crm_bridge.spi.emulator import Effect, WireResponse
from crm_bridge_zoho.emulator.answers import (
    EMPTY,
    ApiError,
    Json,
    download,
    envelope,
    invalid_data,
    invalid_id,
    items,
    ok,
    param_missing,
    success,
)
from crm_bridge_zoho.emulator.api.reading import related_records
from crm_bridge_zoho.emulator.api.writing import written
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.control.lifecycle import trash
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.seed.seed_records import attach, system_cells
from crm_bridge_zoho.emulator.state.multipart import read_form
from crm_bridge_zoho.emulator.state.store import Record

MAX_BODY = 100 * 1024 * 1024


def fetch(call: Call) -> WireResponse:
    """GET /{module}/{id}/Attachments/{aid}: the bytes."""
    found = _attachment(call, call.path["aid"])
    if found is None:
        return EMPTY
    if "$file_id" not in found.cells:
        # Zoho keeps no bytes of a link.
        raise invalid_data({"resource_path_index": 3}, "the related id given seems to be invalid")
    blob = call.org.blobs[found.cells["$file_id"]]
    return download(blob.name, blob.content)


def upload(call: Call) -> WireResponse:
    """POST /{module}/{id}/Attachments: multipart `file`, or `attachmentUrl` and `title`."""
    parent = _parent(call)
    if not any(each.api_name == "Attachments" for each in call.module().related):
        raise invalid_data({"resource_path_index": 2}, "the relation name given seems to be invalid")
    kind = call.request.headers.get("content-type", "")
    check_size(call)
    parts = read_form(kind, call.request.body) if kind.startswith("multipart/") else []
    fields = {part.name: part.content.decode("utf-8", "replace") for part in parts if not part.filename}
    link = fields.get("attachmentUrl") or call.params.get("attachmentUrl") or ""
    files = [part for part in parts if part.name == "file" and part.filename]
    if link:
        names = [(fields.get("title") or call.params.get("title") or link, b"")]
    elif files:
        names = [(part.filename, part.content) for part in files]
    else:
        raise ApiError("MANDATORY_NOT_FOUND", "required field not found")
    system = system_cells(call.me, call.org.moment(), call.org.moment())
    results = []
    for name, content in names:
        record = attach(call.org, parent.module, parent.id, name, content, system, link=link)
        call.effects.append(Effect("attached", parent.module, parent.id, call.me))
        results.append(success("attachment uploaded successfully", written(call.org, record)))
    return ok({"data": results})


def delete_one(call: Call) -> WireResponse:
    """DELETE /{module}/{id}/Attachments/{aid}: final, no bin."""
    found = _attachment(call, call.path["aid"])
    if found is None:
        raise invalid_data({"resource_path_index": 3}, "record not deleted")
    return ok({"data": [_delete(call, found)]})


def delete_many(call: Call) -> WireResponse:
    """DELETE /{module}/{id}/Attachments?ids=."""
    ids = call.ids()
    if not ids:
        raise param_missing("ids")
    results: list[Json] = []
    for key in ids:
        found = _attachment(call, key)
        results.append(_delete(call, found) if found else envelope("INVALID_DATA", "record not deleted", {"id": key}))
    return items("data", results, mixed=call.switches.mixed_status, failed=call.switches.all_failed_status)


def check_size(call: Call) -> None:
    """Refuse bodies beyond 100 MB."""
    if len(call.request.body) > MAX_BODY:
        raise ApiError("BODY_SIZE_REACHED", "the request body is too large", {"limit": MAX_BODY}, status=413)


def _delete(call: Call, found: Record) -> Json:
    call.effects += trash(call.org, found, call.me, "crm_api")
    return success("record deleted", {"id": found.id})


def _parent(call: Call) -> Record:
    found = call.record()
    if found is None:
        raise invalid_id()
    return found


def _attachment(call: Call, key: str) -> Record | None:
    parent = call.record()
    found = call.org.tables["Attachments"].get(key)
    return found if found and parent and found.cells["Parent_Id"] == parent.id else None


def _scopes(operation: str) -> tuple[str, ...]:
    return ("ZohoCRM.modules.{module}.READ", f"ZohoCRM.modules.attachments.{operation}")


_AT = "/crm/{v}/{module}/{id}/{files_list}"
ROUTES = (
    Route("GET", f"{_AT}/{{aid}}", fetch, _scopes("READ")),
    Route("DELETE", f"{_AT}/{{aid}}", delete_one, _scopes("DELETE")),
)
LIST_ROUTES = (
    Route("GET", _AT, related_records, _scopes("READ")),
    Route("POST", _AT, upload, _scopes("CREATE")),
    Route("DELETE", _AT, delete_many, _scopes("DELETE")),
)
