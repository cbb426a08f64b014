"""Paper of a contract that somebody else makes: an application for an invoice, an e-signature, a signed copy.

Objects and fields appear with their first record, as an administrator adds them.
"""

from __future__ import annotations

from crm_bridge_fxiaoke.emulator.seed.seed import new_row
from crm_bridge_fxiaoke.emulator.state.schema import Field, ObjectSchema, system_fields
from crm_bridge_fxiaoke.emulator.state.state import Record, Table, World

OBJECTS = {
    "invoice": ("InvoiceApplicationObj", "开票申请"),
    "envelope": ("object_e5ign__c", "电子签任务"),
}
KINDS = (*OBJECTS, "signed_copy")
_LINK, _COPY = "sale_contract_id", "signed_copy__c"


def add(world: World, table: Table, contract: Record, what: str, text: str, actor: str) -> str:
    """Add a record of one of `OBJECTS` that refers to the contract, else a file in its field for signed copies."""
    if what in OBJECTS:
        return _record(world, table, contract, OBJECTS[what], text, actor)
    return _copy(world, table, contract, text, actor)


def _record(world: World, table: Table, contract: Record, kind: tuple[str, str], text: str, actor: str) -> str:
    name, label = kind
    if name not in world.tables:
        link = Field(_LINK, table.schema.label, "object_reference", target=table.schema.name)
        fields = {one.name: one for one in (*system_fields(f"{label}编号"), link)}
        world.tables[name] = Table(ObjectSchema(name, label, fields))
    row = new_row(world, actor, world.now_ms(), name=text) | {_LINK: contract["_id"]}
    world.insert(world.tables[name], row, actor)
    return str(row["_id"])


def _copy(world: World, table: Table, contract: Record, text: str, actor: str) -> str:
    if _COPY not in table.schema.fields:
        table.schema.fields[_COPY] = Field(_COPY, "双签扫描件", "file_attachment", origin="custom")
    stored = world.add_file(f"{text}.pdf", text.encode())
    entry = {"filename": stored.name, "path": stored.path, "size": len(stored.content), "ext": "pdf"}
    changed = world.change(table, contract["_id"], {_COPY: [entry]}, actor)
    world.did("updated", "update", table, changed, actor)
    return stored.path
