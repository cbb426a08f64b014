"""The relevant team of a record; `apiName` stands at the top level here."""

from __future__ import annotations

from typing import Any

from crm_bridge_fxiaoke.emulator.api.objects import table_of
from crm_bridge_fxiaoke.emulator.call import Call, need_list, need_text
from crm_bridge_fxiaoke.emulator.envelope import missing
from crm_bridge_fxiaoke.emulator.seed.seed import team_member
from crm_bridge_fxiaoke.emulator.state import lifecycle
from crm_bridge_fxiaoke.emulator.state.present import View
from crm_bridge_fxiaoke.emulator.state.state import Record, Table, World


def get(world: World, call: Call) -> dict[str, Any]:
    """Answer team/get."""
    table, view = _table(world, call), View.of(world, call)
    row = lifecycle.seen(world, table, call.text("dataID"))
    return {"data": {"objectList": view.show(table, row, ["relevant_team"])["relevant_team"]}}


def add(world: World, call: Call) -> dict[str, Any]:
    """Answer team/add."""
    table, view = _table(world, call), View.of(world, call)
    people = [view.read_person(item) for item in need_list(call.data, "teamMemberEmployee")]
    role = str(call.data.get("teamMemberRole") or "4")
    permission = str(call.data.get("teamMemberPermissionType") or "1")
    for row in _rows(world, table, call):
        kept = _without(row["relevant_team"], people)
        _write(world, table, row, [*kept, *(team_member(person, role, permission) for person in people)], call)
    return {}


def edit(world: World, call: Call) -> dict[str, Any]:
    """Answer team/edit: the given members are the team, next to the owner."""
    table, view = _table(world, call), View.of(world, call)
    row = lifecycle.seen(world, table, call.text("dataID"))
    team = [member for member in row["relevant_team"] if member["teamMemberRole"] == "1"]
    for item in need_list(call.data, "teamMemberInfos"):
        if not isinstance(item, dict):
            raise missing("teamMemberInfos")
        for person in need_list(item, "teamMemberEmployee"):
            role = str(item.get("teamMemberRole") or "4")
            permission = str(item.get("teamMemberPermissionType") or "1")
            if role != "1":
                team.append(team_member(view.read_person(person), role, permission))
    _write(world, table, row, team, call)
    return {}


def remove(world: World, call: Call) -> dict[str, Any]:
    """Answer team/delete."""
    table, view = _table(world, call), View.of(world, call)
    people = [view.read_person(item) for item in need_list(call.data, "teamMemberEmployee")]
    for row in _rows(world, table, call):
        _write(world, table, row, _without(row["relevant_team"], people), call)
    return {}


def _table(world: World, call: Call) -> Table:
    name = need_text(call.body, "apiName")
    if name not in world.tables:
        raise missing("apiName")
    return world.tables[name] if name.endswith("__c") else table_of(world, call, name)


def _rows(world: World, table: Table, call: Call) -> list[Record]:
    return [lifecycle.seen(world, table, str(key)) for key in need_list(call.data, "dataIDs")]


def _without(team: list[Record], people: list[str]) -> list[Record]:
    gone = set(people)
    return [item for item in team if item["teamMemberRole"] == "1" or not gone & set(item["teamMemberEmployee"])]


def _write(world: World, table: Table, row: Record, team: list[Record], call: Call) -> None:
    changed = world.change(table, row["_id"], {"relevant_team": team}, call.actor)
    world.did("updated", "team", table, changed, call.actor)
