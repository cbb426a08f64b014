"""Settings: modules, fields, related lists, layouts, custom views."""

from __future__ import annotations

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, Json, invalid_id, invalid_module, ok, param_missing
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.describing.metadata_fields import field_json
from crm_bridge_zoho.emulator.describing.metadata_shapes import (
    display_field,
    layout_json,
    module_json,
    related_json,
    status,
    view_json,
)
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.rendering import layout_id
from crm_bridge_zoho.emulator.state.schema import Module

_VIEW_KINDS = ("public_views", "other_users_views", "shared_with_me", "created_by_me")


def list_modules(call: Call) -> WireResponse:
    """GET /settings/modules."""
    wanted = set(filter(None, call.params.get("status", "visible").split(",")))
    listed = [m for m in call.org.modules.values() if call.org.shows_module(m.api_name)]
    shown = [m for m in listed if status(m) in wanted or "status" not in call.params]
    return ok({"modules": [module_json(call.org, module) for module in shown]}) if shown else EMPTY


def get_module(call: Call) -> WireResponse:
    """GET /settings/modules/{api_name or id}."""
    module = find_module(call.org, call.path["name"])
    if module is None:
        raise invalid_module(2)
    extra: Json = {
        "custom_view": view_json(module),
        "$properties": [],
        "search_layout_fields": list(module.fields)[:4],
        "lookup_field_properties": {"fields": []},
        "$on_demand_properties": None,
        "related_list_properties": {"sort_by": None, "fields": list(module.fields)[:4], "sort_order": None},
        "display_field": display_field(module),
        "kanban_view": False,
        "territory": None,
    }
    return ok({"modules": [module_json(call.org, module) | extra]})


def list_fields(call: Call) -> WireResponse:
    """GET /settings/fields?module=."""
    module = _named_module(call)
    org = call.org
    told = org.switches.hidden_fields_described != "nothing"
    fields = [field for field in module.fields.values() if told or not org.hides(module.api_name, field.api_name)]
    return ok({"fields": [field_json(org, module, field) for field in fields]})


def get_field(call: Call) -> WireResponse:
    """GET /settings/fields/{id}?module=."""
    module = _named_module(call)
    found = [f for f in module.fields.values() if call.path["name"] in (f.id, f.api_name)]
    return ok({"fields": [field_json(call.org, module, field) for field in found]}) if found else EMPTY


def list_related(call: Call) -> WireResponse:
    """GET /settings/related_lists?module=."""
    module = _named_module(call)
    lists = [related_json(call.org, module, each) for each in module.related]
    return ok({"related_lists": lists}) if lists else EMPTY


def get_related(call: Call) -> WireResponse:
    """GET /settings/related_lists/{id}?module=."""
    module = _named_module(call)
    lists = [related_json(call.org, module, each) for each in module.related if each.id == call.path["name"]]
    return ok({"related_lists": lists}) if lists else EMPTY


def list_layouts(call: Call) -> WireResponse:
    """GET /settings/layouts?module= and /settings/layouts/{id}?module=."""
    module = _named_module(call)
    if call.path.get("name", layout_id(module)) != layout_id(module):
        return EMPTY
    return ok({"layouts": [layout_json(call.org, module)]})


def list_views(call: Call) -> WireResponse:
    """GET /settings/custom_views?module= and /settings/custom_views/{id}?module=."""
    module = _named_module(call)
    view = view_json(module)
    if call.path.get("name", view["id"]) != view["id"]:
        raise invalid_id(3)
    translation = {name: name.replace("_", " ").title() for name in _VIEW_KINDS}
    info = {"per_page": 200, "default": view["id"], "count": 1, "page": 1, "more_records": False}
    info |= {"translation": translation}
    return ok({"custom_views": [view], "info": info})


def find_module(org: Org, name: str) -> Module | None:
    """Return a module by API name or id."""
    return org.module(name) or next((module for module in org.modules.values() if module.id == name), None)


def _named_module(call: Call) -> Module:
    name = call.params.get("module")
    if not name:
        raise param_missing("module")
    module = call.org.module(name)
    if module is None:
        raise invalid_module()
    return module


def _scope(area: str) -> tuple[str, ...]:
    return (f"ZohoCRM.settings.{area}.READ",)


ROUTES = (
    Route("GET", "/crm/{v}/settings/modules", list_modules, _scope("modules")),
    Route("GET", "/crm/{v}/settings/modules/{name}", get_module, _scope("modules")),
    Route("GET", "/crm/{v}/settings/fields", list_fields, _scope("fields")),
    Route("GET", "/crm/{v}/settings/fields/{name}", get_field, _scope("fields")),
    Route("GET", "/crm/{v}/settings/related_lists", list_related, _scope("related_lists")),
    Route("GET", "/crm/{v}/settings/related_lists/{name}", get_related, _scope("related_lists")),
    Route("GET", "/crm/{v}/settings/layouts", list_layouts, _scope("layouts")),
    Route("GET", "/crm/{v}/settings/layouts/{name}", list_layouts, _scope("layouts")),
    Route("GET", "/crm/{v}/settings/custom_views", list_views, _scope("custom_views")),
    Route("GET", "/crm/{v}/settings/custom_views/{name}", list_views, _scope("custom_views")),
)
