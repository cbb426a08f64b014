"""Compare a contract that came back with its snapshot, thing by thing, and hold the result against the forecast."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from crm_bridge.domain.capabilities import Capabilities, Fate, Route
from crm_bridge.domain.records.content import Content
from crm_bridge.domain.restoring.forecast import Promises
from crm_bridge.domain.restoring.pairing import Row, pair_rows
from crm_bridge.domain.snapshot import PartKind, Snapshot

_WORSE = {Fate.SAME: 0, Fate.CHANGED: 1, Fate.LOST: 2, Fate.UNKNOWN: 3}
_EMPTY: tuple[object, ...] = (None, "", [], {})
_LISTS = ((PartKind.DETAIL, "details"), (PartKind.NOTE, "notes"))


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was. `fate` is what was found, `promised` what the forecast said."""

    name: str
    fate: Fate
    promised: Fate

    @property
    def surprise(self) -> bool:
        """Return whether it is worse than the forecast said. Where nothing was promised nothing can surprise."""
        return _WORSE[self.fate] > _WORSE[self.promised]


@dataclass(frozen=True, slots=True)
class Measured:
    """The comparison of one contract: what was looked at, and what differs. Names are fields and relations."""

    fields: int
    rows: int
    files: int
    files_equal: int
    """Attachments whose SHA-256 after the restore is that of the backup."""
    differences: tuple[Difference, ...]

    @property
    def surprises(self) -> tuple[Difference, ...]:
        """Return what is worse than the forecast said."""
        return tuple(one for one in self.differences if one.surprise)


def measure(
    before: Snapshot,
    after: Snapshot,
    *,
    promises: Promises,
    content: Content | None = None,
    ids: Mapping[str, str] | None = None,
    marker: str = "",
) -> Measured:
    """Compare field by field, row by row and file by file; ids that were mapped to new ones count as equal.

    `content` says which keys are the record; without it every key is. A row that carries `marker` is ours (the mark
    of a copy) and stands for no row of the backup.
    """
    mapped = dict(ids or {})
    old, new = record_of(before), record_of(after)
    tables = {name for name in old.keys() | new.keys() if f"details: {name}" in promises.known}
    within = {part.name for part in before.parts if part.kind is PartKind.DETAIL}
    # A field that holds files is compared by their digests below: its own value is ids of files, which are new.
    sources = {file.source for file in (*before.attachments, *after.attachments)}
    skip = within | sources | tables
    fields = {name for name in old.keys() | new.keys() if content is None or content.counts(name)}
    found = list(_fields(_reduced(old, content), _reduced(new, content), promises, mapped, names=fields - skip))
    rows = 0
    for kind, word in _LISTS:
        now = _rows(after, kind, new, tables)
        for name, before_rows in _rows(before, kind, old, tables).items():
            if name in sources:
                continue
            rows += len(before_rows)
            after_rows = [row for row in now.get(name, []) if not marker or marker not in row.values()]
            inside = content.lists.get(name) if content else None
            found += _list(name, word, _each(before_rows, inside), _each(after_rows, inside), promises, mapped)
    found += _links(before, after, promises, mapped)
    files, equal = _files(before, after)
    found += _attachments(before, after, promises)
    return Measured(len(fields), rows, files, equal, tuple(found))


def differences(
    before: Snapshot,
    after: Snapshot,
    *,
    route: Route,
    capabilities: Capabilities,
    content: Content | None = None,
    read_only: frozenset[str] = frozenset(),
    ids: Mapping[str, str] | None = None,
) -> tuple[Difference, ...]:
    """Compare against a CRM's general promises alone; `read_only` names fields that a new record cannot be given.

    General promises say that rows come back, not what a CRM puts into each of their columns: those are left out.
    """
    table = {name: fate for name, (fate, _note) in capabilities.returns[route].items()}
    fixed = dict.fromkeys(read_only, Fate.LOST) if route is Route.RECREATE else {}
    found = measure(before, after, promises=Promises({**fixed, **table}), content=content, ids=ids).differences
    lists = {part.name for part in (*before.parts, *after.parts)}
    return tuple(one for one in found if one.name.partition(".")[0] not in lists or "." not in one.name)


def record_of(snapshot: Snapshot) -> dict[str, object]:
    """Return every field that the snapshot holds: the record and its further slices."""
    found = _object(snapshot.record)
    for part in snapshot.parts:
        if part.kind is PartKind.EXTRA:
            found |= _object(part.raw)
    return found


def _object(raw: bytes) -> dict[str, object]:
    value = json.loads(raw, parse_float=Decimal)
    return value if isinstance(value, dict) else {}


def _fields(
    old: Mapping[str, object],
    new: Mapping[str, object],
    promises: Promises,
    ids: Mapping[str, str],
    *,
    names: Iterable[str],
) -> Iterator[Difference]:
    for name in sorted(names):
        fate = _fate(_mapped(old.get(name), ids), new.get(name))
        if fate is not Fate.SAME:
            yield Difference(name, fate, promises.of(name))


def _mapped(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, list):
        return [_mapped(item, ids) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, ids) for key, item in value.items()}
    return value


def _fate(old: object, new: object) -> Fate:
    if isinstance(old, bool) is not isinstance(new, bool) and None not in (old, new):
        # Python calls True and 1 equal; a CRM does not.
        return Fate.LOST if new in _EMPTY else Fate.CHANGED
    if old == new or (old in _EMPTY and new in _EMPTY) or _same_number(old, new):
        return Fate.SAME
    return Fate.LOST if new in _EMPTY else Fate.CHANGED


def _same_number(old: object, new: object) -> bool:
    """Return whether one is a number and the other the same number as text: some CRMs write both."""
    pair = (old, new)
    if not any(isinstance(one, int | Decimal) for one in pair) or any(isinstance(one, bool) for one in pair):
        return False
    try:
        return Decimal(str(old)) == Decimal(str(new))
    except InvalidOperation:
        return False


def _rows(
    snapshot: Snapshot, kind: PartKind, record: Mapping[str, object], tables: Iterable[str]
) -> dict[str, list[Row]]:
    """Return the rows of every list of one kind; a list may also be a field of the record (a subform)."""
    found: dict[str, list[Row]] = {}
    for part in snapshot.parts:
        if part.kind is kind:
            value = json.loads(part.raw, parse_float=Decimal)
            items = value if isinstance(value, list) else [value]
            found.setdefault(part.name, []).extend(item for item in items if isinstance(item, dict))
    if kind is PartKind.DETAIL:
        for name in tables:
            value = record.get(name)
            if name not in found and isinstance(value, list):
                found[name] = [item for item in value if isinstance(item, dict)]
    return found


def _reduced(row: Mapping[str, object], content: Content | None) -> dict[str, object]:
    """Return what of a row is the record, each value as it is compared."""
    if content is None:
        return dict(row)
    return {name: content.plain(name, value) for name, value in row.items() if content.counts(name)}


def _each(rows: Iterable[Row], content: Content | None) -> list[Row]:
    return [_reduced(row, content) for row in rows]


def _list(
    name: str,
    word: str,
    old: Sequence[Row],
    new: Sequence[Row],
    promises: Promises,
    ids: Mapping[str, str],
) -> Iterator[Difference]:
    """Pair rows by id or content, and name every column that differs once."""
    general = promises.of(name, word) if name in promises.known else promises.of(f"{word}: {name}", word)
    # Where the moving columns of a list are named, the others are promised as they were.
    named = any(known.startswith(f"{name}.") for known in promises.known)
    cells = Fate.SAME if named and general is Fate.CHANGED else general
    columns: dict[str, Fate] = {}
    pairs = list(pair_rows(old, new, ids))
    if len(new) > sum(after is not None for _before, after in pairs):
        # A row too many (one that was made twice, say) is in no way the list that was promised.
        yield Difference(name, Fate.CHANGED, cells)
    for before, after in pairs:
        if after is None:
            columns[""] = Fate.LOST
            continue
        for column in before.keys() | after.keys():
            fate = _fate(_mapped(before.get(column), ids), after.get(column))
            if fate is not Fate.SAME and _WORSE[fate] > _WORSE[columns.get(column, Fate.SAME)]:
                columns[column] = fate
    for column, fate in sorted(columns.items()):
        # Rows share the system columns of their contract (who changed it, when): the same promise holds for them.
        full = f"{name}.{column}" if column else name
        own = promises.known.get(full) or (promises.known.get(column, cells) if column else general)
        yield Difference(full, fate, max(own, cells, key=lambda one: _WORSE[one]))


def _links(before: Snapshot, after: Snapshot, promises: Promises, ids: Mapping[str, str]) -> Iterator[Difference]:
    old, new = _bag(before, PartKind.LINK), _bag(after, PartKind.LINK)
    moved = Counter(json.dumps(_mapped(json.loads(text), ids), sort_keys=True) for text in old.elements())
    if moved - new:
        # Under a new id they are pointed at it by a plan of their own: until then they are changed, not lost.
        fate = Fate.LOST if before.ref == after.ref else Fate.CHANGED
        yield Difference("inbound_links", fate, promises.of("inbound_links", "inbound_links"))


def _bag(snapshot: Snapshot, kind: PartKind) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in snapshot.parts:
        if part.kind is kind:
            value = json.loads(part.raw)
            found.update(json.dumps(one, sort_keys=True) for one in (value if isinstance(value, list) else [value]))
    return found


def _files(before: Snapshot, after: Snapshot) -> tuple[int, int]:
    old = Counter(file.sha256 or "" for file in before.attachments)
    # A file whose bytes were not read has no digest, and equals nothing.
    new = Counter(file.sha256 for file in after.attachments if file.sha256)
    return old.total(), (old & new).total()


def _attachments(before: Snapshot, after: Snapshot, promises: Promises) -> Iterator[Difference]:
    promised = promises.of("attachments", "attachments")
    # Where files of a field or column are promised to be lost, they are no part of what is compared.
    before, after = (_without_lost(one, promises) for one in (before, after))
    if _files(before, after)[1] < len(before.attachments):
        # Bytes that differ are not the attachment any more, whatever their name.
        yield Difference("attachments", Fate.LOST, promised)
    elif _names(before) != _names(after):
        yield Difference("attachments", Fate.CHANGED, promised)


def _without_lost(snapshot: Snapshot, promises: Promises) -> Snapshot:
    kept = [one for one in snapshot.attachments if promises.of(_place(one.source)) is not Fate.LOST]
    return replace(snapshot, attachments=tuple(kept))


def _place(source: str) -> str:
    """Return the thing that a file belongs to, as a forecast names it: its field, or its list and column."""
    name, _row, column = (*source.split("/"), "", "")[:3]
    return f"{name}.{column}" if column else name


def _names(snapshot: Snapshot) -> Counter[tuple[str, str | None]]:
    return Counter((file.name, file.sha256) for file in snapshot.attachments)
