"""What is known about deleted records: the deleted list, and related records of one in the bin."""

from __future__ import annotations

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, ApiError, Json, invalid_data, ok
from crm_bridge_zoho.emulator.api.reading import answer_list, find_related, read_fields, related_rows, sort_records
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.control.lifecycle import sweep
from crm_bridge_zoho.emulator.paging import plain_info, plain_page, read_page
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Binned, Tombstone
from crm_bridge_zoho.emulator.state.rendering import author


def list_deleted(call: Call) -> WireResponse:
    """GET /{module}/deleted: bin entries for 60 days, permanent ones for 120; newest first."""
    call.credits = 2
    module = call.module().api_name
    kind = call.params.get("type") or "all"
    if kind not in {"all", "recycle", "permanent"}:
        raise ApiError(
            "PATTERN_NOT_MATCHED", "Please check whether the input values are correct", {"param_name": "type"}
        )
    sweep(call.org)
    found: list[Binned | Tombstone] = []
    if kind != "permanent":
        found += [entry for entry in call.org.bin.values() if entry.record.module == module]
    if kind != "recycle":
        found += [stone for stone in call.org.tombstones if stone.module == module]
    since = call.modified_since()
    found = [entry for entry in found if since is None or entry.at > since]
    found.sort(key=lambda entry: (entry.at, _id(entry)), reverse=True)
    page = plain_page(call)
    shown = [_json(call, entry) for entry in found[page.start : page.start + page.size]]
    return ok({"data": shown, "info": plain_info(page, len(found))}) if shown else EMPTY


def related_of_deleted(call: Call) -> WireResponse:
    """GET /{module}/deleted/{id}/{related list}: lookup relations of a record in the bin."""
    entry = find_related(call)
    if call.path["id"] not in call.org.bin or entry.kind == "multiselectlookup" or entry.link == "Parent_Id":
        raise invalid_data({"resource_path_index": 2}, "the id given seems to be invalid")
    names = read_fields(call)
    rows = sort_records(related_rows(call, entry, call.path["id"]), "id", descending=True)
    return answer_list(call, rows, names, read_page(call), sort_by="id", descending=True)


def _id(entry: Binned | Tombstone) -> int:
    return int(entry.id if isinstance(entry, Tombstone) else entry.record.id)


def _json(call: Call, entry: Binned | Tombstone) -> Json:
    org = call.org
    if isinstance(entry, Tombstone):
        return {
            "id": entry.id, "display_name": None, "type": "permanent", "deleted_by": None, "created_by": None,
            "deleted_time": org.stamp(entry.at),
        }  # fmt: skip
    record = entry.record
    return {
        "id": record.id, "display_name": org.display(record), "type": "recycle",
        "deleted_by": author(org, entry.actor), "created_by": author(org, record.cells.get("Created_By", "")),
        "deleted_time": org.stamp(entry.at),
    }  # fmt: skip


_READ = ("ZohoCRM.modules.{module}.READ",)
ROUTES = (
    Route("GET", "/crm/{v}/{module}/deleted/{id}/{related}", related_of_deleted, _READ),
    Route("GET", "/crm/{v}/{module}/deleted", list_deleted, _READ),
)
