"""Which object a call means, and whether its path serves it; what describe says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge_fxiaoke.emulator.call import Call, as_bool
from crm_bridge_fxiaoke.emulator.envelope import missing, no_such_path
from crm_bridge_fxiaoke.emulator.state.state import Table, World

_CUSTOM_ONLY = frozenset({"invalid", "recover", "delete", "update", "query"})
"""Verbs that the vendor's pages keep for objects in `__c` on the custom paths; clients use the others for all."""


def table_of(world: World, call: Call, name: object) -> Table:
    """Return the object of a data call; 10006 where the path family does not serve it."""
    if not isinstance(name, str) or not name:
        raise missing("dataObjectApiName")
    table = world.tables.get(name)
    custom_path = call.path.startswith("/cgi/crm/custom/")
    rule = world.switches.path_families
    lenient = rule == "preset_anywhere" or call.path.rpartition("/")[2] not in _CUSTOM_ONLY
    served = name.endswith("__c") == custom_path or rule == "any" or (lenient and custom_path)
    served = served or call.path.startswith("/cgi/crm/data/")  # V1 has one family
    if table is None or not table.schema.active or not served:
        raise no_such_path(call.path, name)
    return table


def named(world: World, call: Call) -> Table:
    """Return the object named by `data.dataObjectApiName`."""
    return table_of(world, call, call.data.get("dataObjectApiName"))


def listing(world: World, _call: Call) -> dict[str, Any]:
    """Answer object/list."""
    return {"data": {"objects": [table.schema.listed() for table in world.tables.values()]}}


def describe(world: World, call: Call) -> dict[str, Any]:
    """Answer object/describe in each of the three request shapes."""
    source: Mapping[str, Any] = call.body if call.body.get("apiName") else call.data
    name = source.get("apiName")
    if not isinstance(name, str) or not name:
        raise missing("apiName")
    if name not in world.tables or not world.tables[name].schema.active:
        raise no_such_path(call.path, name)
    hidden = () if world.switches.hidden_described else world.switches.hidden_fields
    content: dict[str, Any] = {"describe": world.tables[name].schema.describe(hidden)}
    for field, label in world.switches.field_labels.items():
        if field in content["describe"]["fields"]:
            content["describe"]["fields"][field]["label"] = label
    wanted = as_bool(call.body.get("includeDetail")) or as_bool(call.data.get("includeDetail"))
    if wanted and world.switches.describe_details:
        content["detailDescribe"] = {
            table.schema.name: table.schema.describe(hidden)
            for table in world.tables.values()
            if (master := table.schema.master) and master.target == name
        }
    return {"data": content}
