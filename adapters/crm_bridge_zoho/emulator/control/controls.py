"""What tests and rehearsals can make happen: other people's edits, faults, time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge.i18n import _
from crm_bridge.spi.emulator import Effect
from crm_bridge_zoho.emulator.api.locking import lift_lock, set_lock
from crm_bridge_zoho.emulator.control import adding
from crm_bridge_zoho.emulator.control.administering import leave, rule
from crm_bridge_zoho.emulator.control.lifecycle import clash, purge, restore, trash
from crm_bridge_zoho.emulator.gate import Meter
from crm_bridge_zoho.emulator.oauth import Accounts
from crm_bridge_zoho.emulator.seed.seed_people import user_id
from crm_bridge_zoho.emulator.seed.seed_records import attach, system_cells
from crm_bridge_zoho.emulator.state.org import BIN_RIGHT, Org
from crm_bridge_zoho.emulator.state.rendering import author, whole
from crm_bridge_zoho.emulator.state.schema import NUMBERS, PEOPLE_TYPES
from crm_bridge_zoho.emulator.state.store import Record

Answer = Mapping[str, Any]
Command = Callable[[Org, Mapping[str, Any]], Answer]


class ControlError(Exception):
    """A command that cannot be carried out; the text says why."""


def edit(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Somebody else edits a field: {id, field, value, actor?}."""
    record = _live(org, arguments)
    name = str(arguments.get("field", ""))
    field = org.modules[record.module].fields.get(name)
    if field is None:
        raise ControlError(_("there is no field {name}").format(name=name))
    value = _stored(field.holds, arguments.get("value"))
    actor = _actor(org, arguments)
    old = record.cells.get(name)
    org.remember(record.module, record.id, record)
    moved = max(org.now(), record.cells.get("Modified_Time", 0) + 1)
    org.tables[record.module].change(record, {name: value, "Modified_By": actor, "Modified_Time": moved})
    org.log(record.id, "updated", "crm_ui", actor, (name, old, value))
    return {"id": record.id, "effects": [("updated", record.id)]}


def delete(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Somebody else deletes a record: {id, actor?}."""
    return _effects(trash(org, _live(org, arguments), _actor(org, arguments), "crm_ui"))


def bring_back(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Somebody restores a record from the bin: {id, actor?}."""
    record_id = _binned(org, arguments)
    if field := clash(org, org.bin[record_id].record):
        raise ControlError(_("the value of {name} is taken").format(name=field))
    return _effects(restore(org, record_id, _actor(org, arguments)))


def wipe(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Somebody removes a record from the bin for good: {id, actor?}."""
    return _effects(purge(org, _binned(org, arguments), _actor(org, arguments)))


def lock(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Lock or unlock a record: {id, on?, actor?, reason?}."""
    found = _live(org, arguments)
    if arguments.get("on", True):
        set_lock(org, found, _actor(org, arguments), str(arguments.get("reason") or "under audit"))
    else:
        lift_lock(org, found)
    return {"id": found.id}


def approval(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Set the approval state of a record: {id, state}."""
    state = str(arguments.get("state") or "approval_process_pending")
    return _set(org, arguments, "$approval_state", None if state == "approved" else state)


def blueprint(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Put a record into a blueprint: {id, blocking?}; a blocking one refuses deletion."""
    return _set(org, arguments, "$process_flow", "blocking" if arguments.get("blocking") else "running")


def sharing(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Make a record read-only for the current user: {id, permission?}."""
    permission = str(arguments.get("permission") or "read_only")
    return _set(org, arguments, "$sharing_permission", None if permission == "full_access" else permission)


def merge(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Hold a record in a merge job: {id, on?}; with `into` it becomes part of that record: {id, into}."""
    if into := str(arguments.get("into") or ""):
        found, kept = _live(org, arguments), _live(org, {"id": into})
        for each in (found, *org.children(found)):
            org.remember(each.module, each.id, each)
            org.tables[each.module].drop(each.id)
        org.merged.add(found.id)
        return {"id": found.id, "into": kept.id}
    return _set(org, arguments, "$in_merge", True if arguments.get("on", True) else None)


def hide(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Make a record invisible to the current user, as private sharing does, or show it again: {id, on?}."""
    record_id = str(arguments.get("id", ""))
    if not arguments.get("on", True):
        if record_id not in org.hidden:
            raise ControlError(_("{id} is not hidden").format(id=record_id))
        org.tables[org.hidden[record_id].module].put(org.hidden.pop(record_id))
        return {"id": record_id}
    found = _live(org, arguments)
    org.tables[found.module].drop(found.id)
    org.hidden[found.id] = found
    return {"id": found.id}


def add_file(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Somebody attaches a file to a record or a note: {id, name, content?}, or a link: {id, name, url, type?}."""
    found = _live(org, arguments)
    system = system_cells(_actor(org, arguments), org.moment(), org.moment())
    name, link = str(arguments.get("name") or "file.txt"), str(arguments.get("url") or "")
    kind, content = str(arguments.get("type") or "Link URL"), str(arguments.get("content") or "").encode()
    return {"id": attach(org, found.module, found.id, name, content, system, link=link, kind=kind).id}


def skew(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Set the clock of the org ahead of everybody else's: {seconds}, negative for behind."""
    org.skew = float(arguments.get("seconds", 0))
    return {"now": org.stamp(org.now())}


def rename(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Give a field of the contract module another API name and label: {field, name, label?}."""
    module, old, name = org.modules[org.contract_module], str(arguments.get("field")), str(arguments.get("name"))
    if old not in module.fields or not name or name in module.fields:
        raise ControlError(_("there is no field {name}").format(name=old))
    found = replace(module.fields[old], api_name=name, label=str(arguments.get("label") or name))
    module.fields = {found.api_name if key == old else key: found if key == old else one
                     for key, one in module.fields.items()}  # fmt: skip
    table = org.tables[org.contract_module]
    for one in list(table.scan()):
        table.change(one, {name: one.cells.get(old), old: None})
    return {"field": name}


def contracts(org: Org, _arguments: Mapping[str, Any]) -> Answer:
    """Return the ids of the live contracts in id order."""
    return {"ids": [record.id for record in org.tables[org.contract_module].scan()]}


def record(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Return a record with its place: live, bin or gone."""
    record_id = str(arguments.get("id", ""))
    answer: dict[str, Any] = {"place": "gone", "record": {}, "deleted_by": None, "deleted_time": None}
    if live := org.find(record_id) or org.hidden.get(record_id):
        return answer | {"place": "live", "record": whole(org, live)}
    if entry := org.bin.get(record_id):
        by, at = author(org, entry.actor), org.stamp(entry.at)
        return answer | {"place": "bin", "record": whole(org, entry.record), "deleted_by": by, "deleted_time": at}
    return answer


def profile(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Give or take rights of the current user's profile: {delete?, mass_delete?, recycle_bin?, create?}."""
    denied = org.profiles[org.users[org.me].profile].denied
    module = org.modules[org.contract_module]
    rights = {"delete": module.right("Delete"), "mass_delete": module.right("Mass_Delete"), "recycle_bin": BIN_RIGHT,
              "create": module.right("Create")}  # fmt: skip
    for key, name in rights.items():
        if key in arguments:
            denied.discard(name) if arguments[key] else denied.add(name)
    return {"denied": sorted(denied)}


def add(org: Org, arguments: Mapping[str, Any]) -> Answer:
    """Somebody else adds something to a contract: {id, what, text?}, with `what` as in `adding.KINDS`."""
    found = _live(org, arguments)
    if arguments.get("what") not in adding.KINDS:
        raise ControlError(_("`what` must be one of {names}").format(names=", ".join(adding.KINDS)))
    return {"id": adding.add(org, found, arguments).id}


COMMANDS: Mapping[str, Command] = {
    "edit": edit, "delete": delete, "restore": bring_back, "purge": wipe, "lock": lock, "approval": approval,
    "blueprint": blueprint, "sharing": sharing, "merge": merge, "contracts": contracts, "record": record,
    "profile": profile, "hide": hide, "rename_field": rename, "add": add,
    "leave": leave, "rule": rule, "attach": add_file, "skew": skew,
}  # fmt: skip


def session_command(accounts: Accounts, meter: Meter, command: str, arguments: Mapping[str, Any]) -> Answer | None:
    """Carry out a command about tokens, scopes or credits; None for other commands."""
    if command == "expire_tokens":
        return {"expired": accounts.expire()}
    if command == "revoke":
        return {"revoked": accounts.revoke(accounts.refresh_token)}
    if command == "scopes":
        scopes = arguments.get("list")
        if not isinstance(scopes, list):
            raise ControlError(_("`list` must be a list of scopes"))
        for grant in accounts.grants.values():
            grant.scopes[:] = [str(scope) for scope in scopes]
        return {"scopes": scopes}
    if command == "grant_code":
        wanted = arguments.get("scopes") or list(next(iter(accounts.grants.values())).scopes)
        return {"code": accounts.new_code([str(scope) for scope in wanted])}
    if command == "device_enter":
        answer = str(arguments.get("answer", "accept"))
        return {"found": accounts.devices.enter(str(arguments.get("user_code", "")), answer)}
    if command == "credits":
        if "remaining" in arguments:
            meter.leave(int(arguments["remaining"]))
        return {"remaining": meter.remaining()}
    return None


def advance(org: Org, clock: object, arguments: Mapping[str, Any]) -> tuple[Answer, timedelta]:
    """Move time forward: {seconds}. A manual clock is moved; any other is shifted for this emulator alone."""
    seconds = float(arguments.get("seconds", 0))
    mover = getattr(clock, "advance", None)
    if callable(mover):
        mover(seconds)
        return {"now": org.stamp(org.now())}, timedelta()
    return {"seconds": seconds}, timedelta(seconds=seconds)


def _live(org: Org, arguments: Mapping[str, Any]) -> Record:
    found = org.find(str(arguments.get("id", "")))
    if found is None:
        raise ControlError(_("there is no live record {id}").format(id=arguments.get("id", "")))
    return found


def _binned(org: Org, arguments: Mapping[str, Any]) -> str:
    record_id = str(arguments.get("id", ""))
    if record_id not in org.bin:
        raise ControlError(_("{id} is not in the recycle bin").format(id=record_id))
    return record_id


def _actor(org: Org, arguments: Mapping[str, Any]) -> str:
    """Return who acts: a user named by id, name or e-mail, by default somebody else than the current user."""
    wanted = arguments.get("actor")
    for user in org.users.values():
        if wanted in (user.id, user.full_name, user.email):
            return user.id
    return user_id(1)


def _set(org: Org, arguments: Mapping[str, Any], name: str, value: Any) -> Answer:
    found = _live(org, arguments)
    org.tables[found.module].change(found, {name: value})
    return {"id": found.id}


def _effects(effects: list[Effect]) -> Answer:
    return {"effects": [(effect.kind, effect.id) for effect in effects]}


def _stored(kind: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if kind in NUMBERS:
        try:
            return int(value) if kind in {"integer", "bigint"} else Decimal(str(value))
        except (ValueError, InvalidOperation) as broken:
            raise ControlError(_("{value} is not a number").format(value=value)) from broken
    if kind == "lookup" or kind in PEOPLE_TYPES:
        return str(value.get("id") if isinstance(value, Mapping) else value)
    return value
