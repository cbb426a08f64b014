"""A snapshot read back: the record, its details, its files and what referred to it, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.transport import parse_json
from crm_bridge_fxiaoke.wire import Record, row_id


@dataclass(frozen=True, slots=True)
class Saved:
    """What a re-creation works from. `files` are by source: a field, or `object/row/field` of a detail."""

    record: Record = field(repr=False)
    details: Mapping[str, Sequence[Record]] = field(repr=False)
    links: tuple[tuple[str, str, str], ...]
    team: Sequence[object] = field(repr=False)
    files: Mapping[str, Sequence[Attachment]] = field(repr=False)

    @property
    def id(self) -> str:
        """Return the id that the contract had."""
        return row_id(self.record)

    @property
    def speaks_open_ids(self) -> bool:
        """Return whether persons were saved as open user ids: a backup comes back in the style it was made in."""
        owner = self.record.get("owner")
        first = owner[0] if isinstance(owner, list) and owner else owner
        return isinstance(first, str) and first.startswith("FSUID_")


def read_snapshot(snapshot: Snapshot) -> Saved:
    """Return the values; the fullest copy of the record wins where `get` told more than the query."""
    record = _json(snapshot.record)
    details: dict[str, list[Record]] = {}
    links: list[tuple[str, str, str]] = []
    team: list[object] = []
    for part in snapshot.parts:
        value = _json(part.raw)
        if part.kind is PartKind.EXTRA and isinstance(value, dict) and isinstance(record, dict):
            record = {**record, **value}
        elif part.kind is PartKind.DETAIL and isinstance(value, list):
            live = [row for row in value if isinstance(row, dict) and row.get("life_status") != "invalid"]
            details.setdefault(part.name, []).extend(live)
        elif part.kind is PartKind.LINK and isinstance(value, list):
            links += [(str(one[0]), str(one[1]), str(one[2])) for one in value]
        elif part.kind is PartKind.TEAM and isinstance(value, list):
            team = value
    if not isinstance(record, dict) or row_id(record) != snapshot.ref.id:
        raise UsageError(_("the backup of {ref} holds another record").format(ref=snapshot.ref), reason="bad_backup")
    files: dict[str, list[Attachment]] = {}
    for one in snapshot.attachments:
        files.setdefault(one.source, []).append(one)
    return Saved(record, details, tuple(links), team, files)


def _json(raw: bytes) -> object:
    value: object = parse_json(raw, content_type="application/json")
    return value
