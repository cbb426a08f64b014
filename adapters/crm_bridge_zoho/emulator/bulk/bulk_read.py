"""Bulk read: a job that writes a module into a zipped CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import ApiError, Json, download, envelope, field_missing, ok
from crm_bridge_zoho.emulator.bulk.bulk_criteria import compile_group
from crm_bridge_zoho.emulator.bulk.bulk_jobs import find_job, need_json, packed, provenance, state
from crm_bridge_zoho.emulator.call import NOT_IN_LISTS, Call
from crm_bridge_zoho.emulator.describing.metadata_shapes import view_id
from crm_bridge_zoho.emulator.gate import too_many
from crm_bridge_zoho.emulator.queries.coql_match import ID, Path, Test, resolve
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import DAY, Org
from crm_bridge_zoho.emulator.state.schema import PEOPLE_TYPES, ROW_TYPES, Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.values import shown

CREDITS = 50
DOWNLOADS_PER_MINUTE = 10
_KIND = "bulk_read"
_NOT_READABLE = frozenset({"Notes", "Attachments"})


def create(call: Call) -> WireResponse:
    """POST /crm/bulk/v8/read."""
    need_json(call)
    body = call.object_body()
    query = body.get("query")
    if not isinstance(query, Mapping):
        raise field_missing("query", {"json_path": "$.query"})
    if body.get("file_type", "csv") != "csv":
        raise _refused("JOB_NOT_SUPPORTED", "file type not supported for the module", {})
    module = _module(call, query)
    start = _start(call, query)
    paths = _columns(call.org, module, query.get("fields"))
    fits = _fits(call, module, query)
    call.credits = CREDITS
    org, size = call.org, call.switches.bulk_page

    def work() -> None:
        rows = filter(fits, org.tables[module.api_name].scan())
        window = list(islice(rows, start, start + size + 1))
        cells = ([_cell(org, row, path) for path in paths] for row in window[:size])
        header = ["Id" if path.field is ID else path.text for path in paths]
        job.facts["file"] = packed(f"{job.id}.csv", header, cells)
        job.facts |= {"count": min(len(window), size), "more": len(window) > size}
        job.facts["token"] = _token(org, start + size) if len(window) > size else None

    facts = {"query": dict(query), "module": module, "created": org.now(), "page": start // size + 1}
    job = org.schedule(_KIND, work, **facts)
    details = {"id": job.id, "operation": "read", "state": "ADDED", **provenance(call, job)}
    added = envelope("ADDED_SUCCESSFULLY", "Added successfully.", details, "success")
    return ok({"data": [added], "info": {}}, 201)


def status(call: Call) -> WireResponse:
    """GET /crm/bulk/v8/read/{job}."""
    job = find_job(call, _KIND)
    facts, module = job.facts, job.facts["module"]
    query = facts["query"] | {"module": {"api_name": module.api_name, "id": module.id}, "page": facts["page"]}
    query = {"cvid": None, "fields": [], "criteria": None, **query}
    shown_job: Json = {"id": job.id, "operation": "read", "state": state(call, job), "query": query}
    shown_job |= {**provenance(call, job), "file_type": "csv"}
    if job.done:
        shown_job["result"] = {
            "page": facts["page"], "count": facts["count"], "per_page": call.switches.bulk_page,
            "download_url": f"/crm/bulk/v{call.path['v']}/read/{job.id}/result", "more_records": facts["more"],
            "next_page_token": facts["token"],
        }  # fmt: skip
    return ok({"data": [shown_job]})


def result(call: Call) -> WireResponse:
    """GET /crm/bulk/v8/read/{job}/result: the zip; ten downloads a minute."""
    job = find_job(call, _KIND)
    if not job.done:
        details = {"resource": job.id}
        raise ApiError("RESOURCE_NOT_FOUND", "The requested resource doesn't exist.", details, status=404)
    now = call.org.clock.now().timestamp()
    recent = [at for at in call.org.downloads if at > now - 60]
    if len(recent) >= DOWNLOADS_PER_MINUTE:
        raise too_many(call.switches)
    call.org.downloads[:] = [*recent, now]
    return download(f"{job.id}.zip", job.facts["file"])


def _module(call: Call, query: Mapping[str, Any]) -> Module:
    named = query.get("module")
    name = named.get("api_name") if isinstance(named, Mapping) else named
    module = call.org.module(name)
    if module is None or not module.api_supported or module.generated_type in NOT_IN_LISTS:
        raise _refused("MODULE_NOT_AVAILABLE", f"Requested module '{name}' is not available.", {})
    if module.api_name in _NOT_READABLE:
        raise ApiError("MODULE_NOT_SUPPORTED", "the module is not supported", {})
    return module


def _columns(org: Org, module: Module, names: Any) -> list[Path]:
    if not names:
        plain = [n for n, f in module.fields.items() if f.data_type not in ROW_TYPES | {"fileupload"}]
        names = ["id", *plain]
    paths = []
    for name in names:
        try:
            path = resolve(org, module, str(name))
        except ApiError:
            details = {"api_name": str(name), "module": module.api_name}
            raise _refused("FIELD_NOT_AVAILABLE", f"Requested field '{name}' is not available.", details) from None
        if path.field.data_type in ROW_TYPES | {"fileupload"}:
            details = {"api_name": str(name), "module": module.api_name}
            raise _refused("FIELD_NOT_SUPPORTED", f"Requested field '{name}' is not supported.", details)
        paths.append(path)
    return paths if any(path.field is ID and not path.steps for path in paths) else [Path("id", (), ID), *paths]


def _fits(call: Call, module: Module, query: Mapping[str, Any]) -> Test:
    view, criteria = query.get("cvid"), query.get("criteria")
    if view is not None and str(view) != view_id(module):
        raise ApiError("CVID_NOT_SUPPORTED", "cvid not supported", {})
    if criteria is None:
        return lambda _record: True
    return compile_group(call.org, module, criteria)


def _start(call: Call, query: Mapping[str, Any]) -> int:
    token, page = query.get("page_token"), query.get("page", 1)
    if token is not None:
        facts = call.org.page_tokens.get(str(token))
        if facts is None or facts["binding"] != _KIND:
            raise _refused("INVALID_REQUEST", "the page_token given seems to be invalid", {})
        if facts["expires"] <= call.org.now():
            raise ApiError("EXPIRED_VALUE", "Page token expired", {"param_name": "page_token"})
        return int(facts["start"])
    if page != 1:
        limit = call.switches.bulk_page
        raise ApiError("PAGE_RANGE_EXCEEDED", "page range exceeded: use page_token", {"max_limit": limit})
    return 0


def _token(org: Org, start: int) -> str:
    token = org.new_key(64)
    org.page_tokens[token] = {"start": start, "expires": org.now() + DAY, "binding": _KIND}
    return token


def _cell(org: Org, record: Record, path: Path) -> str:
    owner = path.owner(org, record)
    if owner is None:
        return ""
    if path.field is ID:
        return owner.id
    return "".join(_texts(shown(org, owner, path.field), path))


def _texts(value: Any, path: Path) -> Iterator[str]:
    """Yield the text of a cell: types are lost, as in Zoho's own CSV."""
    if value is None:
        return
    if path.field.data_type == "lookup" or path.field.data_type in PEOPLE_TYPES:
        yield str(value["id"])
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, list):
        yield ";".join(str(each["name"] if isinstance(each, dict) else each) for each in value)
    else:
        yield str(value)


def _refused(code: str, message: str, details: Mapping[str, Any]) -> ApiError:
    return ApiError(code, message, details, wrap="data")


_READ = ("ZohoCRM.bulk.READ",)
_AT = "/crm/bulk/{v}/read"
ROUTES = (
    Route("POST", _AT, create, _READ),
    Route("GET", f"{_AT}/{{job}}", status, _READ),
    Route("GET", f"{_AT}/{{job}}/result", result, _READ),
)
