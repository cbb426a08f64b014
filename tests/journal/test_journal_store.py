"""The journal's file: append-only, sealed at every commit, one writer, fail closed."""

from __future__ import annotations

import random
import sqlite3
import stat
from pathlib import Path

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.errors import JournalBusyError, JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.format.entry import NewEntry, timestamp
from crm_bridge.journal.format.merkle import ProofError
from crm_bridge.journal.storage import database
from crm_bridge.journal.store import MOST_DEFERRED, Journal
from tests.journal.conftest import MakeNewEntry, MemoryKeys, OpenJournal


def raw_database(home: Path) -> sqlite3.Connection:
    """Open the file as a program without manners would."""
    return sqlite3.connect(home / database.FILE_NAME)


def test_what_append_returned_is_on_disk_and_sealed(journal: Journal, home: Path, intent: MakeNewEntry) -> None:
    (entry,) = journal.append([intent()])
    with raw_database(home) as db:
        assert db.execute("SELECT raw FROM entry WHERE seq = ?", (entry.seq,)).fetchone() == (entry.raw,)
        assert db.execute("SELECT max(size) FROM checkpoint").fetchone() == (entry.seq + 1,)
    assert journal.head().size == entry.seq + 1


def test_many_drafts_are_one_transaction_under_one_checkpoint(journal: Journal, intent: MakeNewEntry) -> None:
    before = journal.head().size
    entries = journal.append([intent(str(number)) for number in range(100)])
    assert {entry.seal_size for entry in entries} == {before + 100}
    assert [entry.seq for entry in entries] == list(range(before, before + 100))


def test_a_batch_with_one_bad_draft_writes_nothing(journal: Journal, intent: MakeNewEntry) -> None:
    before = journal.head().size
    with pytest.raises(JournalError):
        journal.append([intent("1"), NewEntry("bad", body={"amount": 1.5})])  # type: ignore[dict-item]
    assert journal.head().size == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET raw = zeroblob(3) WHERE seq = 0",
        "DELETE FROM entry WHERE seq = 0",
        "INSERT OR REPLACE INTO entry (seq, raw) SELECT seq, raw FROM entry WHERE seq = 0",
        "UPDATE lines SET raw = zeroblob(3)",
        "DELETE FROM lines",
        "UPDATE node SET hash = zeroblob(32)",
        "DELETE FROM node",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = 'x'",
        "DELETE FROM meta",
        "UPDATE meta SET value = 'x'",
    ],
)
def test_triggers_refuse_to_change_what_was_written(journal: Journal, home: Path, statement: str) -> None:
    journal.append([NewEntry("gate", lines=[{"id": "1"}]), *[NewEntry("note")] * 256])
    with raw_database(home) as db:
        # Without this pragma REPLACE would delete the old row past the triggers.
        db.execute("PRAGMA recursive_triggers = ON")
        with pytest.raises(sqlite3.DatabaseError):
            db.execute(statement)


def test_the_file_uses_a_rollback_journal_and_the_most_careful_sync(journal: Journal, home: Path) -> None:
    with raw_database(home) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    assert all("STRICT" in sql for sql in tables.values())
    source = (Path(database.__file__)).read_text()
    assert "synchronous" in source
    assert "EXTRA" in source


def test_folder_and_file_belong_to_one_user(journal: Journal, home: Path) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / database.FILE_NAME).stat().st_mode) == 0o600


def test_an_outcome_closes_exactly_its_intent(journal: Journal, intent: MakeNewEntry, outcome: MakeNewEntry) -> None:
    journal.append([intent("1"), intent("2")])
    journal.append([outcome("2")])
    assert [line.record_id for _entry, line in journal.open_intents()] == ["1"]


def test_a_second_intent_for_an_open_attempt_is_refused(journal: Journal, intent: MakeNewEntry) -> None:
    journal.append([intent("1")])
    with pytest.raises(JournalError) as caught:
        journal.append([intent("1")])
    assert caught.value.reason == "intent_open"


def test_two_writers_take_turns_and_both_are_sealed(open_journal: OpenJournal, home: Path) -> None:
    one, two = open_journal(), open_journal()
    for number in range(5):
        one.append([NewEntry("note", body={"from": "one", "n": number})])
        two.append([NewEntry("note", body={"from": "two", "n": number})])
    said = [entry.body["from"] for entry in one.entries(op="note")]
    assert said == ["one", "two"] * 5
    assert check_journal(home, vkeys=[one.vkey]).exit_code == 0


def test_a_locked_file_is_busy_and_nothing_is_written(
    open_journal: OpenJournal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    journal = open_journal()
    before = journal.head().size
    with raw_database(home) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalBusyError):
            journal.append([NewEntry("note")])
        db.execute("ROLLBACK")
    assert journal.head().size == before


def test_an_older_copy_is_not_opened(open_journal: OpenJournal, home: Path) -> None:
    first = open_journal()
    first.append([NewEntry("note")])
    first.close()
    copy = (home / database.FILE_NAME).read_bytes()
    second = open_journal()
    second.append([NewEntry("note")])
    second.close()
    (home / database.FILE_NAME).write_bytes(copy)
    with pytest.raises(JournalError) as caught:
        open_journal()
    assert caught.value.reason == "rolled_back"


def test_a_journal_that_vanished_is_not_begun_anew(open_journal: OpenJournal, home: Path) -> None:
    first = open_journal()
    first.append([NewEntry("note")])
    first.close()
    (home / database.FILE_NAME).unlink()
    with pytest.raises(JournalError) as caught:
        open_journal()
    assert caught.value.reason == "rolled_back"


def test_without_its_key_a_journal_is_not_continued(open_journal: OpenJournal, home: Path, keys: MemoryKeys) -> None:
    open_journal().close()
    pin = {name: value for name, value in keys.items() if "pin" in name}
    keys.clear()
    keys.update(pin)
    with pytest.raises(JournalError) as caught:
        open_journal()
    assert caught.value.reason == "key_missing"


def test_a_pin_that_cannot_be_kept_does_not_stop_the_work(journal: Journal, keys: MemoryKeys) -> None:
    keys.broken = True
    journal.append([NewEntry("note")])
    journal.pin()
    assert journal.pin_stale
    keys.broken = False
    journal.pin()
    assert not journal.pin_stale


def test_after_a_rotation_old_and_new_entries_verify(journal: Journal, home: Path) -> None:
    old = journal.vkey
    journal.append([NewEntry("note", body={"n": 1})])
    journal.rotate_key()
    journal.append([NewEntry("note", body={"n": 2})])
    assert journal.vkey != old
    assert check_journal(home, vkeys=[old]).exit_code == 0
    assert check_journal(home, vkeys=[journal.vkey]).exit_code == 0


def test_entries_hold_no_personal_value_in_clear(journal: Journal, home: Path) -> None:
    digest = journal.keyed_digest("number", "HT-2024-0183")
    journal.append([NewEntry("gate", lines=[{"id": "1", "number": digest}])])
    assert b"HT-2024-0183" not in (home / database.FILE_NAME).read_bytes()
    assert digest == journal.keyed_digest("number", "HT-2024-0183")
    assert digest != journal.keyed_digest("title", "HT-2024-0183")


def test_what_is_deferred_is_written_before_the_next_entries_as_of_then(
    journal: Journal, clock: ManualClock, intent: MakeNewEntry
) -> None:
    before, seen = journal.head().size, clock.now()
    journal.defer([NewEntry("verify", body={"at": 1})])
    clock.advance(20)
    assert journal.head().size == before
    (entry,) = journal.append([intent("1")])
    (deferred,) = journal.entries(op="verify")
    assert (deferred.seq, deferred.ts) == (entry.seq - 1, timestamp(seen))
    assert (entry.ts, entry.mono_ms - deferred.mono_ms) == (timestamp(clock.now()), 20_000)
    assert deferred.seal_size == entry.seal_size == before + 2
    assert journal.append(()) == ()
    assert journal.head().size == before + 2


def test_no_more_is_deferred_than_one_commit_should_hold(journal: Journal) -> None:
    before = journal.head().size
    for number in range(MOST_DEFERRED + 1):
        journal.defer([NewEntry("verify", body={"at": number})])
    assert journal.head().size == before + MOST_DEFERRED


def test_a_refused_entry_loses_nothing_that_was_deferred(journal: Journal, intent: MakeNewEntry) -> None:
    journal.append([intent("1")])
    journal.defer([NewEntry("verify")])
    with pytest.raises(JournalError, match="still open"):
        journal.append([intent("1")])
    journal.append(())
    assert [entry.op for entry in journal.entries()][-1] == "verify"


def test_a_lease_keeps_other_runs_away_until_it_is_released(
    open_journal: OpenJournal, home: Path, clock: ManualClock
) -> None:
    one, two = open_journal(), open_journal()
    assert one.lease("R1", "zoho", "o1", ["1", "2"]) == ()
    assert two.lease("R2", "zoho", "o1", ["2", "3"]) == ("2",)
    one.release("R1")
    assert two.lease("R2", "zoho", "o1", ["2", "3"]) == ()


def test_a_proof_leads_from_the_entry_to_the_checkpoint_that_sealed_it(journal: Journal, intent: MakeNewEntry) -> None:
    journal.append([intent(str(number)) for number in range(7)])
    for entry in journal.entries():
        proof = journal.prove(entry.seq)
        proof.verify(entry.raw)
        with pytest.raises(ProofError):
            proof.verify(entry.raw + b" ")


def test_randomness_is_an_argument(home: Path) -> None:
    keys = [MemoryKeys(), MemoryKeys()]
    for number, store in enumerate(keys):
        folder = home.with_name(f"state-{number}")
        Journal.open(folder, keys=store, clock=ManualClock(), randomness=random.Random(5)).close()
    assert keys[0]["journal-sign"] == keys[1]["journal-sign"]


def test_a_long_journal_proves_its_entries_from_stored_nodes(journal: Journal) -> None:
    for _batch in range(7):
        journal.append([NewEntry("note", body={"n": number}) for number in range(300)])
    head = journal.head()
    for seq in (0, 1, 255, 256, 511, 512, 1023, 1024, 2047, 2048, 2100):
        journal.prove(seq, size=head.size).verify(journal.entry(seq).raw)


def test_a_proof_of_what_is_not_there_is_refused(journal: Journal) -> None:
    journal.append([NewEntry("note")])
    for seq, size, reason in ((9, None, "no_entry"), (1, 1, "no_entry"), (0, 9, "no_checkpoint")):
        with pytest.raises(JournalError) as caught:
            journal.prove(seq, size=size)
        assert caught.value.reason == reason


def test_entries_are_read_by_run_plan_and_op_in_pages(journal: Journal) -> None:
    for run in ("R1", "R2"):
        journal.append([NewEntry("note", run=run, plan="p") for _number in range(300)])
    assert len(list(journal.entries(run="R1"))) == 300
    assert len(list(journal.entries(plan="p", op="note"))) == 600
    assert [entry.seq for entry in journal.entries(run="R2", after_seq=598)] == [599, 600]


def test_a_closed_journal_is_not_used_again(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalError) as caught:
        journal.append([NewEntry("note")])
    assert caught.value.reason == "journal_closed"


def test_nothing_to_write_is_no_transaction(journal: Journal) -> None:
    assert journal.append([]) == ()
    assert journal.head().size == 1
