"""Whether what hangs on a contract is as it was when it was copied: rows by content, records by id, files by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from crm_bridge.domain.canonical import digest_of
from crm_bridge.domain.records.content import Content, of_any_type
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart

_ROWS = frozenset({PartKind.DETAIL, PartKind.NOTE, PartKind.TEAM})
"""Parts that die with their contract: every value of them counts. Other records go on living, and count by id."""
_PLAIN = Content({}, open=True)


def differing(before: Snapshot, after: Snapshot, content: Content | None) -> tuple[str, ...]:
    """Return the names of the lists in which two copies of one contract differ; what a removal sets is no difference.

    The record itself is not compared: the drift digest does that. Nor are lists that are not shown `after`.
    """
    of_rows = content or _PLAIN
    old, new = _lists(before, of_rows), _lists(after, of_rows)
    found = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} | _files(before, after)
    return tuple(sorted(name for name in found if name.partition("/")[0] not in after.unshown))


def record_differs(before: Snapshot, after: Snapshot, content: Content | None) -> bool:
    """Return whether the record itself holds something else, apart from what a removal sets."""
    of_record = content or _PLAIN
    return of_record.remains(_object(before.record)) != of_record.remains(_object(after.record))


def activity(snapshot: Snapshot, content: Content | None) -> str | None:
    """Return what the copy says about activity around its contract; None where the CRM has no such field."""
    return content.activity_of(_object(snapshot.record)) if content else None


def _object(raw: bytes) -> Mapping[str, object]:
    value = json.loads(raw, parse_float=Decimal)
    return value if isinstance(value, dict) else {}


def _lists(snapshot: Snapshot, content: Content) -> dict[str, list[str]]:
    """Return every list as digests of its rows, in one order."""
    found: dict[str, list[str]] = {}
    for part in snapshot.parts:
        if digests := sorted(_digests(part, content)):
            found.setdefault(part.name, []).extend(digests)
    for name, value in _object(snapshot.record).items():
        # A subform: rows that stand in the record itself.
        if name in content.lists and isinstance(value, list) and any(isinstance(row, dict) for row in value):
            found[name] = sorted(content.lists[name].remains(row) for row in value if isinstance(row, dict))
    return found


def _digests(part: SnapshotPart, content: Content) -> Iterator[str]:
    if part.kind is PartKind.EXTRA:
        return
    value = json.loads(part.raw, parse_float=Decimal)
    for row in value if isinstance(value, list) else [value]:
        if part.kind in _ROWS and isinstance(row, dict):
            yield content.lists.get(part.name, _PLAIN).remains(row)
        elif isinstance(row, dict) and part.kind is not PartKind.LINK:
            yield digest_of([of_any_type(row.get(name)) for name in ("id", "_id", "File_Name", "$link_url")])
        else:
            yield digest_of(row)


def _files(before: Snapshot, after: Snapshot) -> set[str]:
    """Return the places whose files differ; a size counts where both copies tell one."""
    old, new = _by_id(before.attachments), _by_id(after.attachments)
    return {
        (old.get(key) or new[key]).source
        for key in old.keys() | new.keys()
        if key not in old or key not in new or not _same(old[key], new[key])
    }


def _by_id(files: tuple[Attachment, ...]) -> dict[tuple[str, str], Attachment]:
    return {(file.source, file.id): file for file in files}


def _same(old: Attachment, new: Attachment) -> bool:
    return old.name == new.name and (None in (old.size, new.size) or old.size == new.size)
