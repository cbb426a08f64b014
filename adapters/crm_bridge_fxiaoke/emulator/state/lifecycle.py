"""What may become of a record: voided, recovered, deleted, locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm_bridge.spi.emulator import Effect
from crm_bridge_fxiaoke.emulator.control import events
from crm_bridge_fxiaoke.emulator.envelope import WireError, business
from crm_bridge_fxiaoke.emulator.state.state import SYSTEM_USER, Instance, Record, Table, World

GONE = "数据不存在或已删除"
VOIDED = "数据已作废或已删除"
DENIED = "无此操作的数据权限"
DAY = 86_400_000


def seen(world: World, table: Table, key: str) -> Record:
    """Return a record that exists and that the acting user may see."""
    row = table.rows.get(key)
    if row is None or table.schema.name in world.switches.hidden_objects:
        raise business(GONE)
    if key in world.hidden:
        raise business(DENIED, world.switches.denial_code)
    return row


def locked(verb: str) -> WireError:
    """Return the refusal of an act on a locked record."""
    return business(f"不能进行[{verb}]操作，以下这些数据已被锁定。")


def check_void(world: World, table: Table, key: str) -> None:
    """Refuse where a record cannot be voided now. The right to the verb is asked before the record is looked for."""
    world.need("invalid")
    row = seen(world, table, key)
    if row["life_status"] == "invalid":
        raise business(VOIDED)
    allowed = {"normal"} | ({"ineffective"} if world.switches.voidable == "normal_and_ineffective" else set())
    if row["life_status"] not in allowed:
        raise business("当前生命状态不允许作废")
    if row["lock_status"] == "1":
        raise locked("作废")
    if key in world.vetoes:
        raise business(world.vetoes[key])
    if world.switches.void_approval == "error":
        raise business("该数据作废需要审批，请在CRM中发起")


def void(world: World, table: Table, key: str, actor: str) -> None:
    """Void a record after all checks; with an approval flow configured an instance starts instead."""
    check_void(world, table, key)
    if world.switches.void_approval == "starts":
        start_approval(world, table, key, actor)
        return
    put_in_bin(world, table, key, actor)


def start_approval(world: World, table: Table, key: str, actor: str) -> Instance:
    """Begin the approval of a void: the record is in change and locked until somebody decides."""
    item = Instance(world.new_id(), world.new_id(), table.schema.name, key, actor, world.now_ms())
    world.instances[item.id] = item
    world.change(table, key, {"life_status": "in_change", "lock_status": "1"}, actor)
    world.effects.append(Effect("workflow", table.schema.name, key, actor))
    return item


def decide(world: World, item: Instance, state: str, actor: str, opinion: str = "") -> None:
    """End an approval: `pass` voids the record, `reject` and `cancel` give it back as it was."""
    if item.state != "in_progress":
        raise business("审批实例已结束")
    item.state, item.ended, item.opinion = state, world.now_ms(), opinion
    table = world.tables[item.object_name]
    if item.data_id not in table.rows:
        return
    if state == "pass":
        put_in_bin(world, table, item.data_id, actor)
        return
    row = world.change(table, item.data_id, {"life_status": "normal", "lock_status": "0"}, actor)
    world.did("updated", f"approval {state}", table, row, actor)


def open_approval(world: World, data_id: str) -> Instance | None:
    """Return the running approval of a record."""
    found = (item for item in world.instances.values() if item.data_id == data_id)
    return next((item for item in found if item.state == "in_progress"), None)


def put_in_bin(world: World, table: Table, key: str, actor: str) -> None:
    """Void a record without asking anybody, with its details."""
    _mark_void(world, table, key, actor)
    _push_out(world, table)
    if world.switches.cascade == "none":
        return
    for detail, row in world.details_of(table.schema.name, key):
        if row["life_status"] != "invalid":
            world.voided_with[row["_id"]] = key
            _mark_void(world, detail, row["_id"], actor)


def _push_out(world: World, table: Table) -> None:
    """Delete for good what a bin of limited size has no room for, the oldest first."""
    held = [key for key in world.voided if key in table.rows] if world.switches.bin_capacity else []
    for key in held[: max(0, len(held) - world.switches.bin_capacity)]:
        wipe(world, table, key, "-10000")


def _mark_void(world: World, table: Table, key: str, actor: str) -> None:
    old = table.rows[key]
    before = old["life_status"]
    changes = {
        "life_status": "invalid",
        "life_status_before_invalid": "normal" if before in ("in_change", "under_review") else before,
        "is_deleted": world.switches.voided_is_deleted,
        "lock_status": "0",
    }
    row = world.change(table, key, changes, SYSTEM_USER if world.switches.void_marks == "system" else actor)
    if world.switches.void_marks == "nobody":
        row = row | {name: old[name] for name in ("last_modified_by", "last_modified_time")}
        table.put(row)
    world.voided[key] = (actor, world.now_ms())
    world.did("trashed", "invalid", table, row, actor)
    events.tell(world, table, key, "invalid")


def check_voided(world: World, table: Table, key: str) -> None:
    """Refuse where a record is not in the bin."""
    if seen(world, table, key)["life_status"] != "invalid":
        raise business("只有已作废的数据才能进行此操作")


def recover(world: World, table: Table, key: str, actor: str) -> None:
    """Bring a voided record back after all checks, with the details that were voided by the same act."""
    check_voided(world, table, key)
    world.need("recover")
    bring_back(world, table, key, actor)


def bring_back(world: World, table: Table, key: str, actor: str) -> None:
    """Bring a voided record back without asking."""
    _mark_recovered(world, table, key, actor)
    if world.switches.cascade == "none":
        return
    for detail, row in world.details_of(table.schema.name, key):
        if world.voided_with.pop(row["_id"], "") == key:
            _mark_recovered(world, detail, row["_id"], actor)


def _mark_recovered(world: World, table: Table, key: str, actor: str) -> None:
    status = table.rows[key].get("life_status_before_invalid") or "normal"
    changes = {"life_status": status, "life_status_before_invalid": "", "is_deleted": False}
    row = world.change(table, key, changes, actor)
    world.voided.pop(key, None)
    world.did("restored", "recover", table, row, actor)
    events.tell(world, table, key, "recover")


def check_delete(world: World, table: Table, key: str) -> None:
    """Refuse where a record cannot be deleted for good now."""
    world.need("delete")
    check_voided(world, table, key)
    live = [row for _detail, row in world.details_of(table.schema.name, key) if row["life_status"] != "invalid"]
    if world.switches.cascade == "refuse_delete" and live:
        raise business("存在未作废的从对象数据，不能删除")


def delete(world: World, table: Table, key: str, actor: str) -> None:
    """Delete a voided record for good, with its details."""
    check_delete(world, table, key)
    wipe(world, table, key, actor)


def wipe(world: World, table: Table, key: str, actor: str) -> None:
    """Delete a record for good without asking."""
    if world.switches.cascade != "none":
        for detail, row in world.details_of(table.schema.name, key):
            world.erase(detail, row["_id"], actor)
    world.erase(table, key, actor)
    events.tell(world, table, key, "delete")


def lock(world: World, table: Table, keys: Iterable[str], actor: str, *, on: bool, details: bool) -> None:
    """Lock or unlock records, with their details where wanted."""
    for key in keys:
        changes = {"lock_status": "1" if on else "0", "lock_user": [actor] if on else []}
        row = world.change(table, key, changes, actor)
        world.did("updated", "lock" if on else "unlock", table, row, actor)
        if details:
            for detail, child in world.details_of(table.schema.name, key):
                world.change(detail, child["_id"], changes, actor)


def expire_bin(world: World) -> None:
    """Purge what waited longer in the bin than the tenant keeps it."""
    if world.switches.bin_days <= 0 or not world.voided:
        return
    oldest = world.now_ms() - world.switches.bin_days * DAY
    for key in [key for key, (_actor, since) in world.voided.items() if since < oldest]:
        found = world.find(key)
        if found:
            wipe(world, found[0], key, "-10000")


def passing(world: World, table: Table, keys: Sequence[str], check: str) -> list[str]:
    """Return the ids that may be acted on: all, or a refusal; or, per switch, the good ones of a batch."""
    test = {"invalid": check_void, "recover": check_voided, "delete": check_delete}[check]
    good = []
    for key in keys:
        try:
            test(world, table, key)
        except WireError as refused:
            absent = check == "delete" and key not in table.rows and world.switches.absent_record == "empty"
            if world.switches.batch_failure == "all_or_nothing" and not absent:
                raise refused from None
            continue
        good.append(key)
    return good
