"""The verbs that take records away or bring them back, with the key names that each path wants."""

from __future__ import annotations

from typing import Any

from crm_bridge_fxiaoke.emulator.api.objects import named
from crm_bridge_fxiaoke.emulator.call import Call, as_int, need_list
from crm_bridge_fxiaoke.emulator.envelope import WireError, business, missing
from crm_bridge_fxiaoke.emulator.state import lifecycle
from crm_bridge_fxiaoke.emulator.state.state import World


def invalid(world: World, call: Call) -> dict[str, Any]:
    """Answer data/invalid of both v2 families: one id, called `object_data_id`."""
    table = named(world, call)
    key = call.data.get("object_data_id")
    if not isinstance(key, str) or not key:
        raise missing("object_data_id")
    lifecycle.void(world, table, key, call.actor)
    return {}


def invalid_many(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/custom/data/invalid`: many ids, called `idList`."""
    table, keys = named(world, call), id_list(world, call)
    for key in lifecycle.passing(world, table, keys, "invalid"):
        lifecycle.void(world, table, key, call.actor)
    return {}


def recover(world: World, call: Call) -> dict[str, Any]:
    """Answer data/recover."""
    table, keys = named(world, call), id_list(world, call)
    for key in lifecycle.passing(world, table, keys, "recover"):
        lifecycle.recover(world, table, key, call.actor)
    return {}


def delete(world: World, call: Call) -> dict[str, Any]:
    """Answer data/delete: voided records only."""
    table, keys = named(world, call), id_list(world, call)
    for key in lifecycle.passing(world, table, keys, "delete"):
        lifecycle.delete(world, table, key, call.actor)
    return {}


def lock(world: World, call: Call) -> dict[str, Any]:
    """Answer object/lock."""
    return _set_lock(world, call, on=True)


def unlock(world: World, call: Call) -> dict[str, Any]:
    """Answer object/unlock."""
    return _set_lock(world, call, on=False)


def _set_lock(world: World, call: Call, *, on: bool) -> dict[str, Any]:
    table = named(world, call)
    keys = [str(key) for key in need_list(call.data, "dataIds")]
    for key in keys:
        row = lifecycle.seen(world, table, key)
        if row["life_status"] == "invalid":
            raise business(lifecycle.VOIDED)
        if row["life_status"] == "in_change":
            raise business("数据正在审批中")
    details = as_int(call.data.get("detailObjStrategy"), "detailObjStrategy", 1) == 1
    lifecycle.lock(world, table, keys, call.actor, on=on, details=details)
    return {}


def id_list(world: World, call: Call) -> list[str]:
    """Read `idList`, each id once; more than the batch takes is refused."""
    keys = need_list(call.data, "idList")
    if not all(isinstance(key, str) and key for key in keys):
        raise missing("idList")
    most = world.switches.max_batch_ids
    if most and len(keys) > most:
        raise WireError(32000, "idList is too long", f"idList 不能超过{most}")
    return list(dict.fromkeys(keys))
