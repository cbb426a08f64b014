"""Records as reads show them: chosen fields, or everything with the system keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm_bridge_zoho.emulator.answers import Json
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import ROW_TYPES, Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.values import person, reference, rows_of, shown

_IDLE = {"approve": False, "reject": False, "resubmit": False}
_ALWAYS = ("$sharing_permission", "$editable")


def layout(module: Module) -> Json:
    """Return the one layout of a module, as records name it."""
    return {"name": "Standard", "id": layout_id(module), "display_label": "Standard"}


def layout_id(module: Module) -> str:
    """Return the id of the layout of a module."""
    return str(int(module.id) + 3_000_000_000)


def system_keys(org: Org, record: Record, *, old: bool = False) -> Json:
    """Return the `$` keys of a record, `$has_more` apart; `old` rows, of v2, have more of them."""
    cells = record.cells
    locked = bool(cells.get("Locked__s"))
    sharing = cells.get("$sharing_permission", "full_access")
    keys: Json = {
        "$currency_symbol": "€",
        "$field_states": None,
        "$sharing_permission": sharing,
        "$process_flow": bool(cells.get("$process_flow")),
        "$locked_for_me": locked,
        "$approval": {"delegate": False, **_IDLE},
        "$approval_state": cells.get("$approval_state", "approved"),
        "$review_process": dict(_IDLE),
        "$review": None,
        "$in_merge": bool(cells.get("$in_merge")),
        "$editable": sharing != "read_only" and not locked,
        "$wizard_connection_path": None,
        "$zia_visions": None,
        "$zia_owner_assignment": "owner_recommendation_unavailable",
        "$orchestration": False,
        "$pathfinder": False,
        "$canvas_id": None,
        "$converted": False,
    }
    if not old:
        return keys
    approval = {"delegate": False, "takeover": False, **_IDLE}
    approved = keys["$approval_state"] == "approved"
    layout_of = {"name": "Standard", "id": layout_id(org.modules[record.module])}
    return keys | {"$approval": approval, "$approved": approved, "$state": "save", "$layout_id": layout_of}


def whole(org: Org, record: Record, *, rows: bool = True, old: bool = False) -> Json:
    """Return everything about a record; `rows` adds subforms, links and `$has_more` (get by id only)."""
    module = org.modules[record.module]
    shown_as: Json = {"id": record.id}
    more: dict[str, bool] = {}
    for name, field in module.fields.items():
        if org.hides(record.module, name):
            continue
        if field.data_type not in ROW_TYPES:
            shown_as[name] = shown(org, record, field, cut=True)
        elif rows:
            shown_as[name], more[name] = rows_of(org, record, field)
    shown_as["Layout"] = layout(module)
    if not record.module.startswith(("Notes", "Attachments")):
        shown_as["Record_Image"] = None
    shown_as |= system_keys(org, record, old=old) | child_keys(org, record, old=old)
    if rows and module.custom:
        shown_as["$has_more"] = more
    return shown_as


def chosen(org: Org, record: Record, names: Sequence[str], *, old: bool = False) -> Json:
    """Return the id and the named fields, as lists do: no rows, unknown names left out."""
    module = org.modules[record.module]
    shown_as: Json = {"id": record.id}
    extra: Json = {}
    for name in names:
        field = module.fields.get(name)
        if org.hides(record.module, name):
            continue
        if field is not None:
            if field.data_type not in ROW_TYPES:
                shown_as[name] = shown(org, record, field, cut=True)
        elif name == "Layout":
            shown_as[name] = layout(module)
        elif name.startswith("$") or name in {"Parent_Id", "Record_Image"}:
            extra = extra or {
                **system_keys(org, record, old=old),
                **child_keys(org, record, old=old),
                "Record_Image": None,
            }
            if name in extra:
                shown_as[name] = extra[name]
    return shown_as


def child_keys(org: Org, record: Record, *, old: bool = False) -> Json:
    """Return what notes and attachments say about their parent and their file."""
    cells = record.cells
    if "$se_module" not in cells:
        return {}
    module = cells["$se_module"]
    keys: dict[str, Any] = {"$se_module": module}
    if parent := reference(org, module, cells["Parent_Id"]):
        keys["Parent_Id"] = parent if old else {**parent, "module": {"api_name": module, "id": org.modules[module].id}}
    if record.module == "Attachments":
        keys |= {
            "$type": cells["$type"],
            "$file_id": cells.get("$file_id"),
            "$link_url": cells.get("$link_url"),
            "$state": "save",
            "$attachment_type": 0,
        }
    else:
        files = org.tables["Attachments"].linked("Parent_Id", record.id)
        keys |= {
            "$is_shared_to_client": False,
            "$size": None,
            "$state": "save",
            "$voice_note": False,
            "$attachments": [whole(org, file, rows=False, old=old) for file in files],
        }
    return keys


def author(org: Org, user: str) -> Json | None:
    """Return a user without e-mail, as results of writes show one."""
    return person(org, user, email=False)
