"""Where a check reads a journal from: the SQLite file, or an export. Both give the same records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.canonical import canonical
from crm_bridge.journal.format.checkpoint import ORIGIN_PREFIX
from crm_bridge.journal.format.entry import VERSION
from crm_bridge.journal.format.lines import MAX_LINES
from crm_bridge.journal.storage import database

HEADER_KIND = "crm-bridge-journal"
CHECKPOINT_KIND = "checkpoint"
MAX_LINE = 16 << 20

_CHECKPOINT_START = b'{"kind":"checkpoint",'


class SourceError(Exception):
    """The place where reading had to stop, and why: the rest cannot be judged."""

    def __init__(self, where: str, what: str) -> None:
        """Keep both for the finding."""
        super().__init__(what)
        self.where = where
        self.what = what


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """The bytes of one entry."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class LinesRecord:
    """The bytes of the lines of the entry before, joined by newlines."""

    block: bytes


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """One checkpoint, with what a file keeps beside its note: the frontier, and the size under which it stands."""

    note: str
    frontier: bytes | None = None
    size: int | None = None


Record: TypeAlias = EntryRecord | LinesRecord | CheckpointRecord


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """Header of a journal or export. Nothing of it is believed; it must agree with the entries."""

    uuid: str
    origin: str
    size: int | None = None
    vkeys: tuple[str, ...] | None = None


def header_line(header: JournalHeader) -> bytes:
    """Return the first line of an export, without the newline."""
    return canonical(
        {
            "kind": HEADER_KIND,
            "origin": header.origin,
            "size": header.size,
            "uuid": header.uuid,
            "v": VERSION,
            "vkeys": header.vkeys,
        }
    )


def checkpoint_line(note: str) -> bytes:
    """Return the line of a checkpoint in an export, without the newline."""
    return canonical({"kind": CHECKPOINT_KIND, "note": note})


def read_export_header(source: BinaryIO) -> JournalHeader:
    """Read the first line of an export; raise SourceError unless it is exactly what we write."""
    line = source.readline(MAX_LINE)
    try:
        value = json.loads(line.decode())
        header = JournalHeader(value["uuid"], value["origin"], value["size"], tuple(value["vkeys"]))
        # Written again it must be the same bytes: no second spelling, nothing added.
        if type(header.size) is not int or header_line(header) + b"\n" != line:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError, JournalError):
        raise SourceError(_("line {number}").format(number=1), _("this is not the header of an export")) from None
    return header


def read_export_records(source: BinaryIO) -> Iterator[Record]:
    """Yield the records after the header; raise SourceError at the first line that is none.

    An entry says how many lines of contracts follow it; they are taken as they are, whatever they look like.
    """
    number = 1
    while line := source.readline(MAX_LINE):
        number += 1
        if line.startswith(_CHECKPOINT_START):
            yield _checkpoint(_whole(line, number), number)
            continue
        yield EntryRecord(_whole(line, number))
        count = line_count(line)
        if count:
            lines = [_whole(source.readline(MAX_LINE), number + 1 + place) for place in range(count)]
            number += count
            yield LinesRecord(b"\n".join(lines))


def line_count(raw: bytes) -> int:
    """Return how many lines an entry announces, 0 where its bytes do not say it as an entry would."""
    try:
        count = json.loads(raw.decode())["lines"]["count"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return count if type(count) is int and 0 < count <= MAX_LINES else 0


def _whole(line: bytes, number: int) -> bytes:
    if not line.endswith(b"\n"):
        raise SourceError(_("line {number}").format(number=number), _("the last line is cut"))
    return line[:-1]


def _checkpoint(line: bytes, number: int) -> CheckpointRecord:
    try:
        note = json.loads(line.decode())["note"]
        if not isinstance(note, str) or checkpoint_line(note) != line:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError, JournalError):
        raise SourceError(_("line {number}").format(number=number), _("this is not a checkpoint line")) from None
    return CheckpointRecord(note)


def read_database_header(db: sqlite3.Connection) -> JournalHeader:
    """Read what the file says about itself; raise SourceError when it is not a journal file."""
    try:
        if not database.schema_is_ours(db):
            raise SourceError(database.FILE_NAME, _("tables or triggers were changed"))
        damage = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok":
            raise SourceError(database.FILE_NAME, _("SQLite finds damage: {what}").format(what=damage))
        meta = dict(db.execute("SELECT name, value FROM meta"))
    except database.ERRORS as error:
        raise SourceError(database.FILE_NAME, str(error)) from None
    if meta.keys() != {"uuid", "format"} or meta["format"] != database.FORMAT:
        raise SourceError(database.FILE_NAME, _("it does not say which journal it is"))
    return JournalHeader(meta["uuid"], ORIGIN_PREFIX + meta["uuid"])


def read_database_records(db: sqlite3.Connection, *, size: int) -> Iterator[Record]:
    """Yield the first `size` entries, their lines and checkpoints in the order of an export, in pages.

    Checkpoints that speak of entries which are not in the file come last: a tail that was cut off must show.
    """
    checkpoints = _checkpoints(db)
    waiting = next(checkpoints, None)
    for place, (seq, raw, block) in enumerate(_pages(db, _ENTRIES)):
        if place >= size:
            break
        if seq != place:
            raise SourceError(_("entry {seq}").format(seq=place), _("it is missing"))
        yield EntryRecord(raw)
        if block is not None:
            yield LinesRecord(block)
        while waiting is not None and waiting[0] <= place + 1:
            yield waiting[1]
            waiting = next(checkpoints, None)
    for stored, note, frontier in _pages(db, _ORPHANS):
        yield CheckpointRecord(note, frontier, stored)


def count_entries(db: sqlite3.Connection) -> int:
    """Return how many entries there are now; a reader that stops there is not disturbed by a writer."""
    return read_present(db).size


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a journal file reaches at one moment, and what it then keeps beside the entries."""

    size: int
    nodes: Mapping[tuple[int, int], bytes]
    stray_lines: int
    """Blocks of lines without an entry."""


def read_present(db: sqlite3.Connection) -> FileState:
    """Read all of it in one transaction: a writer in between would look like damage."""
    try:
        db.execute("BEGIN")
        try:
            size: int = db.execute("SELECT coalesce(max(seq), -1) + 1 FROM entry").fetchone()[0]
            nodes = db.execute("SELECT level, place, hash FROM node").fetchall()
            stray = db.execute("SELECT count(*) FROM lines WHERE seq NOT IN (SELECT seq FROM entry)").fetchone()[0]
        finally:
            db.execute("ROLLBACK")
    except database.ERRORS as error:
        raise SourceError(database.FILE_NAME, str(error)) from None
    return FileState(size, {(level, place): node for level, place, node in nodes}, stray)


_ENTRIES = (
    "SELECT entry.seq, entry.raw, lines.raw FROM entry LEFT JOIN lines ON lines.seq = entry.seq "
    "WHERE entry.seq > ? ORDER BY entry.seq LIMIT 100"
)
_CHECKPOINTS = "SELECT size, note, frontier FROM checkpoint WHERE size > ? ORDER BY size LIMIT 500"
_ORPHANS = (
    "SELECT size, note, frontier FROM checkpoint WHERE size > max(?, (SELECT coalesce(max(seq), -1) + 1 FROM entry)) "
    "ORDER BY size LIMIT 500"
)


def _checkpoints(db: sqlite3.Connection) -> Iterator[tuple[int, CheckpointRecord]]:
    for size, note, frontier in _pages(db, _CHECKPOINTS):
        yield size, CheckpointRecord(note, frontier, size)


def _pages(db: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that goes on after the first column of the row before."""
    last = -1
    while True:
        try:
            rows = db.execute(query, (last,)).fetchall()
        except database.ERRORS as error:
            raise SourceError(database.FILE_NAME, str(error)) from None
        if not rows:
            return
        yield from rows
        last = rows[-1][0]


def find_database(source: Path) -> Path | None:
    """Return the journal file that a state directory or path means; None when it is an export.

    Told apart by name only: the file must never be opened by anything but SQLite.
    """
    if source.is_dir():
        return source / database.FILE_NAME
    return source if source.suffix in (".sqlite3", ".sqlite", ".db") else None
