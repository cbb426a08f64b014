"""Record leases: one record belongs to one live run; the dead hold nothing."""

from __future__ import annotations

import subprocess
import sys
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


def test_the_name_of_a_lock_is_no_path(journal: Journal, home: Path) -> None:
    journal.lease("../../evil", "zoho", "o1", ["1"])
    (lock,) = (home / "locks").iterdir()
    assert lock.name.startswith("run-")


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
