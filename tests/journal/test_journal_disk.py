"""A disk that is full, fails or lies: nothing is claimed that is not written, and outcomes have room of their own."""

from __future__ import annotations

import functools
import io
import random
import resource
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.errors import JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.export import export_journal
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.storage.ballast import DEFAULT_BYTES, FILE_NAME, Ballast
from crm_bridge.journal.store import Journal
from tests.journal.conftest import MakeNewEntry, OpenJournal, attempt_on

LUCK = random.Random(1)


class TroubledConnection(sqlite3.Connection):
    """A disk with trouble: a limit on the pages of the file, or an I/O error at the next commit."""

    last: TroubledConnection
    fail_with: str = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if arguments[0] != ":memory:":
            TroubledConnection.last = self

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and self.fail_with:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = getattr(sqlite3, self.fail_with)
            self.fail_with = ""
            raise error
        return super().execute(sql, *values)

    def fill_up(self) -> None:
        """Let no page be added."""
        used = self.execute("PRAGMA page_count").fetchone()[0]
        self.execute(f"PRAGMA max_page_count = {used}")

    def make_room(self) -> None:
        """Let pages be added again."""
        self.execute("PRAGMA max_page_count = 1000000")


class HelpfulBallast(Ballast):
    """A ballast whose release makes room on the disk, as deleting a file does."""

    def release(self) -> bool:
        TroubledConnection.last.make_room()
        return super().release()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put every journal on a disk with trouble."""
    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=TroubledConnection))


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let this process write no file larger than 64 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def big(op: str, record_id: str = "1") -> NewEntry:
    """Return a draft that needs a page of its own."""
    return attempt_on(op, record_id, step="trash", attempt=1, text="x" * 5000)


def test_a_full_disk_before_an_intent_writes_nothing(disk: None, journal: Journal, home: Path) -> None:
    before = journal.head().size
    TroubledConnection.last.fill_up()
    with pytest.raises(JournalError) as caught:
        journal.append([big("intent")])
    assert caught.value.reason == "disk_full"
    TroubledConnection.last.make_room()
    assert journal.head().size == before
    assert check_journal(home).exit_code == 0


def test_the_outcome_of_a_call_is_written_from_the_ballast(
    disk: None, open_journal: OpenJournal, home: Path, intent: MakeNewEntry
) -> None:
    journal = open_journal(ballast=HelpfulBallast(home, size=65536))
    journal.append([intent("1")])
    TroubledConnection.last.fill_up()
    (entry,) = journal.append([big("outcome")])
    assert entry.op == "outcome"
    assert journal.open_intents() == ()


def test_without_ballast_no_new_intent_is_accepted(
    disk: None, open_journal: OpenJournal, home: Path, intent: MakeNewEntry
) -> None:
    journal = open_journal(ballast=HelpfulBallast(home, size=65536))
    journal.append([intent("1")])
    TroubledConnection.last.fill_up()
    journal.append([big("outcome")])
    with pytest.raises(JournalError) as caught:
        journal.append([intent("2")])
    assert caught.value.reason == "disk_full"


def test_an_outcome_that_finds_no_room_at_all_is_said_to_be_lost(
    disk: None, journal: Journal, intent: MakeNewEntry
) -> None:
    journal.append([intent("1")])
    TroubledConnection.last.fill_up()
    with pytest.raises(JournalError) as caught:
        journal.append([big("outcome")])
    assert caught.value.reason == "outcome_not_recorded"
    assert [line.record_id for _entry, line in journal.open_intents()] == ["1"]


@pytest.mark.parametrize("code", ["SQLITE_IOERR", "SQLITE_IOERR_FSYNC", "SQLITE_CORRUPT"])
def test_a_commit_that_failed_on_the_disk_is_uncertain_and_ends_the_use_of_the_file(
    disk: None, journal: Journal, code: str
) -> None:
    TroubledConnection.last.fail_with = code
    with pytest.raises(JournalError) as caught:
        journal.append([NewEntry("note")])
    assert caught.value.reason == "commit_uncertain"
    with pytest.raises(JournalError) as again:
        journal.append([NewEntry("note")])
    # Whoever comes later in the same process is told what happened, not that something is closed.
    assert again.value.reason == "commit_uncertain"
    journal.release("R1")
    journal.close()
    with pytest.raises(JournalError) as still:
        journal.append([NewEntry("note")])
    assert still.value.reason == "commit_uncertain"


def test_a_journal_is_good_again_after_an_uncertain_commit(
    disk: None, open_journal: OpenJournal, home: Path, intent: MakeNewEntry
) -> None:
    first = open_journal()
    TroubledConnection.last.fail_with = "SQLITE_IOERR_FSYNC"
    with pytest.raises(JournalError):
        first.append([intent("1")])
    second = open_journal()
    second.append([intent("1")])
    assert check_journal(home, vkeys=[second.vkey]).exit_code == 15


def test_a_place_that_takes_no_write_is_refused_at_the_start_and_can_still_be_checked_and_exported(
    disk: None, open_journal: OpenJournal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_journal().close()
    monkeypatch.setattr(TroubledConnection, "fail_with", "SQLITE_READONLY")
    with pytest.raises(JournalError) as caught:
        open_journal()
    assert caught.value.reason == "journal_read_only"
    assert check_journal(home).exit_code == 0
    assert export_journal(home, io.BytesIO()) == 1


def test_a_commit_that_found_the_disk_full_is_certain(disk: None, journal: Journal) -> None:
    TroubledConnection.last.fail_with = "SQLITE_FULL"
    with pytest.raises(JournalError) as caught:
        journal.append([NewEntry("note")])
    assert caught.value.reason == "disk_full"
    assert journal.append([NewEntry("note")])


def test_the_ballast_takes_its_space_once_and_gives_it_back(home: Path) -> None:
    home.mkdir()
    ballast = Ballast(home)
    assert ballast.hold(LUCK)
    assert (home / FILE_NAME).stat().st_size == DEFAULT_BYTES
    assert ballast.release()
    assert not ballast.ready
    assert not ballast.release()


def test_a_disk_too_full_for_the_ballast_is_an_answer_and_leaves_nothing(small_files: None, tmp_path: Path) -> None:
    assert not Ballast(tmp_path).hold(LUCK)
    assert list(tmp_path.iterdir()) == []


def test_the_ballast_is_taken_again_when_the_journal_is_opened_again(open_journal: OpenJournal, home: Path) -> None:
    open_journal().close()
    (home / FILE_NAME).unlink()
    assert open_journal().ballast_ready
