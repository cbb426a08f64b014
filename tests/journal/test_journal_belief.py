"""A journal is believed only as far as its bytes lead to the sealed root: nothing beside them decides anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crm_bridge.errors import JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.storage import database
from crm_bridge.journal.store import Journal
from tests.journal.conftest import MakeNewEntry, OpenJournal, attempt_on
from tests.journal.file_attacks import tamper

OLD = "CAST(replace(CAST(raw AS TEXT), 'P1', 'P9') AS BLOB)"


def filled(open_journal: OpenJournal, home: Path) -> Path:
    """Leave a closed journal with a used plan, a gate and an intent long before its end; return the file."""
    with open_journal() as journal:
        journal.append([NewEntry("run.start", run="R1", plan="P1")])
        journal.append([NewEntry("gate", run="R1", plan="P1", lines=[{"id": "1", "number": "ab" * 32}, {"id": "2"}])])
        journal.append([attempt_on("intent", "1", "2", step="trash", attempt=1)])
        journal.append([attempt_on("outcome", "1", "2", step="trash", attempt=1)])
        for number in range(300):
            journal.append([NewEntry("note", body={"n": number})])
    return home / database.FILE_NAME


CHANGES = {
    "the plan of an old run": f"UPDATE entry SET raw = {OLD} WHERE seq = 1",
    "an old run taken out": "UPDATE entry SET raw = (SELECT raw FROM entry WHERE seq = 9) WHERE seq = 1",
    "two old entries exchanged": "UPDATE entry SET raw = CASE seq WHEN 1 THEN (SELECT raw FROM entry WHERE seq = 2) "
    "ELSE (SELECT raw FROM entry WHERE seq = 1) END WHERE seq IN (1, 2)",
    "an old entry that is no entry": "UPDATE entry SET raw = CAST('{}' AS BLOB) WHERE seq = 1",
    "an old entry that is no text": "UPDATE entry SET raw = CAST(x'ff' AS BLOB) WHERE seq = 1",
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_old_entry_that_was_changed_is_neither_read_nor_written_after(
    open_journal: OpenJournal, home: Path, change: str
) -> None:
    path = filled(open_journal, home)
    tamper(path, CHANGES[change])
    journal = open_journal()
    with pytest.raises(JournalError):
        list(journal.entries(plan="P1"))
    with pytest.raises(JournalError):
        journal.append([NewEntry("note")])
    assert check_journal(home).exit_code == 10


def test_old_lines_that_were_changed_are_neither_read_nor_written_after(open_journal: OpenJournal, home: Path) -> None:
    path = filled(open_journal, home)
    tamper(path, "UPDATE lines SET raw = CAST(replace(CAST(raw AS TEXT), '\"2\"', '\"3\"') AS BLOB) WHERE seq = 2")
    journal = open_journal()
    (entry,) = journal.entries(op="gate")
    with pytest.raises(JournalError) as caught:
        list(journal.lines(entry))
    assert caught.value.reason == "journal_unverified"
    with pytest.raises(JournalError):
        journal.append([NewEntry("note")])


@pytest.mark.parametrize("statement", ["DELETE FROM node", "UPDATE node SET hash = zeroblob(32)"])
def test_a_tree_node_that_was_changed_is_not_written_after(
    open_journal: OpenJournal, home: Path, statement: str
) -> None:
    path = filled(open_journal, home)
    tamper(path, statement)
    with pytest.raises(JournalError):
        open_journal().append([NewEntry("note")])
    assert check_journal(home).exit_code == 10


def test_gates_are_found_by_id_and_by_the_digest_of_a_number(open_journal: OpenJournal, home: Path) -> None:
    filled(open_journal, home)
    journal = open_journal()
    for name, found in {"1": ["1"], "2": ["2"], "ab" * 32: ["1"], "ab" * 31: [], "gate": [], "number": []}.items():
        assert [line.record_id for _gate, line in journal.gates_of(name)] == found


def test_a_gate_whose_lines_were_changed_finds_nothing(open_journal: OpenJournal, home: Path) -> None:
    path = filled(open_journal, home)
    tamper(path, "UPDATE lines SET raw = CAST(replace(CAST(raw AS TEXT), '\"2\"', '\"7\"') AS BLOB) WHERE seq = 2")
    assert list(open_journal().gates_of("2")) == []
    with pytest.raises(JournalError):
        list(open_journal().gates_of("7"))


def test_open_intents_are_derived_whatever_process_left_them(
    open_journal: OpenJournal, home: Path, intent: MakeNewEntry, outcome: MakeNewEntry
) -> None:
    filled(open_journal, home)
    first, second = open_journal(), open_journal()
    first.append([intent("5"), intent("6")])
    assert [line.record_id for _entry, line in second.open_intents()] == ["5", "6"]
    with pytest.raises(JournalError) as caught:
        second.append([intent("5")])
    assert caught.value.reason == "intent_open"
    second.append([outcome("5")])
    assert [line.record_id for _entry, line in first.open_intents()] == ["6"]


def test_an_outcome_without_an_intent_is_not_written(journal: Journal, outcome: MakeNewEntry) -> None:
    with pytest.raises(JournalError) as caught:
        journal.append([outcome("1")])
    assert caught.value.reason == "no_intent"
    assert journal.head().size == 1


def test_the_file_holds_nothing_beside_the_bytes(journal: Journal, home: Path) -> None:
    with closing(sqlite3.connect(home / database.FILE_NAME)) as db:
        columns = {
            table: [row[1] for row in db.execute(f"PRAGMA table_xinfo({table})")] for table in ("entry", "lines")
        }
    assert columns == {"entry": ["seq", "raw"], "lines": ["seq", "raw"]}
