"""Compare a contract that came back with its snapshot, field by field, and hold the result against the forecast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from crm_bridge.domain.capabilities import Capabilities, Fate, Route
from crm_bridge.domain.snapshot import PartKind, Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was. `fate` is what was found, `promised` what the forecast said."""

    name: str
    fate: Fate
    promised: Fate

    @property
    def surprise(self) -> bool:
        """Say whether the forecast had promised better."""
        return self.promised is Fate.SAME


@dataclass(frozen=True, slots=True)
class Promise:
    """What one way back does with one thing, with the source or a note."""

    name: str
    fate: Fate
    note: str


def forecast(
    capabilities: Capabilities,
    route: Route,
    *,
    read_only: frozenset[str] = frozenset(),
) -> tuple[Promise, ...]:
    """Say what a way back brings back: the CRM's own table, then every field that cannot be written again."""
    general = tuple(Promise(name, fate, note) for name, (fate, note) in capabilities.returns[route].items())
    if route is Route.UNTRASH:
        return general
    return general + tuple(Promise(f"field {name}", Fate.CHANGED, "set by the CRM") for name in sorted(read_only))


def differences(
    before: Snapshot,
    after: Snapshot,
    *,
    route: Route,
    capabilities: Capabilities,
    read_only: frozenset[str] = frozenset(),
    ids: Mapping[str, str] | None = None,
) -> tuple[Difference, ...]:
    """Return every field, list and file that differs; ids that were mapped to new ones count as equal."""
    mapped = dict(ids or {})
    table = capabilities.returns[route]
    found: list[Difference] = []
    old, new = _record(before.record), _record(after.record)
    for name in sorted(old.keys() | new.keys()):
        fate = _fate(_mapped(old.get(name), mapped), new.get(name))
        if fate is not Fate.SAME:
            found.append(Difference(name, fate, _promise(table, name, route, read_only)))
    for kind, word in ((PartKind.DETAIL, "details"), (PartKind.NOTE, "notes"), (PartKind.LINK, "inbound_links")):
        counts = _count(before, kind), _count(after, kind)
        if counts[1] < counts[0]:
            found.append(Difference(word, Fate.LOST, table.get(word, (Fate.UNKNOWN, ""))[0]))
    if _files(after) != _files(before):
        fate = Fate.LOST if len(after.attachments) < len(before.attachments) else Fate.CHANGED
        found.append(Difference("attachments", fate, table.get("attachments", (Fate.UNKNOWN, ""))[0]))
    return tuple(found)


def _record(raw: bytes) -> dict[str, object]:
    value = json.loads(raw, parse_float=Decimal)
    return value if isinstance(value, dict) else {}


def _mapped(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, list):
        return [_mapped(item, ids) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, ids) for key, item in value.items()}
    return value


def _fate(old: object, new: object) -> Fate:
    if old == new or (old in (None, "", []) and new in (None, "", [])):
        return Fate.SAME
    return Fate.LOST if new in (None, "", []) else Fate.CHANGED


def _promise(
    table: Mapping[str, tuple[Fate, str]],
    name: str,
    route: Route,
    read_only: frozenset[str],
) -> Fate:
    if route is Route.RECREATE and name in read_only:
        return Fate.CHANGED
    if name in table:
        return table[name][0]
    return table.get("fields", (Fate.UNKNOWN, ""))[0]


def _count(snapshot: Snapshot, kind: PartKind) -> int:
    total = 0
    for part in snapshot.parts:
        if part.kind is kind:
            value = json.loads(part.raw, parse_float=Decimal)
            total += len(value) if isinstance(value, list) else 1
    return total


def _files(snapshot: Snapshot) -> list[tuple[str, str | None, int | None]]:
    return sorted((file.name, file.sha256, file.size) for file in snapshot.attachments)
