"""Contracts to create: from a contract of the user's as a template, else from the required fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart
from crm_bridge.errors import UsageError
from crm_bridge.spi.proving import needs_template
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.discovery import Discovery
from crm_bridge_fxiaoke.mapping import FieldMap
from crm_bridge_fxiaoke.reading.records import Records
from crm_bridge_fxiaoke.restoring.saved import read_snapshot
from crm_bridge_fxiaoke.restoring.writing import is_writable
from crm_bridge_fxiaoke.wire import FILES, FieldMeta, ObjectMeta

_FILE = b"made by crm-bridge prove\n"
_LONG = "crm-bridge prove "
_LONG_LENGTH = 720
"""More than what a query is known to cut off."""
_FILLED_IN = frozenset({"owner", "record_type"})
_NOT_COPIED = frozenset({"create_time", "created_by", "owner"})


class Drafts:
    """Snapshots of contracts that never were: creating them again makes them."""

    def __init__(
        self, records: Records, discovery: Discovery, fields: FieldMap, client: Client, known: dict[str, str | None]
    ) -> None:
        """References are filled with the newest record that can be read; `known` keeps which one that was."""
        self._records = records
        self._discovery = discovery
        self._fields = fields
        self._client = client
        self._known = known

    def draft(self, named: tuple[str, str], template: Snapshot | None, *, whole: bool) -> Snapshot:
        """Return a contract with a label: the field that carries it, and its text."""
        meta, (field, label) = self._fields.object, named
        draft_id = hashlib.sha256(label.encode()).hexdigest()[:24]
        record = dict(read_snapshot(template).record) if template else self._required(meta, label)
        record = {key: value for key, value in record.items() if key not in _NOT_COPIED}
        # Whose id it is tells in which style persons are written.
        record |= {"_id": draft_id, "owner": [self._client.user], field: label}
        number = self._fields.field("number")
        if number is not None and number.type == "text" and is_writable(number):
            record[number.name] = label  # two contracts of one number could be taken for copies
        long = next((one.name for one in meta.fields.values() if one.type == "long_text" and is_writable(one)), None)
        if long and template is None:
            record[long] = (_LONG * _LONG_LENGTH)[:_LONG_LENGTH]
        parts = tuple(self._lines(label, template)) if whole else ()
        files = tuple(self._files(meta)) if whole else ()
        return Snapshot(ContractRef(meta.name, draft_id), "", _json(record), parts, files)

    def _required(self, meta: ObjectMeta, label: str, skip: str = "") -> dict[str, object]:
        return {
            field.name: self._value(field, label)
            for field in meta.fields.values()
            if field.required and is_writable(field) and field.name not in (*_FILLED_IN, skip)
        }

    def _value(self, field: FieldMeta, label: str) -> object:
        """Return a value that a required field takes. Raises UsageError for a type that nothing can be made up for."""
        made: Mapping[str, Callable[[], object]] = {
            "text": lambda: label,
            "long_text": lambda: label,
            "number": lambda: "1",
            "currency": lambda: "1",
            "percentile": lambda: "1",
            "date": lambda: int(self._client.clock.now().timestamp() * 1000),
            "date_time": lambda: int(self._client.clock.now().timestamp() * 1000),
            "true_or_false": lambda: False,
            "select_one": lambda: field.options[0][0] if field.options else None,
            "select_many": lambda: [field.options[0][0]] if field.options else None,
            "object_reference": lambda: self._any(field.target),
            "employee": lambda: [self._client.user],
        }
        value = made.get(field.type, lambda: None)()
        if value is None:
            raise needs_template(field.label, field.type)
        return value

    def _any(self, target: str) -> str | None:
        if target not in self._known:
            rows = self._records.newest(target, [], limit=1)
            self._known[target] = rows[0].id if rows else None
        return self._known[target]

    def _lines(self, label: str, template: Snapshot | None) -> list[SnapshotPart]:
        """Return one line: the template's first, else one of the required fields; none where that cannot be."""
        if template is not None:
            saved = read_snapshot(template).details
            rows = ((name, dict(listed[0])) for name, listed in saved.items() if listed)
            return [SnapshotPart(PartKind.DETAIL, name, _json([row])) for name, row in rows][:1]
        detail = next((one for one in self._discovery.relations() if one.detail), None)
        if detail is None:
            return []
        try:
            row = self._required(detail.object, label, skip=detail.field.name)
        except UsageError:
            return []
        row["_id"] = hashlib.sha256(f"{label} line".encode()).hexdigest()[:24]
        return [SnapshotPart(PartKind.DETAIL, detail.object.name, _json([row]))]

    def _files(self, meta: ObjectMeta) -> list[Attachment]:
        field = next((one for one in meta.of_type(FILES) if one.type == "file_attachment" and is_writable(one)), None)
        # Which files a field of a tenant takes is not told; a plain text of a line is the least.
        digest = hashlib.sha256(_FILE).hexdigest()
        if field is None:
            return []
        return [Attachment("prove", "crm-bridge-prove.txt", len(_FILE), field.name, lambda: iter((_FILE,)), digest)]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()
