"""The timeline of a record: who did what to it, newest first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, ApiError, Json, invalid_id, invalid_param, ok
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.paging import page_of_token, plain_page, token_for
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Event, Org
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.times import instant
from crm_bridge_zoho.emulator.state.values import reference

Fits = Callable[[Event], bool]
_BIRTH = 6_000_000_000
"""What is added to a record's id to get the id of the line that tells of its creation."""


def timeline(call: Call) -> WireResponse:
    """GET /{module}/{id}/__timeline."""
    module, record = call.module(), call.record()
    if record is None:
        raise invalid_id()
    if call.params.get("sort_by", "audited_time") != "audited_time":
        raise invalid_param("sort_by")
    fits = _filters(call, module) if "filters" in call.params else (lambda _event: True)
    events = [event for event in (*call.org.events.get(record.id, ()), *_birth(record)) if fits(event)]
    newest_first = call.params.get("sort_order", "desc") == "desc"
    events.sort(key=lambda event: (event.at, int(event.id)), reverse=newest_first)
    token = call.params.get("page_token")
    page = page_of_token(call, token, plain_page(call).size) if token else plain_page(call)
    shown = events[page.start : page.start + page.size]
    if not shown:
        return EMPTY
    more = len(events) > page.start + page.size
    info = {
        "per_page": page.size, "next_page_token": token_for(call, page.start + page.size, page.number + 1, more),
        "count": len(shown), "page": page.number,
        "previous_page_token": token_for(call, page.start - page.size, page.number - 1, page.number > 1),
        "more_records": more,
    }  # fmt: skip
    return ok({"__timeline": [_line(call.org, module, record, event) for event in shown], "info": info})


def _birth(record: Record) -> list[Event]:
    cells = record.cells
    if "Created_Time" not in cells:
        return []
    return [Event(str(int(record.id) + _BIRTH), cells["Created_Time"], "added", "crm_ui", cells["Created_By"])]


def _line(org: Org, module: Module, record: Record, event: Event) -> Json:
    user = org.users.get(event.actor)
    done_by: Json | None = None
    if user:
        profile = {"name": org.profiles[user.profile].name, "id": user.profile}
        done_by = {"name": user.full_name, "id": user.id, "type__s": "regular user", "profile": profile}
    return {
        "id": event.id,
        "audited_time": org.stamp(event.at),
        "action": event.action,
        "source": event.source,
        "done_by": done_by,
        "record": {
            "name": org.display(record),
            "id": record.id,
            "module": {"api_name": module.api_name, "id": module.id},
        },
        "related_record": None,
        "automation_details": None,
        "extension": None,
        "type": None,
        "field_history": [_change(org, module, *change) for change in event.changes] or None,
    }


def _change(org: Org, module: Module, name: str, old: Any, new: Any) -> Json:
    field = module.fields[name]
    values = {"old": _text(org, module, name, old), "new": _text(org, module, name, new)}
    return {
        "api_name": name,
        "field_label": field.label,
        "data_type": field.data_type,
        "_value": values,
        "id": field.id,
        "pick_list_values": [],
        "enable_colour_code": False,
    }


def _text(org: Org, module: Module, name: str, value: Any) -> str | None:
    field = module.fields[name]
    if value is None:
        return None
    if field.data_type == "lookup":
        target = reference(org, field.target, value)
        return str(target["name"]) if target else None
    if field.data_type == "datetime":
        return org.stamp(value)
    if isinstance(value, list):
        return ";".join(map(str, value))
    return org.users[value].full_name if value in org.users else str(value)


def _filters(call: Call, module: Module) -> Fits:
    try:
        asked = json.loads(call.params["filters"])
    except ValueError as broken:
        raise invalid_param("filters") from broken
    return _compile(asked, module)


def _compile(asked: Any, module: Module) -> Fits:
    if not isinstance(asked, Mapping):
        raise invalid_param("filters")
    if isinstance(asked.get("group"), list):
        tests = [_compile(each, module) for each in asked["group"]]
        join = any if str(asked.get("group_operator")).lower() == "or" else all
        return lambda event: join(test(event) for test in tests)
    field = asked.get("field")
    name = field.get("api_name") if isinstance(field, Mapping) else asked.get("api_name")
    value = asked.get("value")
    values = list(map(str, value if isinstance(value, list) else [value]))
    readers: dict[str, Callable[[Event], str]] = {
        "source": lambda event: event.source,
        "done_by.id": lambda event: event.actor,
        "record.module.api_name": lambda _event: module.api_name,
        "action": lambda event: event.action,
    }
    if name == "audited_time":
        return _between(values)
    if name not in readers or asked.get("comparator") not in {"equal", "in"}:
        raise ApiError("PATTERN_NOT_MATCHED", "the filters given seems to be invalid", {"param_name": "filters"})
    read = readers[str(name)]
    return lambda event: read(event) in values


def _between(values: list[str]) -> Fits:
    moments = [instant(value) for value in values]
    if len(moments) != 2 or None in moments:
        raise invalid_param("filters")
    low, high = (moment or 0 for moment in moments)
    return lambda event: low <= event.at <= high


ROUTES = (Route("GET", "/crm/{v}/{module}/{id}/__timeline", timeline, ("ZohoCRM.modules.{module}.READ",)),)
