"""A journal in a temporary state directory, with keys in memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.journal.format.canonical import JsonValue
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal


def attempt_on(op: str, *record_ids: str, run: str = "R1", **facts: JsonValue) -> NewEntry:
    """Return an entry that opens or closes an attempt on each record; the facts hold for all of them."""
    return NewEntry(op, system="zoho", org="o1", run=run, body=facts, lines=[{"id": one} for one in record_ids])


class MemoryKeys(dict[str, str]):
    """A key store in memory; `broken` makes every write fail, as a locked keyring does."""

    broken = False

    def set(self, name: str, value: str) -> None:
        if self.broken:
            raise OSError("the keyring is locked")
        self[name] = value


OpenJournal = Callable[..., Journal]
MakeNewEntry = Callable[..., NewEntry]


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def open_journal(home: Path, keys: MemoryKeys, clock: ManualClock) -> Iterator[OpenJournal]:
    opened: list[Journal] = []

    def open_it(**options: object) -> Journal:
        seed = 7 + len(opened)
        values: dict[str, object] = {"keys": keys, "clock": clock, "randomness": random.Random(seed)} | options
        journal = Journal.open(home, **values)  # type: ignore[arg-type]
        opened.append(journal)
        return journal

    yield open_it
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal: OpenJournal) -> Journal:
    return open_journal()


@pytest.fixture
def intent() -> MakeNewEntry:
    def make(record_id: str = "1", *, attempt: int = 1, step: str = "trash", run: str = "R1") -> NewEntry:
        return attempt_on("intent", record_id, attempt=attempt, step=step, run=run)

    return make


@pytest.fixture
def outcome() -> MakeNewEntry:
    def make(record_id: str = "1", *, attempt: int = 1, step: str = "trash", run: str = "R1") -> NewEntry:
        return attempt_on("outcome", record_id, attempt=attempt, step=step, run=run, result="done")

    return make
