"""The SQLite file of a journal: its schema, its settings, its errors in our words."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from crm_bridge.errors import JournalBusyError, JournalError
from crm_bridge.i18n import _

FILE_NAME = "journal.sqlite3"
APPLICATION_ID = 0x63726D6A  # "crmj"
BUSY_SECONDS = 5
MIN_SQLITE = (3, 37, 0)

# SQLite quotes what it found in a damaged file, and Python cannot read every such quotation.
ERRORS = (sqlite3.Error, UnicodeDecodeError)

FORMAT = "2"

_APPEND_ONLY = ("meta", "entry", "lines", "checkpoint", "node")

_TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # Nothing stands beside the sealed bytes that could say something else than they do.
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, raw BLOB NOT NULL) STRICT",
    "CREATE TABLE lines (seq INTEGER PRIMARY KEY, raw BLOB NOT NULL) STRICT",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, frontier BLOB NOT NULL) STRICT",
    "CREATE TABLE node (level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL, "
    "PRIMARY KEY (level, place)) STRICT, WITHOUT ROWID",
    "CREATE TABLE preflight (id INTEGER PRIMARY KEY CHECK (id = 1), session TEXT NOT NULL) STRICT",
    "CREATE TRIGGER entry_in_order BEFORE INSERT ON entry "
    "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), -1) + 1 FROM entry) "
    "BEGIN SELECT RAISE(ABORT, 'entries are written in order'); END",
)


def _triggers() -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        for table in _APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    )


SCHEMA = _TABLES + _triggers()


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file and check every setting that durability depends on; raise JournalError if one does not hold."""
    if sqlite3.sqlite_version_info < MIN_SQLITE:
        raise JournalError(
            _("SQLite {version} is too old for the journal").format(version=sqlite3.sqlite_version),
            reason="sqlite_too_old",
            hint=_("use a Python with SQLite 3.37 or newer"),
        )
    # Readers open it for writing too, where they may: only so can SQLite roll back what a killed writer left behind.
    uri = path.absolute().as_uri() + "?mode=rw"
    try:
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise translate(error) from None
    try:
        _apply_settings(db, read_only=read_only)
    except ERRORS as error:
        db.close()
        raise translate(error) from None
    except JournalError:
        db.close()
        raise
    return db


def _apply_settings(db: sqlite3.Connection, *, read_only: bool) -> None:
    wanted: list[tuple[str, str, str | int]] = [
        ("busy_timeout", str(BUSY_SECONDS * 1000), BUSY_SECONDS * 1000),
        ("trusted_schema", "OFF", 0),
        ("cell_size_check", "ON", 1),
        ("recursive_triggers", "ON", 1),
        ("synchronous", "EXTRA", 3),
        ("journal_mode", "DELETE", "delete"),
    ]
    if sys.platform == "darwin":
        wanted.append(("fullfsync", "ON", 1))
    if read_only:
        wanted.append(("query_only", "ON", 1))
    for name, setting, expected in wanted:
        if not (read_only and name == "journal_mode"):
            db.execute(f"PRAGMA {name}={setting}")
        found = db.execute(f"PRAGMA {name}").fetchone()
        if found is None or found[0] != expected:
            raise JournalError(
                _("SQLite does not keep the setting {name}={setting}").format(name=name, setting=setting),
                reason="setting_refused",
                hint=_("the journal must not be used with this SQLite or this file"),
            )


def create_schema(db: sqlite3.Connection) -> None:
    """Create the tables and triggers inside the caller's transaction."""
    for statement in SCHEMA:
        db.execute(statement)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")


def is_empty(db: sqlite3.Connection) -> bool:
    """Return whether nothing was ever created in this file."""
    try:
        return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,))
    except ERRORS as error:
        raise translate(error) from None


def schema_is_ours(db: sqlite3.Connection) -> bool:
    """Return whether tables, indexes and triggers are exactly those that we create."""
    return _master(db) == _expected_schema()


@lru_cache(maxsize=1)
def _expected_schema() -> frozenset[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as db:
        create_schema(db)
        return _master(db)


def _master(db: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    return frozenset(db.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master"))


def primary_code(error: Exception) -> int:
    """Return SQLite's primary result code, 0 when the error did not come from SQLite."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def translate(error: Exception) -> JournalError:
    """Say in our words what SQLite refused (one of `ERRORS`); the text of SQLite names no data."""
    code = primary_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalBusyError(
            _("another process is writing the journal"),
            reason="journal_busy",
            hint=_("wait until it has finished, then run the same command again"),
        )
    if code == sqlite3.SQLITE_FULL:
        return JournalError(
            _("the disk is full: nothing was written to the journal"),
            reason="disk_full",
            hint=_("free some space, then run the same command again"),
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return JournalError(
            _("the journal cannot be written: {why}").format(why=error),
            reason="journal_read_only",
            hint=_("make the state directory writable; `journal check` and `journal export` still work"),
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(error, UnicodeDecodeError):
        why = _("unreadable bytes") if isinstance(error, UnicodeDecodeError) else error
        return JournalError(
            _("the journal file is damaged: {why}").format(why=why),
            reason="journal_damaged",
            hint=_("run `crm-bridge journal check`"),
        )
    return JournalError(
        _("the journal refused: {why}").format(why=error),
        reason="journal_error",
        hint=_("run `crm-bridge journal check`"),
    )


def uncertain(error: sqlite3.Error) -> JournalError:
    """Return the error for a transaction of which it is not known whether it is on disk."""
    return JournalError(
        _("it is not certain that the last journal entry is on disk: {why}").format(why=error),
        reason="commit_uncertain",
        hint=_("check the disk, run `crm-bridge journal check`, then resume: open steps are settled by looking"),
    )
