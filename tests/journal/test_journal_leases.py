"""Record leases: one record belongs to one live run; the dead hold nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.errors import JournalBusyError
from crm_bridge.journal.store import Journal
from tests.journal.conftest import OpenJournal

pytestmark = pytest.mark.timing

# Leases a record through a journal of its own, says so, and waits to be killed.
HOLDER = """
import base64, random, sys
from pathlib import Path
from crm_bridge.clock import ManualClock
from crm_bridge.journal.store import Journal
class Keys(dict):
    def set(self, name, value): self[name] = value
keys = Keys(line.strip().split(" ") for line in sys.stdin)
journal = Journal.open(Path(sys.argv[1]), keys=keys, clock=ManualClock(), randomness=random.Random(3))
print("taken" if journal.lease("R-other", "zoho", "o1", ["1"]) else "leased", flush=True)
import time
time.sleep(600)
"""


def test_all_or_nothing_is_leased(journal: Journal, open_journal: OpenJournal) -> None:
    other = open_journal()
    assert journal.lease("R1", "zoho", "o1", ["1"]) == ()
    assert other.lease("R2", "zoho", "o1", ["1", "2"]) == ("1",)
    assert journal.lease("R3", "zoho", "o1", ["2"]) == ()


def test_the_same_id_in_another_org_or_system_is_another_record(journal: Journal, open_journal: OpenJournal) -> None:
    other = open_journal()
    journal.lease("R1", "zoho", "o1", ["1"])
    assert other.lease("R2", "zoho", "o2", ["1"]) == ()
    assert other.lease("R2", "fxiaoke", "o1", ["1"]) == ()


def test_a_run_may_lease_more_and_the_same_again(journal: Journal) -> None:
    assert journal.lease("R1", "zoho", "o1", ["1"]) == ()
    assert journal.lease("R1", "zoho", "o1", ["1", "2"]) == ()


def test_one_run_is_executed_by_one_process_at_a_time(journal: Journal, open_journal: OpenJournal) -> None:
    journal.lease("R1", "zoho", "o1", ["1"])
    with pytest.raises(JournalBusyError) as caught:
        open_journal().lease("R1", "zoho", "o1", ["1"])
    assert "R1 (process " in caught.value.message


def test_a_closed_journal_holds_no_record(open_journal: OpenJournal) -> None:
    first = open_journal()
    first.lease("R1", "zoho", "o1", ["1"])
    first.close()
    assert open_journal().lease("R2", "zoho", "o1", ["1"]) == ()


def test_released_locks_leave_no_file_behind(journal: Journal, home: Path) -> None:
    journal.lease("R1", "zoho", "o1", ["1"])
    journal.release("R1")
    assert list((home / "locks").iterdir()) == []


def test_files_of_a_dead_run_are_cleared_by_the_next(open_journal: OpenJournal, home: Path) -> None:
    first, second = open_journal(), open_journal()
    first.lease("R1", "zoho", "o1", ["1"])
    first.close()
    second.lease("R2", "zoho", "o1", ["2"])
    second.release("R2")
    assert list((home / "locks").iterdir()) == []


def test_a_lease_changes_no_byte_of_the_journal(journal: Journal) -> None:
    before = journal.path.read_bytes()
    journal.lease("R1", "zoho", "o1", ["1"])
    journal.release("R1")
    assert journal.path.read_bytes() == before


def test_an_id_is_compared_whole_whatever_it_is(journal: Journal, open_journal: OpenJournal) -> None:
    journal.lease("R1", "zoho", "o1", ["1\n2", "合同"])
    assert open_journal().lease("R2", "zoho", "o1", ["1", "2", "合", "合同"]) == ("合同",)


def test_a_run_whose_ids_cannot_be_read_leases_none(journal: Journal, home: Path) -> None:
    def broken() -> Iterator[str]:
        yield "1"
        raise OSError("the plan cannot be read")

    with pytest.raises(OSError, match="the plan cannot be read"):
        journal.lease("R1", "zoho", "o1", broken())
    assert list((home / "locks").iterdir()) == []


def test_the_name_of_a_lock_is_no_path(journal: Journal, home: Path) -> None:
    journal.lease("../../evil", "zoho", "o1", ["1"])
    assert [path.name[:4] for path in (home / "locks").iterdir()] == ["run-"] * 2


def test_a_killed_run_holds_nothing(journal: Journal, home: Path, keys: dict[str, str]) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], stdin=-1, stdout=-1, text=True)
    try:
        assert held.stdin is not None
        assert held.stdout is not None
        held.stdin.write("".join(f"{name} {value}\n" for name, value in keys.items()))
        held.stdin.close()
        assert held.stdout.readline() == "leased\n"
        assert journal.lease("R1", "zoho", "o1", ["1"]) == ("1",)
    finally:
        held.kill()
        held.wait()
        held.stdout.close() if held.stdout else None
    assert journal.lease("R1", "zoho", "o1", ["1"]) == ()
