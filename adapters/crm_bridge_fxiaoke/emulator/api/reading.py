"""Reading records: query, get, findSimple, findOne."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm_bridge_fxiaoke.emulator.api import query
from crm_bridge_fxiaoke.emulator.api.objects import named
from crm_bridge_fxiaoke.emulator.call import Call
from crm_bridge_fxiaoke.emulator.envelope import business, missing
from crm_bridge_fxiaoke.emulator.state.lifecycle import GONE, seen
from crm_bridge_fxiaoke.emulator.state.present import View
from crm_bridge_fxiaoke.emulator.state.schema import READ_ONLY
from crm_bridge_fxiaoke.emulator.state.state import Table, World


def search(world: World, call: Call) -> dict[str, Any]:
    """Answer data/query: a page of records with the effective limit."""
    table, view = named(world, call), View.of(world, call)
    wanted = query.read_query(view, table.schema, _info(call))
    page = query.run(world, table, wanted, query.wanted_total(world, call))
    # As recorded: every row carries what describes the query, and no two queries say the same.
    number = world.next_rendering()
    of_query = {"total_num": len(table.rows) * 1000 + number, "searchAfterId": [str(number)]}
    rows = [view.show(table, row, wanted.projection, listed=True) | of_query for row in page.rows]
    return {"data": {"dataList": rows, "offset": wanted.offset, "limit": wanted.limit, "total": page.total}}


def get(world: World, call: Call) -> dict[str, Any]:
    """Answer data/get: the whole record, voided ones too."""
    table, key = named(world, call), call.text("objectDataId")
    if world.switches.absent_record == "empty" and key not in table.rows:
        return {}
    view, row = View.of(world, call), seen(world, table, key)
    if row["life_status"] == "invalid" and world.switches.get_voided == "refused":
        raise business(GONE)
    shown = view.show(table, row)
    details: dict[str, list[dict[str, Any]]] = {}
    for child, row in world.details_of(table.schema.name, key):
        document = view.show(child, row)
        details.setdefault(child.schema.name, []).append({**document, "containerDocument": document})
    return {"data": shown | ({"details": details} if details else {})}


def find_simple(world: World, call: Call) -> dict[str, Any]:
    """Answer findSimple: a query whose projection stands beside it, without computed fields."""
    table, wanted, view = _simple(world, call)
    page = query.run(world, table, wanted, "zero")
    return {"data": {"dataList": [_plain(view, table, row, wanted.projection) for row in page.rows]}}


def find_one(world: World, call: Call) -> dict[str, Any]:
    """Answer findOne: the first record that fits, or no `objectData` at all."""
    table, wanted, view = _simple(world, call)
    page = query.run(world, table, replace(wanted, limit=1), "zero")
    if not page.rows:
        return {"data": {}}
    return {"data": {"objectData": _plain(view, table, page.rows[0], wanted.projection)}}


def _simple(world: World, call: Call) -> tuple[Table, query.Query, View]:
    table, view = named(world, call), View.of(world, call)
    wanted = query.read_query(view, table.schema, _info(call))
    fields = call.data.get("field_projection")
    return table, replace(wanted, projection=tuple(map(str, fields)) if isinstance(fields, list) else ()), view


def _plain(view: View, table: Table, row: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    known = table.schema.fields
    computed = {name for name, item in known.items() if item.type in READ_ONLY - {"auto_number"}}
    return view.show(table, {name: row[name] for name in row if name not in computed}, fields, listed=True)


def _info(call: Call) -> dict[str, Any]:
    info = call.data.get("search_query_info")
    if not isinstance(info, dict):
        raise missing("search_query_info")
    return info
