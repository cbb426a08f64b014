"""The values that a restore writes: the fields, rows and files whose return a rehearsal can vouch for."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.spi.adapter import FieldInfo, Profile, RelationInfo

_EMPTY: tuple[object, ...] = (None, "", [], {})
_ROWS = frozenset({PartKind.DETAIL.value, PartKind.NOTE.value})


class WrittenValues:
    """Tells what of one snapshot a new record is given, by the metadata of the live module."""

    def __init__(self, profile: Profile, before: Snapshot) -> None:
        """Go by the profile of the tenant that the backup is from."""
        self._fields = {one.name: one for one in profile.fields}
        self._lists = {one.name: one for one in profile.relations if one.kind in _ROWS}
        self._before = before
        self._record = _record(before)

    def missing(self) -> list[str]:
        """Return the required fields that the backup has no value for: a CRM refuses a record without them."""
        own = [name for name, one in self._fields.items() if _is_needed(one) and self._record.get(name) in _EMPTY]
        inside = [
            f"{name}.{column.name}"
            for name, relation in self._lists.items()
            for column in relation.fields
            if _is_needed(column) and any(row.get(column.name) in _EMPTY for row in self._rows(name))
        ]
        return own + inside

    def has(self, name: str, not_covered: Collection[str]) -> bool:
        """Return whether a restore writes the thing that a difference names; what a stand-in adds by itself is not."""
        head, _dot, column = name.partition(".")
        if name in not_covered or head in not_covered:
            return False
        if (relation := self._lists.get(head)) is not None:
            return not column or self._column(relation, column)
        if name == "attachments":
            return bool(self._before.attachments)
        known = self._fields.get(name)
        return known is not None and known.writable and self._record.get(name) not in _EMPTY

    def _column(self, relation: RelationInfo, column: str) -> bool:
        known = next((one for one in relation.fields if one.name == column), None)
        if column in relation.changing or (relation.fields and (known is None or not known.writable)):
            return False
        return any(row.get(column) not in _EMPTY for row in self._rows(relation.name))

    def _rows(self, name: str) -> list[Mapping[str, object]]:
        """Return the rows of a list, whether it is a part of its own or a field of the record."""
        parts = [part for part in self._before.parts if part.name == name and part.kind.value in _ROWS]
        values = [_parsed(part.raw) for part in parts] or [self._record.get(name)]
        return [row for value in values if isinstance(value, list) for row in value if isinstance(row, Mapping)]


def _is_needed(field: FieldInfo) -> bool:
    return field.required and field.writable


def _record(snapshot: Snapshot) -> Mapping[str, object]:
    found = _parsed(snapshot.record)
    merged: dict[str, object] = dict(found) if isinstance(found, Mapping) else {}
    for part in snapshot.parts:
        value = _parsed(part.raw) if part.kind is PartKind.EXTRA else None
        if isinstance(value, Mapping):
            merged |= {key: one for key, one in value.items() if one is not None or key not in merged}
    return merged


def _parsed(raw: bytes) -> object:
    value: object = json.loads(raw)
    return value
