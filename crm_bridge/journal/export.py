"""`journal export`: the journal as canonical JSON lines that anybody can verify."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal import database, sources
from crm_bridge.journal.entry import Entry
from crm_bridge.journal.sources import EntryRecord, Header
from crm_bridge.journal.store import Journal
from crm_bridge.journal.walk import ROTATE_OP, START_OP


def export_journal(source: Journal | Path, output: BinaryIO) -> int:
    """Write header, entries and checkpoints of an open journal, a state directory or a journal file.

    Returns the number of entries.

    One line each: a header, the exact bytes of every entry, and after the last entry of each batch the checkpoint
    that sealed it. Works on a journal that does not verify, and while another process appends.
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


def _export(db: sqlite3.Connection, output: BinaryIO) -> int:
    header = sources.read_database_header(db)
    size = sources.count_entries(db)
    whole = Header(header.uuid, header.origin, size, _announced_keys(db))
    output.write(sources.header_line(whole) + b"\n")
    for record in sources.read_database_records(db, size=size):
        line = record.raw if isinstance(record, EntryRecord) else sources.checkpoint_line(record.note)
        output.write(line + b"\n")
    return size


def _announced_keys(db: sqlite3.Connection) -> tuple[str, ...]:
    """Return the keys that the entries announce, in order."""
    keys = []
    for (raw,) in db.execute("SELECT raw FROM entry WHERE op IN (?, ?) ORDER BY seq", (START_OP, ROTATE_OP)):
        try:
            body = Entry.parse(raw).body
        except JournalError:
            continue
        keys.append(str(body.get("vkey") or body.get("new") or ""))
    return tuple(keys)
