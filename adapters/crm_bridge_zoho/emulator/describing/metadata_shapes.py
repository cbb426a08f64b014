"""Modules, related lists, layouts and views as the settings show them."""

from __future__ import annotations

from crm_bridge_zoho.emulator.answers import Json
from crm_bridge_zoho.emulator.describing.metadata_fields import field_json
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.rendering import author, layout_id
from crm_bridge_zoho.emulator.state.schema import Module, RelatedList

_HIDDEN = frozenset({"subform", "linking", "field_tracker"})


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
        "visibility": 8 if hidden else 1, "status": status(module), "global_search_supported": not hidden,
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


def related_json(org: Org, module: Module, entry: RelatedList) -> Json:
    """Return a related list as `/settings/related_lists` shows it."""
    target = org.modules[entry.module]
    return {
        "id": entry.id, "sequence_number": str(entry.sequence), "display_label": entry.label,
        "api_name": entry.api_name, "name": entry.label, "type": entry.kind, "action": None,
        "href": f"{module.api_name}/{{ENTITYID}}/{entry.api_name}",
        "module": {"api_name": target.api_name, "id": target.id},
        "connectedmodule": entry.module if entry.connected else None, "linkingmodule": entry.connected or None,
        "status": "visible", "visible": True, "fields": [], "sort_by": None, "sort_order": None,
        "customize_sort": True, "customize_fields": True, "customize_display_label": True,
    }  # fmt: skip


def display_field(module: Module) -> Json | None:
    """Return the field that names a record; None where the id does."""
    field = module.fields.get(module.display)
    return {"api_name": field.api_name, "id": field.id} if field else None


def layout_json(org: Org, module: Module) -> Json:
    """Return the one layout of a module with its fields."""
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


def view_json(module: Module) -> Json:
    """Return the view of all records of a module."""
    shown = [field for field in module.fields.values() if field.api_name == module.display]
    columns = [{"api_name": field.api_name, "id": field.id, "_pin": False} for field in shown]
    return {
        "id": view_id(module), "name": f"All {module.plural}", "system_name": "ALLVIEWS",
        "display_value": f"All {module.plural}",
        "category": "public_views", "default": True, "system_defined": True, "favorite": None, "sort_by": None,
        "sort_order": None, "fields": columns, "criteria": None, "shared_to": None,
        "created_by": None, "modified_by": None, "created_time": None, "modified_time": None, "locked": False,
        "access_type": "public", "module": {"api_name": module.api_name, "id": module.id}, "last_accessed_time": None,
        "offline": False,
    }  # fmt: skip


def view_id(module: Module) -> str:
    """Return the id of the view of all records of a module."""
    return str(int(module.id) + 5_000_000_000)


def status(module: Module) -> str:
    """Return whether a module is shown to people."""
    return "system_hidden" if module.generated_type in _HIDDEN else "visible"
