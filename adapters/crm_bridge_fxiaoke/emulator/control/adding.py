"""Somebody else adds something to a contract. A row of another object does not move the contract's own row."""

from __future__ import annotations

from crm_bridge.i18n import _
from crm_bridge_fxiaoke.emulator import paper
from crm_bridge_fxiaoke.emulator.seed.seed import new_row
from crm_bridge_fxiaoke.emulator.state.state import Record, Table, World


def add(world: World, table: Table, contract: Record, what: str, text: str, actor: str) -> str:
    """Add a line, a file or a note (a record of another object that refers to the contract); return its id."""
    if what == "line":
        return _row(world, *_detail_of(world, table), contract, text, actor)
    if what == "note":
        return _row(world, *_neighbour_of(world, table), contract, text, actor)
    if what == "file":
        return _file(world, table, contract, text, actor)
    if what in paper.KINDS:
        return paper.add(world, table, contract, what, text, actor)
    raise ValueError(_("`what` must be one of {names}").format(names=", ".join(("note", "file", "line", *paper.KINDS))))


def _detail_of(world: World, table: Table) -> tuple[Table, str]:
    for one in world.tables.values():
        if one.schema.master is not None and one.schema.master.target == table.schema.name:
            return one, one.schema.master.name
    raise ValueError(_("{name} has no details").format(name=table.schema.name))


def _neighbour_of(world: World, table: Table) -> tuple[Table, str]:
    for one in world.tables.values():
        for field in one.schema.fields.values():
            if field.type == "object_reference" and field.target == table.schema.name and one.schema.active:
                return one, field.name
    raise ValueError(_("nothing refers to {name}").format(name=table.schema.name))


def _row(world: World, table: Table, reference: str, contract: Record, text: str, actor: str) -> str:
    like = next(iter(table.rows.values()), {})
    # A detail is numbered by the CRM, so that its name does not outlive it: digits are its quantity as well.
    marked = {"quantity": text} if text.isdigit() and "quantity" in table.schema.fields else {}
    row = {**like, **new_row(world, actor, world.now_ms(), name=text), reference: contract["_id"], **marked}
    world.insert(table, row, actor)
    return str(row["_id"])


def _file(world: World, table: Table, contract: Record, text: str, actor: str) -> str:
    name = next(one.name for one in table.schema.fields.values() if one.type == "file_attachment")
    stored = world.add_file(f"{text}.txt", text.encode())
    entry = {"filename": stored.name, "path": stored.path, "size": len(stored.content), "ext": "txt"}
    changed = world.change(table, contract["_id"], {name: [*(contract.get(name) or ()), entry]}, actor)
    world.did("updated", "update", table, changed, actor)
    return stored.path
