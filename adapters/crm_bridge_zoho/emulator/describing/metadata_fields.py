"""Fields as `/settings/fields` shows them: what they hold, what they point to."""

from __future__ import annotations

from typing import Any

from crm_bridge_zoho.emulator.answers import Json
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.rendering import layout_id
from crm_bridge_zoho.emulator.state.schema import JSON_TYPES, ROW_TYPES, Field, Module


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
            {"id": p.id, "name": p.name, "permission_type": _permission(org, module, field, p.id)}
            for p in org.profiles.values()
        ],
        "layout_associations": [{"id": layout_id(module), "name": "Standard", "api_name": "Standard"}],
        "private": None, "additional_column": None, "convert_mapping": None,
    }  # fmt: skip


def _permission(org: Org, module: Module, field: Field, profile: str) -> str:
    mine = profile == org.users[org.me].profile
    if mine and org.hides(module.api_name, field.api_name) and org.switches.hidden_fields_described == "hidden":
        return "hidden"
    return "read_only" if field.read_only else "read_write"


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
