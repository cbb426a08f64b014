"""Creating and changing records, with their details."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge_fxiaoke.emulator.api.objects import named, table_of
from crm_bridge_fxiaoke.emulator.call import Call, as_bool, need_list, need_text
from crm_bridge_fxiaoke.emulator.control import events
from crm_bridge_fxiaoke.emulator.control.administering import as_kept, check_new
from crm_bridge_fxiaoke.emulator.envelope import WireError, business, missing
from crm_bridge_fxiaoke.emulator.seed.seed import new_row, team_member
from crm_bridge_fxiaoke.emulator.state import lifecycle
from crm_bridge_fxiaoke.emulator.state.present import View
from crm_bridge_fxiaoke.emulator.state.schema import FILES, NUMERIC, PERSONS, READ_ONLY, Field
from crm_bridge_fxiaoke.emulator.state.state import Record, Table, World

SYSTEM = frozenset(
    {"_id", "version", "is_deleted", "last_modified_by", "last_modified_time", "life_status_before_invalid"}
    | {"lock_status", "lock_user", "relevant_team", "create_time", "created_by", "life_status", "owner"}
)
"""Fields that a write does not set directly."""


def create(world: World, call: Call) -> dict[str, Any]:
    """Answer data/create: a new record with a new id, and its details."""
    source = _object_data(call)
    table = table_of(world, call, source.get("dataObjectApiName"))
    world.need("create")
    view = View.of(world, call)
    row = _new(world, call, view, table, source)
    details = _details(world, call, table, view, row["_id"])
    world.insert(table, row, call.actor)
    for child_table, children in details.items():
        for child in children:
            world.insert(world.tables[child_table], child, call.actor)
    events.tell(world, table, row["_id"], "create")
    answer: dict[str, Any] = {"dataId": row["_id"]}
    if call.flag("includeDetailIds"):
        answer["detailIds"] = {name: [child["_id"] for child in children] for name, children in details.items()}
    return answer


def update(world: World, call: Call) -> dict[str, Any]:
    """Answer data/update: the given fields change, the others stay."""
    source = _object_data(call)
    table = table_of(world, call, source.get("dataObjectApiName"))
    if not source.get("_id"):
        raise WireError(-2, "系统错误", "java.lang.NullPointerException")
    key = need_text(source, "_id")
    row = lifecycle.seen(world, table, key)
    world.need("update")
    if row["life_status"] == "invalid":
        raise business(lifecycle.VOIDED)
    if row["lock_status"] == "1" and not as_bool(call.data.get("skipDataStatusValidate")):
        raise lifecycle.locked("编辑")
    view = View.of(world, call)
    changes = _values(view, table, {name: value for name, value in source.items() if name not in SYSTEM})
    fresh = _details(world, call, table, view, key)
    _change_details(world, call, table, view, key)
    world.did("updated", "update", table, world.change(table, key, changes, call.actor), call.actor)
    for child_table, children in fresh.items():
        for child in children:
            world.insert(world.tables[child_table], child, call.actor)
    events.tell(world, table, key, "update")
    return {}


def change_owner(world: World, call: Call) -> dict[str, Any]:
    """Answer changeOwner; the list is called `Data`, and `dataList` on the older path."""
    table, view = named(world, call), View.of(world, call)
    older = "/v2/" not in call.path
    name = "dataList" if older else "Data" if "Data" in call.data else "data"
    changes = []
    for item in need_list(call.data, name):
        if not isinstance(item, dict):
            raise missing(name)
        key = need_text(item, "objectDataId")
        if lifecycle.seen(world, table, key)["lock_status"] == "1":
            raise lifecycle.locked("更换负责人")
        changes.append((key, view.read_person(need_list(item, "ownerId")[0])))
    for key, owner in changes:
        team = [member for member in table.rows[key]["relevant_team"] if member["teamMemberRole"] != "1"]
        row = world.change(
            table, key, {"owner": [owner], "relevant_team": [team_member(owner, "1", "2"), *team]}, call.actor
        )
        world.did("updated", "changeOwner", table, row, call.actor)
    return {}


def _object_data(call: Call) -> Mapping[str, Any]:
    source = call.data.get("object_data")
    if not isinstance(source, dict):
        raise missing("object_data")
    return source


def _new(world: World, call: Call, view: View, table: Table, source: Mapping[str, Any]) -> Record:
    owner = source.get("owner")
    person = view.read_person(owner[0]) if isinstance(owner, list) and owner else call.actor
    values = _values(view, table, {name: value for name, value in source.items() if name not in SYSTEM})
    for item in table.schema.fields.values():
        if item.required and item.name != "owner" and values.get(item.name) in (None, "", []):
            raise business(f"必填字段[{item.label}]未填写")
    row = new_row(world, person, world.now_ms(), **values)
    row |= {"created_by": [call.actor], "last_modified_by": [call.actor]}
    if (
        call.flag("hasSpecifyTime")
        and not world.switches.own_create_time
        and source.get("create_time") not in (None, "")
    ):
        row["create_time"] = int(_number(source["create_time"], "create_time"))
    author = source.get("created_by")
    if call.flag("hasSpecifyCreatedBy") and isinstance(author, list) and author:
        row["created_by"] = [view.read_person(author[0])]
    if source.get("life_status") == "ineffective":
        row["life_status"] = "ineffective"
    if table.schema.fields["name"].type == "auto_number":
        row["name"] = f"ZD-{int(row['_id'][-8:], 16):08d}"
    check_new(world, table, row)
    return as_kept(world, table, row)


def _values(view: View, table: Table, source: Mapping[str, Any]) -> Record:
    values: Record = {}
    for name, value in source.items():
        field = table.schema.fields.get(name)
        if field is None or name in view.world.switches.hidden_fields:
            continue  # unknown keys do not matter
        if field.type in READ_ONLY:
            raise WireError(32000, f"field {name} is read only", f"字段[{field.label}]不可写入")
        values[name] = None if value in (None, "", []) else _value(view, field, value)
    return values


def _value(view: View, field: Field, value: Any) -> Any:
    if field.loose:
        return value
    if field.type in PERSONS:
        return [view.read_person(item) for item in need_list({field.name: value}, field.name)]
    if field.type in FILES:
        return [_file(view, item) for item in need_list({field.name: value}, field.name)]
    if field.type in ("date", "date_time", "time"):
        return int(_number(value, field.name))
    if field.type in NUMERIC:
        _number(value, field.name)
        return str(value)
    if field.type == "master_detail":
        target = view.world.tables[field.target].rows.get(str(value))
        if target is None:
            raise business(lifecycle.GONE)
        return str(value)
    if field.type in ("text", "long_text", "object_reference", "select_one", "record_type"):
        if not isinstance(value, str):
            raise missing(field.name)
        return value
    return value


def _number(value: object, name: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise missing(name) from None
    if not number.is_finite():
        raise missing(name)
    return number


def _file(view: View, item: object) -> Record:
    if not isinstance(item, dict):
        raise missing("path")
    path = view.read_path(need_text(item, "path"))
    stored = view.world.files[path]
    name = str(item.get("filename") or item.get("name") or item.get("fileName") or stored.name)
    kept = view.world.make_permanent(path)
    return {"filename": name, "path": kept, "size": len(stored.content), "ext": name.rpartition(".")[2]}


def _details(world: World, call: Call, table: Table, view: View, master: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for name, items in _given_details(world, call, table).items():
        child = world.tables[name]
        link = child.schema.master
        assert link is not None
        found[name] = [
            _detail(world, call, view, child, link.name, master, item) for item in items if not item.get("_id")
        ]
    return found


def _given_details(world: World, call: Call, table: Table) -> dict[str, list[Mapping[str, Any]]]:
    details = call.data.get("details")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, given in (details if isinstance(details, dict) else {}).items():
        child = world.tables.get(name)
        link = child.schema.master if child else None
        if link is None or link.target != table.schema.name:
            raise missing(f"details.{name}")
        items: Any = [given] if isinstance(given, dict) and world.switches.details_shape == "list_or_map" else given
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise missing(f"details.{name}")
        found[name] = items
    return found


def _detail(
    world: World, call: Call, view: View, child: Table, link: str, master: str, item: Mapping[str, Any]
) -> Record:
    # The master may be in the making, so its link is set here and not checked like a client's.
    row = _new(world, call, view, _unlinked(child, link), {**item, link: None})
    return row | {link: master}


def _unlinked(child: Table, link: str) -> Table:
    schema = child.schema
    fields = {name: item for name, item in schema.fields.items() if name != link}
    return Table(type(schema)(schema.name, schema.label, fields, schema.active))


def _change_details(world: World, call: Call, table: Table, view: View, key: str) -> None:
    given = _given_details(world, call, table)
    for child, row in world.details_of(table.schema.name, key):
        items = given.get(child.schema.name)
        if items == []:  # an empty list clears the details
            world.erase(child, row["_id"], call.actor)
        for item in items or []:
            if item.get("_id") == row["_id"]:
                changes = {name: value for name, value in item.items() if name not in SYSTEM}
                changed = world.change(child, row["_id"], _values(view, child, changes), call.actor)
                world.did("updated", "update", child, changed, call.actor)
