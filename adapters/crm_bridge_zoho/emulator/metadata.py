"""Settings: modules, fields, related lists, layouts, custom views."""

from __future__ import annotations

from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, Json, invalid_module, invalid_param, ok, param_missing
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.org import Org
from crm_bridge_zoho.emulator.rendering import author, layout_id
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.schema import JSON_TYPES, ROW_TYPES, Field, Module, RelatedList

_HIDDEN = frozenset({"subform", "linking", "field_tracker"})


def list_modules(call: Call) -> WireResponse:
    """GET /settings/modules."""
    wanted = set(filter(None, call.params.get("status", "visible").split(",")))
    shown = [m for m in call.org.modules.values() if _status(m) in wanted or "status" not in call.params]
    return ok({"modules": [module_json(call.org, module) for module in shown]}) if shown else EMPTY


def get_module(call: Call) -> WireResponse:
    """GET /settings/modules/{api_name or id}."""
    module = find_module(call.org, call.path["name"])
    if module is None:
        raise invalid_module(2)
    extra: Json = {
        "custom_view": _view(module),
        "$properties": [],
        "search_layout_fields": list(module.fields)[:4],
        "lookup_field_properties": {"fields": []},
        "$on_demand_properties": None,
        "related_list_properties": {"sort_by": None, "fields": list(module.fields)[:4], "sort_order": None},
        "display_field": module.display,
        "kanban_view": False,
        "territory": None,
    }
    return ok({"modules": [module_json(call.org, module) | extra]})


def list_fields(call: Call) -> WireResponse:
    """GET /settings/fields?module=."""
    module = _named_module(call)
    return ok({"fields": [field_json(call.org, module, field) for field in module.fields.values()]})


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
    return ok({"layouts": [_layout_json(call.org, module)]})


def list_views(call: Call) -> WireResponse:
    """GET /settings/custom_views?module= and /settings/custom_views/{id}?module=."""
    module = _named_module(call)
    view = _view(module)
    if call.path.get("name", view["id"]) != view["id"]:
        raise invalid_param("id")
    info = {"per_page": 200, "default": view["id"], "count": 1, "page": 1, "more_records": False, "translation": {}}
    return ok({"custom_views": [view], "info": info})


def find_module(org: Org, name: str) -> Module | None:
    """Return a module by API name or id."""
    return org.modules.get(name) or next((module for module in org.modules.values() if module.id == name), None)


def module_json(org: Org, module: Module) -> Json:
    """Return a module as `/settings/modules` shows it."""
    hidden = module.generated_type in _HIDDEN
    deletable = module.deletable and (module.api_name != org.contract_module or org.switches.contracts_deletable)
    return {
        "id": module.id, "api_name": module.api_name, "module_name": module.module_name,
        "singular_label": module.singular, "plural_label": module.plural,
        "actual_singular_label": module.singular, "actual_plural_label": module.plural,
        "generated_type": module.generated_type, "api_supported": module.api_supported,
        "viewable": True, "creatable": not hidden, "editable": not hidden, "deletable": deletable, "convertable": False,
        "recycle_bin_on_delete": module.recycles, "show_as_tab": not hidden, "visible": not hidden,
        "visibility": 8 if hidden else 1, "status": _status(module), "global_search_supported": not hidden,
        "presence_sub_menu": not hidden, "triggers_supported": not hidden, "isBlueprintSupported": not hidden,
        "feeds_required": False, "scoring_supported": not hidden, "webform_supported": not hidden,
        "emailTemplate_support": not hidden, "quick_create": not hidden, "inventory_template_supported": False,
        "filter_status": True, "has_more_profiles": False, "profile_count": len(org.profiles),
        "profiles": [{"name": profile.name, "id": profile.id} for profile in org.profiles.values()],
        "parent_module": {}, "access_type": "org_based",
        "sequence_number": list(org.modules).index(module.api_name) + 1, "per_page": 20, "business_card_field_limit": 5,
        "modified_by": author(org, org.me) if module.custom else None,
        "modified_time": org.stamp(1_768_208_400) if module.custom else None, "description": None, "$field": None,
        "web_link": None, "sub_menu_available": not hidden, "arguments": [],
    }  # fmt: skip


def field_json(org: Org, module: Module, field: Field) -> Json:
    """Return a field as `/settings/fields` shows it."""
    writable = not field.read_only
    system = field.read_only and not field.custom
    return {
        "id": field.id, "api_name": field.api_name, "field_label": field.label, "display_label": field.label,
        "data_type": field.data_type, "json_type": JSON_TYPES.get(field.holds, "string"), "length": field.length,
        "decimal_place": 2 if field.holds in {"currency", "double", "percent"} else None,
        "system_mandatory": field.mandatory, "read_only": field.read_only, "field_read_only": system,
        "visible": True, "custom_field": field.custom, "virtual_field": False,
        "searchable": field.data_type not in ROW_TYPES, "sortable": field.data_type not in ROW_TYPES,
        "filterable": field.data_type not in ROW_TYPES, "mass_update": writable, "businesscard_supported": True,
        "pick_list_values": _choices(field), "pick_list_values_sorted_lexically": False, "enable_colour_code": False,
        "global_picklist": None, "history_tracking": None, "history_tracking_enabled": False,
        **_type_parts(org, module, field),
        "tooltip": None, "crypt": None, "created_source": "default" if not field.custom else "crm", "ui_type": 2,
        "quick_sequence_number": None, "display_field": field.api_name == module.display, "show_type": 7,
        "separator": False, "type": "used",
        "view_type": {"view": True, "edit": writable, "create": writable, "quick_create": False},
        "operation_type": dict.fromkeys(("web_update", "web_create", "api_update", "api_create"), writable),
        "profiles": [
            {"id": p.id, "name": p.name, "permission_type": "read_write" if writable else "read_only"}
            for p in org.profiles.values()
        ],
        "layout_associations": [{"id": layout_id(module), "name": "Standard", "api_name": "Standard"}],
        "private": None, "additional_column": None, "convert_mapping": None,
    }  # fmt: skip


def related_json(org: Org, module: Module, entry: RelatedList) -> Json:
    """Return a related list as `/settings/related_lists` shows it."""
    target = org.modules[entry.module]
    return {
        "id": entry.id, "sequence_number": str(entry.sequence), "display_label": entry.label,
        "api_name": entry.api_name, "name": entry.label, "type": entry.kind, "action": None,
        "href": f"{module.api_name}/{{ENTITYID}}/{entry.api_name}",
        "module": {"api_name": target.api_name, "id": target.id},
        "connectedmodule": entry.module if entry.connected else None, "linkingmodule": entry.connected or None,
        "status": "visible",
    }  # fmt: skip


def _named_module(call: Call) -> Module:
    name = call.params.get("module")
    if not name:
        raise param_missing("module")
    module = call.org.modules.get(name)
    if module is None:
        raise invalid_module()
    return module


def _type_parts(org: Org, module: Module, field: Field) -> Json:
    def ref(name: str) -> Json:
        target = org.modules.get(name)
        return {"api_name": name, "id": target.id if target else ""}

    kind = field.data_type
    parts: dict[str, Any] = {
        "unique": {"casesensitive": "false"} if field.unique else {}, "lookup": {}, "multiselectlookup": {},
        "multiuserlookup": {}, "subform": None, "associated_module": None, "currency": {}, "auto_number": {},
        "formula": {}, "rollup_summary": {},
        "external": {"type": field.external, "show": True} if field.external else None,
    }  # fmt: skip
    if kind == "lookup":
        parts["lookup"] = {
            "display_label": field.list_name or field.label, "api_name": field.list_name or None,
            "module": ref(field.target), "id": str(int(field.id) + 50_000_000), "revalidate_filter_during_edit": False,
            "query_details": {},
        }  # fmt: skip
    elif kind == "currency":
        parts["currency"] = {"rounding_option": "normal", "precision": 2}
    elif kind == "autonumber":
        parts["auto_number"] = {"prefix": field.prefix, "suffix": "", "start_number": 1}
    elif kind == "formula":
        parts["formula"] = {
            "return_type": field.returns, "expression": "Datecomp(${End_Date},${Start_Date})/1440",
            "assume_default": False, "dynamic": False,
        }  # fmt: skip
    elif kind == "subform":
        target = ref(field.target)
        parts["associated_module"] = {"module": field.target, "id": target["id"]}
        parts["subform"] = {"module": target, "id": str(int(field.id) + 50_000_000)}
    elif kind == "multiselectlookup":
        parts["multiselectlookup"] = _linking(org, module, field)
    elif kind == "textarea":
        parts["textarea"] = {"type": "rich_text" if field.rich else "large"}
    elif kind == "fileupload":
        parts["blueprint_supported"] = False
    return parts


def _linking(org: Org, module: Module, field: Field) -> Json:
    linking, target = org.modules[field.link_module], org.modules[field.target]
    here = next(f for f in linking.fields.values() if f.target == module.api_name)
    there = next(f for f in linking.fields.values() if f.target == field.target)
    return {
        "linking_details": {
            "module": {"api_name": linking.api_name, "id": linking.id, "visibility": 8},
            "lookup_field": {"api_name": here.api_name, "id": here.id},
            "connected_lookup_field": {"api_name": there.api_name, "id": there.id},
        },
        "connected_details": {
            "module": {"api_name": target.api_name, "id": target.id},
            "field": {"api_name": field.list_name, "id": there.id},
            "layouts": [],
        },
        "record_access": False,
    }


def _choices(field: Field) -> list[Json]:
    first = int(field.id or 0) + 60_000_000
    return [
        {
            "display_value": choice, "actual_value": choice, "reference_value": choice, "sequence_number": n + 1,
            "id": str(first + n), "type": "used", "colour_code": None, "expected_data_type": None,
        }
        for n, choice in enumerate(field.choices)
    ]  # fmt: skip


def _layout_json(org: Org, module: Module) -> Json:
    section = {
        "display_label": f"{module.singular} Information", "sequence_number": 1, "issubformsection": False,
        "tab_traversal": 2, "api_name": f"{module.singular} Information", "column_count": 2,
        "name": f"{module.singular} Information", "generated_type": "default", "type": "used",
        "fields": [field_json(org, module, field) for field in module.fields.values()], "properties": None,
    }  # fmt: skip
    return {
        "id": layout_id(module), "name": "Standard", "api_name": "Standard", "display_label": "Standard",
        "status": "active", "visible": True, "has_more_profiles": False, "source": "crm", "generated_type": "system",
        "created_for": None, "created_by": None, "created_time": None, "modified_by": None, "modified_time": None,
        "show_business_card": True, "mode": "view", "convert_mapping": None, "actions_allowed": None,
        "display_type": 1, "profiles": [{"id": p.id, "name": p.name, "default": True} for p in org.profiles.values()],
        "sections": [section],
    }  # fmt: skip


def _view(module: Module) -> Json:
    shown = [field for field in module.fields.values() if field.api_name == module.display]
    columns = [{"api_name": field.api_name, "id": field.id} for field in shown]
    return {
        "id": view_id(module), "name": f"All {module.plural}", "system_name": "ALLVIEWS",
        "display_value": f"All {module.plural}",
        "category": "public_views", "default": True, "system_defined": True, "favorite": None, "sort_by": None,
        "sort_order": None, "fields": columns, "criteria": None, "shared_to": None,
        "created_by": None, "modified_by": None, "created_time": None, "modified_time": None, "locked": False,
    }  # fmt: skip


def view_id(module: Module) -> str:
    """Return the id of the view of all records of a module."""
    return str(int(module.id) + 5_000_000_000)


def _status(module: Module) -> str:
    return "system_hidden" if module.generated_type in _HIDDEN else "visible"


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
