"""Files of file-upload fields: upload, download, download from a record."""

from __future__ import annotations

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import (
    EMPTY,
    ApiError,
    download,
    invalid_param,
    ok,
    param_missing,
    success,
)
from crm_bridge_zoho.emulator.api.attachments import check_size
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.multipart import read_form
from crm_bridge_zoho.emulator.state.org import Blob
from crm_bridge_zoho.emulator.state.store import Record

MAX_FILE = 20 * 1024 * 1024


def upload(call: Call) -> WireResponse:
    """POST /files: one that is too big rejects all."""
    check_size(call)
    kind = call.request.headers.get("content-type", "")
    parts = [part for part in read_form(kind, call.request.body) if part.name == "file" and part.filename]
    if not parts:
        text = "Problem in uploading attachment. kindly upload the file properly"
        raise ApiError("failure_in_attachment_handling", text)
    if any(len(part.content) > MAX_FILE for part in parts):
        text = "file size more than allowed size"
        raise ApiError("FILE_SIZE_MORE_THAN_ALLOWED_SIZE", text, {"limit": MAX_FILE}, status=413)
    results = []
    for part in parts:
        key = call.org.new_key(64)
        call.org.blobs[key] = Blob(part.filename, part.content)
        results.append(success(f"{part.filename} uploaded Succesfully", {"name": part.filename, "id": key}))
    return ok({"data": results})


def fetch(call: Call) -> WireResponse:
    """GET /files?id=."""
    key = call.params.get("id")
    if not key:
        raise param_missing("id")
    blob = call.org.blobs.get(key)
    if blob is None:
        raise invalid_param("id")
    return download(blob.name, blob.content)


def fetch_from_record(call: Call) -> WireResponse:
    """GET /{module}/{id}/actions/download_fields_attachment?fields_attachment_id=."""
    row_id = call.params.get("fields_attachment_id")
    if not row_id:
        raise param_missing("fields_attachment_id")
    holders = _holders(call)
    if not holders:
        return EMPTY
    for record in holders:
        for name, field in call.org.modules[record.module].fields.items():
            for row in record.cells.get(name, ()) if field.data_type == "fileupload" else ():
                if row["id"] == row_id:
                    blob = call.org.blobs[row["File_Id__s"]]
                    return download(blob.name, blob.content)
    raise invalid_param("fields_attachment_id")


def _holders(call: Call) -> list[Record]:
    """Return the record of the path, and with a switch the rows of its subforms; a row only where it may be asked."""
    org, asked = call.org, call.org.switches.row_files
    record = call.record(rows=asked == "row")
    if record is None:
        return []
    subforms = [one for one in call.org.modules[record.module].fields.values() if one.data_type == "subform"]
    rows = [row for one in subforms for row in org.tables[one.target].linked("Parent_Id", record.id)]
    return [record, *(rows if asked == "record" else ())]


ROUTES = (
    Route("POST", "/crm/{v}/files", upload, ("ZohoCRM.files.CREATE",)),
    Route("GET", "/crm/{v}/files", fetch, ("ZohoCRM.files.READ",)),
    Route(
        "GET",
        "/crm/{v}/{module}/{id}/actions/download_fields_attachment",
        fetch_from_record,
        ("ZohoCRM.modules.{module}.READ",),
    ),
)
