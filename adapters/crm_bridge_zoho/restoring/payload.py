"""From a snapshot to what Zoho can be given again: writable values, in the shapes that writing wants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm_bridge.domain.snapshot import PartKind, Snapshot, SnapshotPart
from crm_bridge.i18n import _
from crm_bridge.transport import parse_json
from crm_bridge_zoho.module.metadata import LOOKUPS, ZohoField
from crm_bridge_zoho.wire import id_text

ROWS_IN_FIELD = frozenset({"subform", "multiselectlookup", "multiuserlookup"})
_ROW_SYSTEM = frozenset(
    {"id", "Parent_Id", "Created_Time", "Modified_Time", "Created_By", "Modified_By", "Owner", "Tag", "Layout"}
)
_FULL_TEXTS = "full_texts"


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot's content, put together from its slices."""

    values: Mapping[str, Any]
    parts: tuple[SnapshotPart, ...]

    def rows(self, kind: PartKind) -> list[Mapping[str, Any]]:
        """Return the rows of all parts of a kind."""
        listed = [row for part in self.parts if part.kind is kind for row in _parsed(part.raw)]
        return [row for row in listed if isinstance(row, Mapping)]


def saved_of(snapshot: Snapshot) -> Saved:
    """Put the slices of the record together; texts in full win over cut ones."""
    extra = [part for part in snapshot.parts if part.kind is PartKind.EXTRA]
    slices = [_parsed(part.raw)[0] for part in extra if part.name != _FULL_TEXTS]
    full = [_parsed(part.raw)[0] for part in extra if part.name == _FULL_TEXTS]
    values: dict[str, Any] = {}
    for piece in (*slices, *_parsed(snapshot.record), *full):
        if isinstance(piece, Mapping):
            values.update({key: value for key, value in piece.items() if value is not None or key not in values})
    return Saved(values | _whole_rows(snapshot), snapshot.parts)


def _whole_rows(snapshot: Snapshot) -> dict[str, list[Any]]:
    """Return by field the rows that were read page by page, because the record itself shows the first 200 only."""
    rows: dict[str, list[Any]] = {}
    for part in snapshot.parts:
        if part.kind is PartKind.DETAIL:
            rows.setdefault(part.name.rpartition("-")[0], []).extend(_parsed(part.raw))
    return rows


def _parsed(raw: bytes) -> list[Any]:
    value = parse_json(raw, content_type="application/json")
    return value if isinstance(value, list) else [value]


def insertable(
    saved: Saved, fields: Mapping[str, ZohoField], ids: Mapping[str, str], files: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    """Return the record for an insert; `ids` maps records that were re-created before, `files` uploaded ones."""
    record: dict[str, object] = {}
    for name, field in fields.items():
        value = saved.values.get(name)
        if not field.writable or value in (None, "", []):
            continue
        if field.data_type == "fileupload":
            if files.get(name):
                record[name] = [{"File_Id__s": one} for one in files[name]]
        elif field.data_type not in ("imageupload", "profileimage"):
            written = _written(field, value, ids)
            if written is not None:
                record[name] = written
    return record


def _written(field: ZohoField, value: object, ids: Mapping[str, str]) -> object:
    if field.data_type in ROWS_IN_FIELD:
        return [_row(one, ids) for one in value if isinstance(one, Mapping)] if isinstance(value, list) else None
    if field.data_type in LOOKUPS:
        return _pointer(value, ids)
    if field.data_type == "multiselectpicklist" and isinstance(value, str):
        return value.split(";")
    return _pointer(value, ids) if isinstance(value, Mapping) else value


def _row(row: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, object]:
    """Return one row of a subform or multi-select lookup without what Zoho fills itself."""
    kept = {
        key: value
        for key, value in row.items()
        if key not in _ROW_SYSTEM and not key.startswith("$") and value not in (None, "", []) and not _is_files(value)
    }
    return {key: _pointer(value, ids) if isinstance(value, Mapping) else value for key, value in kept.items()}


def _is_files(value: object) -> bool:
    """Return whether a value names files of the record that it was read from: no other record can be given them."""
    return isinstance(value, list) and any(isinstance(one, Mapping) and "File_Id__s" in one for one in value)


def _pointer(value: object, ids: Mapping[str, str]) -> object:
    if not isinstance(value, Mapping):
        return value
    old = id_text(value.get("id"))
    return {"id": ids.get(old, old)} if old else None


def not_returning(saved: Saved, fields: Mapping[str, ZohoField]) -> list[str]:
    """Return in words what an insert cannot bring back although the record had it."""
    lost = []
    for name, field in fields.items():
        if not saved.values.get(name):
            continue
        if field.data_type == "autonumber":
            lost.append(_("{field}: Zoho gives a new number").format(field=field.label))
        elif field.data_type in ("imageupload", "profileimage"):
            lost.append(_("{field}: images are not put back").format(field=field.label))
        elif name == "Tag":
            lost.append(_("tags are not put back"))
    return lost


def json_bytes(value: object) -> bytes:
    """Return JSON in which decimals keep their digits."""
    return _json(value).encode("utf-8")


def _json(value: object) -> str:
    if isinstance(value, Mapping):
        inside = (f"{json.dumps(str(key), ensure_ascii=False)}:{_json(one)}" for key, one in value.items())
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_json(one) for one in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)
