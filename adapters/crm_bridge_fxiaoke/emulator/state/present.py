"""Records on the wire: ids by style, nulls, labels next to values; and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_bridge_fxiaoke.emulator.auth import by_open_id
from crm_bridge_fxiaoke.emulator.call import Call, as_bool
from crm_bridge_fxiaoke.emulator.envelope import WireError
from crm_bridge_fxiaoke.emulator.state.schema import FILES, PERSONS, Field, ObjectSchema
from crm_bridge_fxiaoke.emulator.state.state import SYSTEM_USER, Record, Table, World

LONG = 500
VOIDED = "数据已作废或已删除"
"""What stands in place of the name of a record that is voided or deleted."""


@dataclass(frozen=True, slots=True)
class View:
    """How one call wants records: persons, files, nulls."""

    world: World
    open_ids: bool
    media_ids: bool
    nulls: bool
    style: str

    @classmethod
    def of(cls, world: World, call: Call) -> View:
        """Read the view from a call's style and its flags."""
        old = call.style == "old" and world.switches.id_conversion == "by_style"
        keep = as_bool(call.data.get("igonreMediaIdConvert"))
        return cls(
            world,
            call.flag("convertUserId", old),
            call.flag("convertMediaId", old) and not keep,
            call.flag("includeNull"),
            call.style,
        )

    def show(self, table: Table, row: Record, fields: Sequence[str] = (), *, listed: bool = False) -> dict[str, Any]:
        """Return a record for the wire; `listed` leaves out what lists leave out."""
        schema = table.schema
        switches = self.world.switches
        full = {**constants(schema), **row, "version": _version(schema, row, listed=listed)}
        shown: dict[str, Any] = {}
        for name, value in full.items():
            if (fields and name not in fields) or name in switches.hidden_fields:
                continue
            if listed and switches.list_rows != "full" and name == "relevant_team" and name not in fields:
                continue
            field = schema.fields.get(name)
            shown[name] = self._value(field, value, listed and switches.list_rows == "truncated")
            if switches.extend_info and field is not None and not field.loose and value not in (None, "", []):
                shown |= self._beside(field, value)
        if switches.extend_info and shown.get("relevant_team"):
            shown["relevant_team__r"] = self._names(self._of_team(row["relevant_team"]))
        if self.nulls:
            wanted = fields or list(schema.fields)
            return shown | {name: None for name in wanted if name in schema.fields and name not in shown}
        return {name: value for name, value in shown.items() if value is not None}

    def person(self, employee: str) -> str:
        """Return an employee's id as this call writes it."""
        known = self.world.employees.get(employee)
        return known.open_id if known and self.open_ids else employee

    def read_person(self, wire: object) -> str:
        """Return the employee id that a wire id means. Refuses one that does not exist in this call's style."""
        text = str(wire)
        if text == SYSTEM_USER:
            return text
        known = by_open_id(self.world, text) if self.open_ids else self.world.employees.get(text)
        if known is None:
            raise WireError(20012 if self.open_ids else 30027, f"employee {text[:60]} not found", "员工不存在")
        return known.id

    def read_path(self, wire: object) -> str:
        """Return the npath that a path or a mediaId means."""
        text = str(wire)
        path = self.world.media.get(text, text)
        for candidate in (path, path.rpartition(".")[0]):
            if candidate in self.world.files:
                return candidate
        raise WireError(50009, "文件不存在或已过期", "文件不存在或已过期")

    def _value(self, field: Field | None, value: Any, cut: bool) -> Any:
        if field is None or value is None or field.loose:
            return value
        if field.type in PERSONS:
            return [self.person(item) for item in value]
        if field.name == "relevant_team":
            return [
                {**member, "teamMemberEmployee": [self.person(item) for item in member["teamMemberEmployee"]]}
                for member in value
            ]
        if field.type in FILES:
            return [self._file(item) for item in value]
        if cut and field.type in ("long_text", "html_rich_text"):
            return value[:LONG]
        return value

    def _file(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return a file entry with a link that is made afresh each time it is shown."""
        path = self._media_id(item["path"]) if self.media_ids else item["path"]
        signed = f"{self.world.base_url}/signed/{self.world.next_rendering():x}"
        return {**item, "path": path, "signedUrl": signed}

    def _of_team(self, team: Sequence[Mapping[str, Any]]) -> list[str]:
        return [employee for member in team for employee in member["teamMemberEmployee"]]

    def _names(self, employees: Sequence[str]) -> str:
        known = [self.world.employees[one].name for one in employees if one in self.world.employees]
        return ",".join(known)

    def _media_id(self, path: str) -> str:
        stored = self.world.files.get(path)
        return stored.media_id if stored else path  # somebody deleted the file

    def _beside(self, field: Field, value: Any) -> dict[str, Any]:
        if field.type in ("select_one", "record_type"):
            return {f"{field.name}__r": field.label_of(value)}
        if field.type in ("object_reference", "master_detail"):
            target = self.world.tables.get(field.target)
            found = target.rows.get(value) if target else None
            if found is None or value in self.world.hidden or field.target in self.world.switches.hidden_objects:
                return {}
            voided = found.get("life_status") == "invalid"
            return {f"{field.name}__r": VOIDED if voided else found.get("name", "")}
        if field.type == "employee" and field.name != "lock_user":
            known = [self.world.employees[one] for one in value if one in self.world.employees]
            labels = [{"id": self.person(one.id), "name": one.name} for one in known]
            return self._labels(field.name, labels) if labels else {}
        if field.type == "html_rich_text":
            return {f"{field.name}__e": f"<p>{value}</p>"}
        return {}

    def _labels(self, name: str, labels: list[dict[str, str]]) -> dict[str, Any]:
        shape = self.world.switches.person_labels
        beside: Any = labels if shape == "list" else labels[0]["name"] if shape == "text" else labels[0]
        return {f"{name}__r": beside, f"{name}__l": labels}


def constants(schema: ObjectSchema) -> Mapping[str, Any]:
    """Return the fields that are the same on every record of an object."""
    return {
        "tenant_id": "590001",
        "object_describe_api_name": schema.name,
        "object_describe_id": f"5bff{sum(schema.name.encode()):020x}",
        "package": "CRM",
        "lock_rule": "default_lock_rule",
        "owner_department": "全公司",
        "owner_department_id": "999999",
        "data_own_department": ["999999"],
        "mc_exchange_rate": "1.000000",
        "mc_functional_currency": "CNY",
    }


def _version(schema: ObjectSchema, row: Record, *, listed: bool) -> object:
    # Both shapes are met in the field: digits in every query and on custom objects, else a number.
    return str(row["version"]) if schema.custom or listed else row["version"]
