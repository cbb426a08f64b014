"""Reading records: list, get by id, full texts, related lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import (
    EMPTY,
    NOT_MODIFIED,
    ApiError,
    Json,
    invalid_data,
    invalid_id,
    invalid_param,
    ok,
    param_missing,
)
from crm_bridge_zoho.emulator.call import Call, is_id
from crm_bridge_zoho.emulator.describing.metadata_shapes import view_id
from crm_bridge_zoho.emulator.paging import Page, info, read_page
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.seed.seed_people import ADMINISTRATOR
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.rendering import chosen, whole
from crm_bridge_zoho.emulator.state.schema import Module, RelatedList
from crm_bridge_zoho.emulator.state.store import Record, Table
from crm_bridge_zoho.emulator.state.values import shown

MAX_FIELDS = 50
MAX_IDS = 100
SORTS = ("id", "Created_Time", "Modified_Time")


def list_records(call: Call) -> WireResponse:
    """GET /{module}."""
    module = call.module(rows=True)
    if module.parent and not module.is_subform and call.org.users[call.me].profile != ADMINISTRATOR:
        raise ApiError("NOT_SUPPORTED", "the operation is not supported", {}, status=403)
    names = read_names(call)
    sort_by, descending = read_sort(call)
    if view := call.params.get("cvid"):
        call.credits = 3
        if "sort_by" in call.params:
            parts = [{"param_name": "cvid"}, {"param_name": "sort_by"}]
            raise ApiError(
                "AMBIGUITY_DURING_PROCESSING", "ambiguity while processing the request", {"ambiguity_due_to": parts}
            )
        if view != view_id(module):
            raise invalid_data({"param_name": "cvid"}, "the cvid given seems to be invalid")
    page = read_page(call)
    table = call.org.tables[module.api_name]
    rows: Iterable[Record]
    if "ids" in call.params:
        rows = sort_records(_by_ids(call, table), sort_by, descending=descending)
    elif sort_by == "id":
        rows = table.scan(descending=descending)
    else:
        rows = sort_records(table.scan(), sort_by, descending=descending)
    return answer_list(call, shown_rows(call.org, module, rows), names, page, sort_by=sort_by, descending=descending)


def answer_list(
    call: Call, rows: Iterable[Record], names: list[str] | None, page: Page, *, sort_by: str, descending: bool
) -> WireResponse:
    """Answer one page of records; without names everything is shown."""
    since = call.modified_since()
    if since is not None:
        rows = (row for row in rows if row.cells.get("Modified_Time", 0) > since)
    window = list(islice(rows, page.start, page.start + page.size + 1))
    if not window:
        return NOT_MODIFIED if since is not None else EMPTY
    picked, more = window[: page.size], len(window) > page.size
    old = call.version == 2
    data = [
        chosen(call.org, row, names, old=old) if names is not None else whole(call.org, row, rows=False, old=old)
        for row in picked
    ]
    order = "desc" if descending else "asc"
    return ok({"data": data, "info": info(call, page, picked, more=more, sort_by=sort_by, sort_order=order)})


def get_record(call: Call) -> WireResponse:
    """GET /{module}/{id}: everything, or the named fields."""
    record = call.record()
    if record is None:
        return missing(call)
    since = call.modified_since()
    if since is not None and record.cells.get("Modified_Time", 0) <= since:
        return NOT_MODIFIED
    shown_as = whole(call.org, record, old=call.version == 2)
    if "fields" in call.params:
        names = read_fields(call)
        shown_as = {name: value for name, value in shown_as.items() if name == "id" or name in names}
    return ok({"data": [shown_as]})


def missing(call: Call) -> WireResponse:
    """Answer for a record that is not there: 204, or as older versions did; of a merged one another code is told."""
    if call.path.get("id") in call.org.merged:
        raise ApiError("RECORD_NOT_FOUND", "record not found", {"id": call.path["id"]})
    if call.switches.missing_as == 204:
        return EMPTY
    raise ApiError(
        "INVALID_DATA", "the id given seems to be invalid", {"resource_path_index": 1}, status=call.switches.missing_as
    )


def full_data(call: Call) -> WireResponse:
    """GET /{module}/{id}/actions/fetch_full_data and /{module}/actions/fetch_full_data?ids=: rich text uncut."""
    module = call.module()
    names = read_fields(call)
    unknown = [name for name in names if name not in module.fields or not module.fields[name].rich]
    if unknown:
        raise invalid_data({"param_name": "fields"}, "the field given is not a rich text field")
    if "id" in call.path:
        record = call.record()
        records = [record] if record else []
    else:
        records = list(_by_ids(call, call.table()))
    data: list[Json] = []
    for row in records:
        texts = {name: shown(call.org, row, module.fields[name]) for name in names}
        data.append({**texts, "id": row.id})
    return ok({"data": data}) if data else EMPTY


def related_records(call: Call) -> WireResponse:
    """GET /{module}/{id}/{related list}."""
    entry = find_related(call)
    record = call.record()
    if record is None:
        return missing(call)
    names = read_names(call)
    sort_by, descending = read_sort(call)
    rows = sort_records(related_rows(call, entry, record.id), sort_by, descending=descending)
    if "ids" in call.params:
        wanted = set(call.ids())
        rows = [row for row in rows if row.id in wanted]
    return answer_list(call, rows, names, read_page(call), sort_by=sort_by, descending=descending)


def find_related(call: Call) -> RelatedList:
    """Return the related list of the path."""
    for entry in call.module().related:
        if entry.api_name.casefold() == call.path["related"].casefold():
            return entry
    field = call.module().fields.get(call.path["related"])
    if field is not None and field.data_type == "subform":
        # Rows beyond those that the record shows are read as a list under the field's name.
        return RelatedList(field.api_name, field.label, "subform", field.target, "Parent_Id")
    raise invalid_data({"resource_path_index": 2}, "the relation name given seems to be invalid")


def related_rows(call: Call, entry: RelatedList, parent: str) -> list[Record]:
    """Return the live records of a related list."""
    if not entry.connected:
        return call.org.tables[entry.module].linked(entry.link, parent)
    links = call.org.tables[entry.connected].linked(entry.link, parent)
    target = call.org.tables[entry.module]
    found = [target.get(link.cells[_other(call, entry)]) for link in links]
    return [row for row in found if row is not None]


def _other(call: Call, entry: RelatedList) -> str:
    fields = call.org.modules[entry.connected].fields
    return next(name for name, field in fields.items() if field.target == entry.module)


def read_names(call: Call) -> list[str] | None:
    """Return the fields that a list read names; nothing where v2 names none, which shows everything."""
    return None if call.version == 2 and not call.params.get("fields") else read_fields(call)


def read_fields(call: Call) -> list[str]:
    """Return the `fields` parameter, which reads must have (v2 apart)."""
    names = [name.strip() for name in call.params.get("fields", "").split(",") if name.strip()]
    if not names:
        if call.version == 2:
            return list(call.module().fields)
        raise param_missing("fields")
    if len(names) > MAX_FIELDS:
        raise ApiError("LIMIT_EXCEEDED", "fields limit exceeded", {"limit": MAX_FIELDS, "param_name": "fields"})
    return names


def read_sort(call: Call) -> tuple[str, bool]:
    """Return the sort column and whether it descends."""
    sort_by = call.params.get("sort_by") or "id"
    order = call.params.get("sort_order") or "desc"
    if sort_by not in SORTS:
        raise invalid_param("sort_by")
    if order not in {"asc", "desc"}:
        raise invalid_param("sort_order")
    return sort_by, order == "desc"


def sort_records(rows: Iterable[Record], sort_by: str, *, descending: bool) -> list[Record]:
    """Sort by a system column, then by id."""
    if sort_by == "id":
        return sorted(rows, key=lambda row: int(row.id), reverse=descending)
    return sorted(rows, key=lambda row: (row.cells.get(sort_by, 0), int(row.id)), reverse=descending)


def shown_rows(org: Org, module: Module, rows: Iterable[Record]) -> Iterable[Record]:
    """Return what lists and queries show of a module: of a subform the first rows of each record, all of any other."""
    if not module.is_subform:
        return rows
    told: Counter[str] = Counter()
    beyond: set[str] = set()
    for row in org.tables[module.api_name].scan():
        parent = row.cells[module.parent]
        told[parent] += 1
        if told[parent] > org.switches.subform_rows:
            beyond.add(row.id)
    return (row for row in rows if row.id not in beyond)


def _by_ids(call: Call, table: Table) -> Iterator[Record]:
    ids = call.ids()
    if not ids:
        raise param_missing("ids")
    if len(ids) > MAX_IDS:
        raise ApiError("LIMIT_EXCEEDED", "ids limit exceeded", {"limit": MAX_IDS, "param_name": "ids"})
    if not all(map(is_id, ids)):
        raise invalid_id()
    return (row for row in map(table.get, dict.fromkeys(ids)) if row is not None)


_READ = ("ZohoCRM.modules.{module}.READ",)
ROUTES = (
    Route("GET", "/crm/{v}/{module}/actions/fetch_full_data", full_data, _READ),
    Route("GET", "/crm/{v}/{module}/{id}/actions/fetch_full_data", full_data, _READ),
    Route("GET", "/crm/{v}/{module}/{id}/{related}", related_records, _READ),
    Route("GET", "/crm/{v}/{module}/{id}", get_record, _READ),
    Route("GET", "/crm/{v}/{module}", list_records, _READ),
)
