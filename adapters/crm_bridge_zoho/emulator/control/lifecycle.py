"""What happens to a record and to what belongs to it: into the bin, back, gone for good."""

from __future__ import annotations

from crm_bridge.spi.emulator import Effect
from crm_bridge_zoho.emulator.state.org import DAY, Binned, Org, Tombstone
from crm_bridge_zoho.emulator.state.store import Record

BIN_DAYS = 60
TOMBSTONE_DAYS = 120


def trash(org: Org, record: Record, actor: str, source: str) -> list[Effect]:
    """Move a record and its children to the bin (a record that does not recycle is gone for good)."""
    sweep(org)
    children = list(org.children(record))
    for each in (record, *children):
        org.remember(each.module, each.id, each)
        org.tables[each.module].drop(each.id)
    if not org.modules[record.module].recycles:
        org.tombstones.append(Tombstone(record.id, record.module, org.now()))
        return [Effect("purged", record.module, record.id, actor)]
    org.log(record.id, "deleted", source, actor)
    org.bin[record.id] = Binned(record, actor, org.now(), children)
    effects = [Effect("trashed", each.module, each.id, actor) for each in (record, *children)]
    room = org.switches.bin_capacity
    while room and len(org.bin) > room:
        effects += purge(org, next(iter(org.bin)), actor)
    return effects


def restore(org: Org, record_id: str, actor: str) -> list[Effect]:
    """Bring a record back from the bin with its children, the same id and the same values."""
    binned = org.bin.pop(record_id)
    family = (binned.record, *binned.children)
    for each in family:
        org.remember(each.module, each.id, None)
        org.tables[each.module].put(each)
    if org.switches.restore_touches_modified:
        binned.record.cells["Modified_Time"] = org.now()
    org.log(record_id, "restored", "crm_api", actor)
    return [Effect("restored", each.module, each.id, actor) for each in family]


def purge(org: Org, record_id: str, actor: str) -> list[Effect]:
    """Remove a record from the bin for good, its children too."""
    binned = org.bin.pop(record_id)
    org.tombstones.append(Tombstone(record_id, binned.record.module, org.now()))
    return [Effect("purged", each.module, each.id, actor) for each in (binned.record, *binned.children)]


def sweep(org: Org) -> None:
    """Forget what the bin and the deleted list have kept long enough."""
    oldest = org.now() - BIN_DAYS * DAY
    while org.bin:
        record_id, binned = next(iter(org.bin.items()))
        if binned.at >= oldest:
            break  # the bin is in order of deletion
        del org.bin[record_id]
        org.tombstones.append(Tombstone(record_id, binned.record.module, binned.at + BIN_DAYS * DAY))
    cut = org.now() - TOMBSTONE_DAYS * DAY
    if org.tombstones and org.tombstones[0].at < cut:
        org.tombstones = [stone for stone in org.tombstones if stone.at >= cut]


def parent_in_bin(org: Org, record_id: str) -> str:
    """Return the binned record that a child belongs to; empty if there is none."""
    for root, binned in org.bin.items():
        if any(child.id == record_id for child in binned.children):
            return root
    return ""


def waits_for_parent(org: Org, binned: Binned) -> bool:
    """Return whether a binned child cannot come back because its parent is in the bin."""
    parent = org.modules[binned.record.module].parent
    return bool(parent) and binned.record.cells.get(parent) in org.bin


def weight(org: Org, ids: list[str]) -> int:
    """Count binned records including their children."""
    return sum(1 + len(org.bin[record_id].children) for record_id in ids if record_id in org.bin)


def clash(org: Org, record: Record) -> str:
    """Return the unique field whose value another live record has taken; empty if none."""
    table = org.tables[record.module]
    for name, field in org.modules[record.module].fields.items():
        value = record.cells.get(name)
        if field.unique and value is not None and table.holder(name, value) is not None:
            return name
    return ""
