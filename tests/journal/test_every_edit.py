"""Every column, index, trigger, table and kind of row, edited one at a time: nothing is written after it.

The lists come from the schema itself, so that whatever is added to it is walked too.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.pin import NoPins, PinFile
from crm_bridge.journal.storage import database
from crm_bridge.journal.store import Journal
from tests.journal.conftest import MemoryKeys, attempt_on
from tests.journal.file_attacks import tamper

ROOM = frozenset({"preflight"})
"""Tables that say nothing about what happened: leases of living processes, and the trace of a test write."""


def _schema() -> Iterator[tuple[str, str, list[str]]]:
    with closing(sqlite3.connect(":memory:")) as db:
        database.create_schema(db)
        for kind, name in db.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall():
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})")] if kind == "table" else []
            yield kind, name, columns


SCHEMA = list(_schema())
TABLES = [name for kind, name, _columns in SCHEMA if kind == "table"]
COLUMNS = [(table, column) for _kind, table, columns in SCHEMA if table not in ROOM for column in columns]
CHANGES = [
    *(f"DROP {kind.upper()} {name}" for kind, name, _columns in SCHEMA),
    *(f"ALTER TABLE {table} ADD COLUMN more TEXT" for table in TABLES),
    *(f"CREATE TRIGGER more_{table} AFTER INSERT ON {table} BEGIN SELECT 1; END" for table in TABLES),
    "CREATE TABLE more (x)",
    "CREATE VIEW more AS SELECT 1",
    "CREATE INDEX more ON entry (raw)",
]


class Lab:
    """A journal's folder with its keys, opened without a pin unless one is given."""

    def __init__(self, home: Path, keys: MemoryKeys) -> None:
        self.home, self.keys = home, keys
        self.file = home / database.FILE_NAME

    def open(self, pins: KeyStore | None = None) -> Journal:
        """Open it for writing."""
        return Journal.open(
            self.home, keys=self.keys, pins=pins or NoPins(), clock=ManualClock(), randomness=random.Random(1)
        )

    def copy(self, home: Path) -> Lab:
        """Return a copy elsewhere."""
        return Lab(Path(shutil.copytree(self.home, home)), self.keys)

    def refuses(self, pins: KeyStore | None = None) -> JournalError:
        """Return why nothing can be written to it."""
        with pytest.raises(JournalError) as caught, self.open(pins) as journal:
            journal.append([NewEntry("note")])
        return caught.value

    def verdict(self) -> int:
        """Return the exit code of a check, that of a damaged journal where it cannot be read at all."""
        try:
            return check_journal(self.home).exit_code
        except JournalError:
            return 10


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A closed journal in which every table that says something has rows."""
    lab = Lab(tmp_path_factory.mktemp("original") / "state", MemoryKeys())
    with lab.open() as journal:
        journal.append([NewEntry("run.start", run="R1", plan="P1")])
        journal.append([NewEntry("gate", run="R1", plan="P1", lines=[{"id": "1"}, {"id": "2"}])])
        journal.append([attempt_on("intent", "1", step="trash", attempt=1)])
        journal.append([NewEntry("note")] * 256)
        journal.append([attempt_on("outcome", "1", step="trash", attempt=1)])
    return lab


def rows(file: Path, table: str, column: str) -> Iterator[tuple[str, str | int | bytes]]:
    """Yield the condition that means the first and the last row of a table, and what stands in a column of it."""
    with closing(sqlite3.connect(file)) as db:
        key = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[5]]
        for order in ("", " DESC"):
            by = ", ".join(name + order for name in key)
            means = " || ' AND ' || ".join(f"'{name} = ' || quote({name})" for name in key)
            yield db.execute(f"SELECT {means}, {column} FROM {table} ORDER BY {by} LIMIT 1").fetchone()


def another(value: str | int | bytes) -> str:
    """Return, as SQL writes it, a value that is not this one."""
    if isinstance(value, bytes):
        return f"x'{(value[:-1] + bytes([value[-1] ^ 1])).hex()}'"
    return str(value + 1000) if isinstance(value, int) else "'" + value.replace("'", "''") + "x'"


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_value_that_was_edited_is_not_written_after(original: Lab, tmp_path: Path, table: str, column: str) -> None:
    edits = {
        f"UPDATE {table} SET {column} = {another(value)} WHERE {row}"
        for row, value in rows(original.file, table, column)
    }
    for number, edit in enumerate(edits):
        lab = original.copy(tmp_path / str(number))
        tamper(lab.file, edit)
        lab.refuses()
        assert lab.verdict() in (10, 11, 13)


@pytest.mark.parametrize("change", CHANGES)
def test_a_schema_that_was_changed_is_not_written_after(original: Lab, tmp_path: Path, change: str) -> None:
    lab = original.copy(tmp_path / "state")
    with closing(sqlite3.connect(lab.file)) as db:
        db.execute(change)
        db.commit()
    assert lab.refuses().reason in ("schema_changed", "journal_error")
    assert lab.verdict() == 10


def test_the_trace_of_a_test_write_says_nothing(original: Lab, tmp_path: Path) -> None:
    lab = original.copy(tmp_path / "state")
    tamper(lab.file, "UPDATE preflight SET session = 'x'")
    assert lab.verdict() == original.verdict() == 0


def put_back(lab: Lab, older: Lab) -> None:
    """Put an older copy in the place of the journal."""
    shutil.copy(older.file, lab.file)


def cut(lab: Lab, older: Lab) -> None:
    """Remove the last transaction as somebody who knows the schema."""
    size = sqlite3.connect(older.file).execute("SELECT max(size) FROM checkpoint").fetchone()[0]
    for table, column in (("checkpoint", "size > "), ("lines", "seq >= "), ("entry", "seq >= ")):
        tamper(lab.file, f"DELETE FROM {table} WHERE {column}{size}")


def forked(lab: Lab, older: Lab) -> None:
    """Go on from an older copy with other entries, signed by the same key, until it is longer than the journal was."""
    with older.open() as journal:
        for number in range(5):
            journal.append([NewEntry("another", body={"n": number})])
    put_back(lab, older)


@pytest.mark.parametrize("attack", [put_back, cut, forked])
@pytest.mark.parametrize("where", ["beside the keys", "another volume"])
def test_a_pin_in_a_file_notices_a_journal_that_went_back(
    original: Lab, tmp_path: Path, where: str, attack: Callable[[Lab, Lab], None]
) -> None:
    lab, older = original.copy(tmp_path / "state"), original.copy(tmp_path / "older")
    pins = PinFile(tmp_path / ("journal.pin" if where == "beside the keys" else "head.pin"))
    with lab.open(pins) as journal:
        journal.append([NewEntry("run.start", run="R2", plan="P2")])
        journal.append([NewEntry("run.end", run="R2", plan="P2")])
    attack(lab, older)
    assert lab.refuses(pins).reason == "rolled_back"
