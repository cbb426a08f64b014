"""Acting as somebody else at the CRM, and moving its switches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from crm_bridge.i18n import _
from crm_bridge_fxiaoke.emulator import switches
from crm_bridge_fxiaoke.emulator.auth import Gate
from crm_bridge_fxiaoke.emulator.control import adding, administering
from crm_bridge_fxiaoke.emulator.control.events import EVENT_KEY
from crm_bridge_fxiaoke.emulator.envelope import WireError
from crm_bridge_fxiaoke.emulator.limits import Limits
from crm_bridge_fxiaoke.emulator.seed import importer
from crm_bridge_fxiaoke.emulator.state import lifecycle
from crm_bridge_fxiaoke.emulator.state.state import Record, Table, World

SOMEBODY = "1001"
Arguments = Mapping[str, Any]


class Controlled(Protocol):
    """What the commands act on: a tenant's records, its tokens and its counters."""

    world: World
    gate: Gate
    limits: Limits

    def reseed(self) -> None:
        """Make the tenant's records anew."""
        ...


def run(emulator: Controlled, command: str, arguments: Arguments) -> Mapping[str, Any]:
    """Run one command; every mistake is an answer with `error`."""
    act = COMMANDS.get(command)
    if act is None:
        return {
            "error": _("there is no command {name}").format(name=command),
            "commands": sorted([*COMMANDS, "deliver"]),
        }
    try:
        return act(emulator, arguments)
    except WireError as refused:
        return {"error": refused.message, "code": refused.code}
    except KeyError as missing:
        return {"error": _("{command} needs {argument}").format(command=command, argument=missing.args[0])}
    except (TypeError, ValueError) as wrong:
        return {"error": str(wrong)}


def _found(world: World, arguments: Arguments) -> tuple[Table, Record]:
    key = str(arguments["id"])
    found = world.find(key)
    if found is None:
        raise ValueError(_("there is no record {id}").format(id=key))
    return found


def _actor(world: World, arguments: Arguments) -> str:
    wanted = str(arguments.get("actor") or SOMEBODY)
    people = world.employees.values()
    return next((person.id for person in people if wanted in (person.id, person.open_id, person.name)), wanted)


def _edit(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    world = emulator.world
    table, row = _found(world, arguments)
    name = importer.field_for(world, table.schema, str(arguments["field"]))
    value = importer.value_for(world, table.schema, name, arguments["value"])
    changed = world.change(table, row["_id"], {name: value}, _actor(world, arguments))
    world.did("updated", "update", table, changed, _actor(world, arguments))
    return {"id": row["_id"], "field": name, "value": value}


def _delete(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    world, actor = emulator.world, _actor(emulator.world, arguments)
    table, row = _found(world, arguments)
    if row["life_status"] != "invalid":
        lifecycle.put_in_bin(world, table, row["_id"], actor)
    if arguments.get("purge"):
        lifecycle.wipe(world, table, row["_id"], actor)
    return {"id": row["_id"], "place": _place(world, row["_id"])}


def _restore(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    world = emulator.world
    table, row = _found(world, arguments)
    lifecycle.check_voided(world, table, row["_id"])
    lifecycle.bring_back(world, table, row["_id"], _actor(world, arguments))
    return {"id": row["_id"], "place": _place(world, row["_id"])}


def _lock(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    world, on = emulator.world, bool(arguments.get("locked", True))
    table, row = _found(world, arguments)
    lifecycle.lock(world, table, [row["_id"]], _actor(world, arguments), on=on, details=False)
    return {"id": row["_id"], "locked": on}


def _contracts(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    table = emulator.world.tables[str(arguments.get("object") or emulator.world.main_object)]
    return {"ids": [key for key in table.ids if table.rows[key]["life_status"] != "invalid"]}


def _place(world: World, key: str) -> str:
    found = world.find(key)
    if found is None:
        return "gone"
    return "bin" if found[1]["life_status"] == "invalid" else "live"


def _record(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    world, key = emulator.world, str(arguments["id"])
    found = world.find(key)
    if found is not None:
        actor, since = world.voided.get(key, (None, None))
        told: dict[str, Any] = {"place": _place(world, key), "object": found[0].schema.name, "record": found[1]}
        return told | {"deleted_by": actor, "deleted_time": since}
    if key not in world.graves:
        raise ValueError(_("there is no record {id}").format(id=key))
    name, actor, since, row = world.graves[key]
    return {"place": "gone", "object": name, "record": row, "deleted_by": actor, "deleted_time": since}


def _advance(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    emulator.world.shift += float(arguments["seconds"])
    return {"now": emulator.world.now().isoformat()}


def _skew(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    emulator.world.shift = float(arguments["seconds"])
    return {"now": emulator.world.now().isoformat()}


def _switch(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    name = str(arguments["name"])
    emulator.world.switches = switches.turned(emulator.world.switches, name, arguments["value"])
    if name in switches.RESEEDING:
        emulator.reseed()
    if name == "legacy_contract_active":
        for legacy in ("ContractObj", "ContractProductObj"):
            emulator.world.tables[legacy].schema.active = emulator.world.switches.legacy_contract_active
        if not emulator.world.tables["ContractObj"].rows:
            emulator.reseed()
    return {"name": name, "value": getattr(emulator.world.switches, name)}


def _expire_tokens(emulator: Controlled, _arguments: Arguments) -> Mapping[str, Any]:
    emulator.gate.expire()
    return {"expired": True}


def _permission(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    emulator.world.rights |= {str(verb): bool(may) for verb, may in arguments.items()}
    return {"rights": dict(emulator.world.rights)}


def _hide(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    key, hidden = _found(emulator.world, arguments)[1]["_id"], bool(arguments.get("hidden", True))
    (emulator.world.hidden.add if hidden else emulator.world.hidden.discard)(key)
    return {"id": key, "hidden": hidden}


def _approval(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    state = "starts" if arguments["on"] else "off"
    emulator.world.switches = switches.turned(emulator.world.switches, "void_approval", state)
    return {"void_approval": state}


def _decide(state: str) -> Callable[[Controlled, Arguments], Mapping[str, Any]]:
    def act(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
        key = str(arguments["id"])
        item = lifecycle.open_approval(emulator.world, key) or emulator.world.instances.get(key)
        if item is None:
            raise ValueError(_("there is no approval of {id}").format(id=key))
        lifecycle.decide(emulator.world, item, state, _actor(emulator.world, arguments))
        return {"id": item.data_id, "instance": item.id, "state": item.state}

    return act


def _add(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    table, row = _found(emulator.world, arguments)
    text, actor = str(arguments.get("text") or "added meanwhile"), _actor(emulator.world, arguments)
    return {"id": adding.add(emulator.world, table, row, str(arguments["what"]), text, actor)}


def _quota(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    emulator.limits.turn_day(emulator.world)
    if "remaining" in arguments:
        emulator.limits.used = emulator.world.switches.daily_quota - int(arguments["remaining"])
    return {"used": emulator.limits.used, "remaining": emulator.world.switches.daily_quota - emulator.limits.used}


def _veto(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    key, text = _found(emulator.world, arguments)[1]["_id"], str(arguments.get("text", ""))
    emulator.world.vetoes.pop(key, None)
    if text:
        emulator.world.vetoes[key] = text
    return {"id": key, "text": text}


def _events(emulator: Controlled, arguments: Arguments) -> Mapping[str, Any]:
    told = list(emulator.world.outbox)
    if arguments.get("clear"):
        emulator.world.outbox.clear()
    return {"key": EVENT_KEY, "events": told}


def _in_world(
    act: Callable[[World, Arguments], Mapping[str, Any]],
) -> Callable[[Controlled, Arguments], Mapping[str, Any]]:
    return lambda emulator, arguments: act(emulator.world, arguments)


COMMANDS: Mapping[str, Callable[[Controlled, Arguments], Mapping[str, Any]]] = {
    "edit": _edit,
    "delete": _delete,
    "restore": _restore,
    "lock": _lock,
    "contracts": _contracts,
    "record": _record,
    "advance": _advance,
    "skew": _skew,
    "switch": _switch,
    "expire_tokens": _expire_tokens,
    "permission": _permission,
    "hide": _hide,
    "approval": _approval,
    "approve": _decide("pass"),
    "reject": _decide("reject"),
    "cancel": _decide("cancel"),
    "add": _add,
    "quota": _quota,
    "veto": _veto,
    "events": _events,
    "leave": _in_world(administering.leave),
    "rule": _in_world(administering.rule),
}
