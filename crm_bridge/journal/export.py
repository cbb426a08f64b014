"""`journal export`: the journal as canonical JSON lines that anybody can verify."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.checking import sources
from crm_bridge.journal.checking.recompute import ROTATE_OP, START_OP
from crm_bridge.journal.checking.sources import EntryRecord, JournalHeader, LinesRecord
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.format.outline import outline
from crm_bridge.journal.storage import database
from crm_bridge.journal.store import Journal


def export_journal(source: Journal | Path, output: BinaryIO) -> int:
    """Write header, entries, lines and checkpoints of an open journal, a state directory or a journal file.

    Returns the number of entries.

    One line each: a header, the exact bytes of every entry and of its lines, and after the last entry of each batch
    the checkpoint that sealed it. Works on a journal that does not verify, and while another process appends.
    """
    path = source.path if isinstance(source, Journal) else sources.find_database(source)
    if path is None or not path.is_file():
        raise JournalError(
            _("there is no journal at {path}").format(path=source),
            reason="no_journal",
            hint=_("give a state directory or a journal file"),
        )
    with closing(database.connect(path, read_only=True)) as db:
        try:
            return _export(db, output)
        except sources.SourceError as broken:
            raise JournalError(
                _("the journal file cannot be read: {why}").format(why=broken.what),
                reason="journal_damaged",
                hint=_("run `crm-bridge journal check`"),
            ) from None


def is_export(file: BinaryIO) -> bool:
    """Return whether a file begins as exports do."""
    return f'"kind":"{sources.HEADER_KIND}"'.encode() in file.readline(_BEGINNING)


_BEGINNING = 65_536


def _export(db: sqlite3.Connection, output: BinaryIO) -> int:
    header = sources.read_database_header(db)
    size = sources.count_entries(db)
    whole = JournalHeader(header.uuid, header.origin, size, _announced_keys(db))
    output.write(sources.header_line(whole) + b"\n")
    for record in sources.read_database_records(db, size=size):
        output.write(_line(record) + b"\n")
    return size


def _line(record: sources.Record) -> bytes:
    if isinstance(record, EntryRecord):
        return record.raw
    return record.block if isinstance(record, LinesRecord) else sources.checkpoint_line(record.note)


def _announced_keys(db: sqlite3.Connection) -> tuple[str, ...]:
    """Return the keys that the entries announce, in order."""
    keys = []
    for (raw,) in db.execute("SELECT raw FROM entry ORDER BY seq"):
        try:
            body = Entry.parse(raw).body if outline(raw).op in (START_OP, ROTATE_OP) else None
        except JournalError:
            continue
        if body is not None:
            keys.append(str(body.get("vkey") or body.get("new") or ""))
    return tuple(keys)
