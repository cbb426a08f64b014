"""The search index: `/search` and the counts, both as late as their switches say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, ApiError, Json, envelope, field_missing, invalid_data, ok
from crm_bridge_zoho.emulator.api.reading import read_fields, related_rows, sort_records
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.describing.metadata_shapes import view_id
from crm_bridge_zoho.emulator.paging import read_int
from crm_bridge_zoho.emulator.queries.coql_match import Test
from crm_bridge_zoho.emulator.queries.search_criteria import compile_search, refused
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.rendering import chosen, whole
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.state.store import Record

MOST_ROWS = 2_000
MOST_LISTS = 20
_KEYS = ("criteria", "email", "phone", "word")
_SHORTEST = {"word": 2, "phone": 3, "email": 1}
_APPROVAL = {"true": True, "false": False}
_PLAIN_TEXT = frozenset({"text", "textarea", "email", "phone", "website", "picklist", "autonumber"})


def search(call: Call) -> WireResponse:
    """GET /{module}/search: what the index knows, 2,000 rows at most."""
    module = call.module()
    key = next((name for name in _KEYS if call.params.get(name)), "")
    if not key:
        message = "One of the expected parameter is missing"
        raise ApiError("EXPECTED_PARAM_MISSING", message, {"param_names": list(_KEYS)})
    names = read_fields(call) if call.params.get("fields") else None
    size, number = read_int(call, "per_page", 200, 200), read_int(call, "page", 1, 10**9)
    if number * size > MOST_ROWS:
        raise ApiError("LIMIT_REACHED", "maximum response iteration limit reached", {"limit": str(MOST_ROWS)})
    sort_by, descending = _sort(call, module)
    found = (row for row in _indexed(call, module, call.switches.search_lag) if _approved(call, row))
    fits = _test(call, module, key)
    rows: Iterator[Record] = filter(fits, found)
    ordered = rows if sort_by == "id" and descending else iter(sort_records(rows, sort_by, descending=descending))
    window = list(islice(ordered, (number - 1) * size, number * size + 1))
    if not window:
        return EMPTY
    picked = window[:size]
    old = call.version == 2
    data = [
        chosen(call.org, row, names, old=old) if names is not None else whole(call.org, row, rows=False, old=old)
        for row in picked
    ]
    info = {
        "per_page": size, "count": len(picked), "sort_by": sort_by, "page": number,
        "sort_order": "desc" if descending else "asc", "more_records": len(window) > size,
    }  # fmt: skip
    return ok({"data": data, "info": info})


def count(call: Call) -> WireResponse:
    """GET /{module}/actions/count: all records, or those that fit one search key or view."""
    module = call.module()
    keys = [name for name in (*_KEYS, "cvid") if call.params.get(name)]
    if len(keys) > 1:
        parts = [{"param_name": name} for name in keys]
        text = "Please use either Cvid or Search Params. Combination of both the params is not allowed"
        raise ApiError("AMBIGUITY_DURING_PROCESSING", text, {"ambiguity_due_to": parts})
    if keys == ["cvid"] and call.params["cvid"] != view_id(module):
        raise invalid_data({"param_name": "cvid"}, "the cvid given seems to be invalid")
    fits = _test(call, module, keys[0]) if keys and keys != ["cvid"] else (lambda _record: True)
    return ok({"count": sum(map(fits, _indexed(call, module, call.switches.count_lag)))})


def related_counts(call: Call) -> WireResponse:
    """POST /{module}/{id}/actions/get_related_records_count: how many records related lists hold."""
    call.credits = 2
    key = "get_related_records_count"
    wanted = call.object_body().get(key)
    if wanted is None:
        raise field_missing(key, {"expected_data_type": "jsonarray", "json_path": f"$.{key}"})
    if not isinstance(wanted, list) or not wanted or len(wanted) > MOST_LISTS:
        raise invalid_data({"expected_data_type": "jsonarray", "api_name": key, "json_path": f"$.{key}"})
    record = call.record()
    if record is None:
        raise invalid_data({"resource_path_index": 1}, "the id given seems to be invalid")
    return ok({key: [_related_count(call, record.id, entry, n) for n, entry in enumerate(wanted)]})


def _related_count(call: Call, record_id: str, entry: object, number: int) -> Json:
    asked = entry.get("related_list") if isinstance(entry, dict) else None
    named = {str(value) for value in asked.values()} if isinstance(asked, dict) else set()
    for each in call.module().related:
        if named & {each.api_name, each.id}:
            shown = {"api_name": each.api_name, "id": each.id}
            rows = related_rows(call, each, record_id)
            return {"count": len(rows), "related_list": shown}
    path = f"$.get_related_records_count[{number}].related_list"
    text = "the relation name given seems to be invalid"
    return envelope("INVALID_DATA", text, {"api_name": "related_list", "json_path": path})


def _test(call: Call, module: Module, key: str) -> Test:
    text = call.params[key].strip()
    if key == "criteria":
        return compile_search(call.org, module, text)
    if len(text) < _SHORTEST[key]:
        raise refused(f"at least {_SHORTEST[key]} characters are needed", key)
    kinds = _PLAIN_TEXT if key == "word" else {key}
    names = [name for name, field in module.fields.items() if field.data_type in kinds]
    wanted = text.casefold()

    def fits(record: Record) -> bool:
        cells = record.cells
        return any(wanted in str(cells[name]).casefold() for name in names if name in cells)

    return fits


def _indexed(call: Call, module: Module, lag: float) -> Iterator[Record]:
    """Yield what the index holds, highest id first: records as they were `lag` seconds ago."""
    table = call.org.tables[module.api_name]
    past = call.org.past(module.api_name, lag)
    if not past:
        yield from table.scan(descending=True)
        return
    live = [past.get(row.id, row) for row in table.scan()]
    gone = [before for key, before in past.items() if key not in table.rows]
    yield from sort_records([row for row in (*live, *gone) if row is not None], "id", descending=True)


def _approved(call: Call, record: Record) -> bool:
    state = record.cells.get("$approval_state", "approved")
    if states := call.params.get("approval_state"):
        return state in states.split(",")
    wanted = _APPROVAL.get(call.params.get("approved", "").lower())
    return wanted is None or (state == "approved") == wanted


def _sort(call: Call, module: Module) -> tuple[str, bool]:
    sort_by = call.params.get("sort_by") or "id"
    order = call.params.get("sort_order") or "desc"
    if sort_by not in {"id", "Created_Time", "Modified_Time"} and sort_by not in module.fields:
        raise refused("the field is not available for sorting", sort_by)
    if order not in {"asc", "desc"}:
        raise refused("the order is not supported", sort_by)
    return sort_by, order == "desc"


_READ = "ZohoCRM.modules.{module}.READ"
_SEARCH = "ZohoSearch.securesearch.READ"
ROUTES = (
    Route("GET", "/crm/{v}/{module}/search", search, (_READ, _SEARCH)),
    Route("GET", "/crm/{v}/{module}/actions/count", count, (_READ, _SEARCH, "ZohoCRM.settings.layouts.READ")),
    Route("POST", "/crm/{v}/{module}/{id}/actions/get_related_records_count", related_counts, (_READ,)),
)
