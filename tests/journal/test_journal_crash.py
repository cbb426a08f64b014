"""Processes that die in the middle of a write: the next one finds the journal as it was before."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crm_bridge.errors import JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.storage import database
from tests.journal.conftest import MakeNewEntry, MemoryKeys, OpenJournal

# Writes so much that SQLite must put pages into the file before the commit, and dies there.
KILLED_WRITER = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 2")
db.execute("BEGIN IMMEDIATE")
first = db.execute("SELECT max(seq) + 1 FROM entry").fetchone()[0]
for seq in range(first, first + 200):
    db.execute("INSERT INTO entry VALUES (?, ?)", (seq, b"x" * 4000))
os.kill(os.getpid(), signal.SIGKILL)
"""


def die_writing(path: Path) -> None:
    """Run a writer that is killed in the middle of its transaction."""
    done = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name(path.name + "-journal").stat().st_size > 0


def test_what_a_killed_writer_left_behind_is_rolled_back(open_journal: OpenJournal, home: Path) -> None:
    first = open_journal()
    first.append([NewEntry("note")])
    size = first.head().size
    first.close()
    die_writing(home / database.FILE_NAME)
    again = open_journal()
    assert again.head().size == size
    again.append([NewEntry("note")])
    assert check_journal(home, vkeys=[again.vkey]).exit_code == 0


def test_a_check_after_a_kill_sees_no_half_written_entries(
    open_journal: OpenJournal, home: Path, intent: MakeNewEntry
) -> None:
    first = open_journal()
    first.append([intent("1")])
    first.close()
    die_writing(home / database.FILE_NAME)
    found = check_journal(home, vkeys=[first.vkey])
    assert (found.exit_code, found.size) == (15, 2)


def test_a_batch_that_was_refused_half_way_leaves_no_entry_behind(
    open_journal: OpenJournal, home: Path, intent: MakeNewEntry
) -> None:
    journal = open_journal()
    journal.append([intent("1")])
    with pytest.raises(JournalError) as caught:
        journal.append([NewEntry("note"), intent("2"), intent("1")])
    assert caught.value.reason == "intent_open"
    with closing(sqlite3.connect(home / database.FILE_NAME)) as db:
        assert db.execute("SELECT count(*) FROM entry").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM lines").fetchone() == (1,)
    assert [line.record_id for _entry, line in journal.open_intents()] == ["1"]


# Appends ten entries one by one through a journal of its own; argument 2 is the name under which it does.
WRITER = """
import random, sys
from pathlib import Path
from crm_bridge.clock import SystemClock
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
class Keys(dict):
    def set(self, name, value): self[name] = value
keys = Keys(line.strip().split(" ") for line in sys.stdin)
keys.pop("journal-pin")
with Journal.open(Path(sys.argv[1]), keys=keys, clock=SystemClock(), randomness=random.Random(sys.argv[2])) as journal:
    for number in range(10):
        journal.append([NewEntry("note", body={"by": sys.argv[2], "n": number})])
"""


def test_six_processes_write_one_journal(open_journal: OpenJournal, home: Path, keys: MemoryKeys) -> None:
    journal = open_journal()
    known = "".join(f"{name} {value}\n" for name, value in keys.items())
    running = []
    for number in range(6):
        command = [sys.executable, "-c", WRITER, str(home), str(number)]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))
    for one in running:
        one.communicate(known, timeout=120)
    assert [one.returncode for one in running] == [0] * 6
    journal.append([NewEntry("note", body={"by": "me", "n": 0})])
    assert check_journal(home, vkeys=[journal.vkey]).exit_code == 0
    by_writer: dict[str, list[int]] = {}
    for entry in journal.entries(op="note"):
        by_writer.setdefault(entry.body["by"], []).append(entry.body["n"])
    assert by_writer == {**{str(number): list(range(10)) for number in range(6)}, "me": [0]}
