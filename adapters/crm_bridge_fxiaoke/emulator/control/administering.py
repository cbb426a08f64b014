"""What an administrator changes between a backup and a restore: people who leave, options, rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crm_bridge_fxiaoke.emulator.envelope import business
from crm_bridge_fxiaoke.emulator.state.schema import PERSONS, Field
from crm_bridge_fxiaoke.emulator.state.state import Record, Table, World


def leave(world: World, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let an employee leave, or come back: {id, on?}. What is theirs stays theirs."""
    person = str(arguments["id"])
    (world.left.discard if arguments.get("on") is False else world.left.add)(person)
    return {"left": sorted(world.left)}


def rule(world: World, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change what a field takes: {field, object?, required?, unique?, retire?, default?}."""
    name = str(arguments.get("object") or world.main_object)
    known = world.rules.setdefault((name, str(arguments["field"])), {})
    known |= {key: arguments[key] for key in ("required", "unique", "retire", "default") if key in arguments}
    return {"field": arguments["field"], "rules": dict(known)}


def check_new(world: World, table: Table, row: Record) -> None:
    """Refuse a new row that the rules of today do not take. The sentences name the field by its label only."""
    for person in row.get("owner") or ():
        if person in world.left:
            raise business("负责人已停用,请选择其他人员")
    for name, field in table.schema.fields.items():
        known, value = world.rules.get((table.schema.name, name), {}), row.get(name)
        if field.type in PERSONS and name not in ("owner", "created_by", "last_modified_by"):
            _check_people(world, field, value)
        if known.get("required") and value in (None, "", []):
            raise business(f"必填字段[{field.label}]未填写")
        if "retire" in known and value == known["retire"]:
            raise business(f"字段[{field.label}]的选项已停用")
        if known.get("unique") and value and any(other.get(name) == value for other in table.rows.values()):
            raise business(f"[{field.label}]的值重复,请修改后重试")


def _check_people(world: World, field: Field, value: object) -> None:
    if isinstance(value, list) and any(person in world.left for person in value):
        raise business(f"字段[{field.label}]的人员已停用")


def as_kept(world: World, table: Table, row: Record) -> Record:
    """Return a row as this tenant keeps it: defaults filled in, texts trimmed, amounts scaled, where it does so."""
    kept = dict(row)
    for (owner, filled), known in world.rules.items():
        if owner == table.schema.name and known.get("default") is not None and kept.get(filled) in (None, "", []):
            kept[filled] = known["default"]
    for name, field in table.schema.fields.items():
        value = kept.get(name)
        if world.switches.trims_texts and field.type in ("text", "long_text") and isinstance(value, str):
            kept[name] = value.strip()
        if world.switches.scales_amounts and field.type == "currency" and value not in (None, ""):
            kept[name] = str(Decimal(str(value)).quantize(Decimal("0.000001")))
    return kept
