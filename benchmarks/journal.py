"""What the journal costs, against the naive alternative on the same disk in the same run.

python benchmarks/journal.py [--contracts N] [--folder F]

Lives: CPU (of this thread; the kernel's part apart), bytes and commits per contract for all entries of a deletion:
backup and verification 2,500 together, gate with intent and outcome for each look, of the size that the CRM's
limits allow. Beside it, in turns and in the same transactions, a row per contract and event in a bare SQLite table
with a hash chain: nothing sealed, nothing signed. Appends: one entry per durable commit, against the same bare table
(rollback journal, synchronous=EXTRA). Reading: the first read of a session, and of one that is about to write.
Checks: `journal check` and the independent verifier over an export, against a plain SHA-256 chain over the same
lines, once without and once with reading the JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crm_bridge.clock import SystemClock  # noqa: E402
from crm_bridge.journal.checking.check import check_journal  # noqa: E402
from crm_bridge.journal.export import export_journal  # noqa: E402
from crm_bridge.journal.format.canonical import JsonValue  # noqa: E402
from crm_bridge.journal.format.entry import NewEntry  # noqa: E402
from crm_bridge.journal.pin import NoPins  # noqa: E402
from crm_bridge.journal.store import Journal  # noqa: E402
from verifier import verify_journal  # noqa: E402

APPENDS, ROUNDS = 100, 5
TOGETHER = 2500
"""Contracts whose backups, or verifications, are journaled together, as a run does."""
LOOKS = {"zoho": 500, "fxiaoke": 100}
RUN = "01K0000000000000000000000R"


class Keys(dict[str, str]):
    """A key store in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a value."""
        self[name] = value


KEYS = Keys()


def rate(count: int, work: Callable[[], object]) -> float:
    """Return how many things a second `work` does."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def new_entry(op: str, lines: Sequence[dict[str, JsonValue]], **body: JsonValue) -> NewEntry:
    """Return an entry of the size that a run writes."""
    event = {"event": f"{op}.done", "step": "trash", "adapter": "zoho/0.1.0", **body}
    return NewEntry(op, "zoho", "60001234567", "Contracts", "ab" * 32, RUN, "554023000000235001", event, lines)


def life(first: int, look: int) -> Iterator[list[NewEntry]]:
    """Yield what a deletion of 2,500 contracts commits, a list of entries at a time; `look` of them share one."""
    ids = [str(554023000003700001 + number) for number in range(first, first + TOGETHER)]
    digests = {record_id: hashlib.sha256(record_id.encode()).hexdigest() for record_id in ids}
    saved: list[dict[str, JsonValue]] = [
        {"id": i, "file": f"records/{n:08}.age", "sha256": digests[i], "seen": digests[i]} for n, i in enumerate(ids)
    ]
    numbered: list[dict[str, JsonValue]] = [{"id": record_id, "number": digests[record_id]} for record_id in ids]
    bare: list[dict[str, JsonValue]] = [{"id": record_id} for record_id in ids]
    answer: dict[str, JsonValue] = {"sent_at": "2026-11-30T08:00:00.000Z", "request_id": "c" * 36, "evidence": "E0"}
    yield [new_entry("backup", saved, set="01K0000000000000000000000B")]
    for at in range(0, TOGETHER, look):
        part = bare[at : at + look]
        yield [new_entry("gate", numbered[at : at + look]), new_entry("intent", part, attempt=1)]
        yield [new_entry("outcome", part, attempt=1, **answer)]
    yield [new_entry("verify", bare, evidence="E2", control="554023000000123456")]


def open_journal(folder: Path) -> Journal:
    """Open a journal; all of one benchmark have the same keys."""
    return Journal.open(folder, keys=KEYS, pins=NoPins(), clock=SystemClock(), randomness=random.Random(1))


class Naive:
    """What one would write without us: a chain of hashes in a bare table, each row durable, nothing sealed."""

    def __init__(self, path: Path) -> None:
        """Create the table with the journal's settings."""
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = DELETE")
        self.db.execute("PRAGMA synchronous = EXTRA")
        self.db.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, raw BLOB, prev TEXT) STRICT")
        self.head = ""

    def append(self, number: int) -> None:
        """Insert one row of the size of an entry."""
        row = json.dumps({"prev": self.head, "record": number, "text": "x" * 480}).encode()
        self.db.execute("INSERT INTO entry VALUES (?, ?, ?)", (number, row, self.head))
        self.head = hashlib.sha256(row).hexdigest()

    def append_all(self, new_entries: Sequence[NewEntry]) -> None:
        """Insert a row for each contract and event, in one transaction."""
        rows = []
        for one in new_entries:
            for line in one.lines:
                facts = {"prev": self.head, "op": one.op, "run": one.run, **one.body, **line}
                row = json.dumps(facts, sort_keys=True).encode()
                rows.append((None, row, self.head))
                self.head = hashlib.sha256(row).hexdigest()
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
        self.db.execute("COMMIT")


def compare_appends(folder: Path) -> tuple[float, float, float]:
    """Return appends a second of the journal and of the naive table, and the median ratio; they take turns."""
    naive, ours, theirs = Naive(folder / "naive.sqlite3"), [], []
    with open_journal(folder / "single") as journal:
        for turn in range(ROUNDS):
            numbers = range(turn * APPENDS, (turn + 1) * APPENDS)
            ours.append(rate(APPENDS, lambda n=numbers: [journal.append([new_entry("note", (), n=i)]) for i in n]))  # type: ignore[misc]
            theirs.append(rate(APPENDS, lambda n=numbers: [naive.append(i) for i in n]))  # type: ignore[misc, func-returns-value]
    naive.db.close()
    ratios = [own / other for own, other in zip(ours, theirs, strict=True)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU seconds that `work` takes in this thread, and those of the kernel for it."""
    start = resource.getrusage(resource.RUSAGE_THREAD)
    work()
    end = resource.getrusage(resource.RUSAGE_THREAD)
    return end.ru_utime - start.ru_utime, end.ru_stime - start.ru_stime


def told(taken: Sequence[tuple[float, float]]) -> str:
    """Return the medians of 2,500 contracts each, and the best, in microseconds a contract."""
    own, kernel = ([one[part] * 1e6 / TOGETHER for one in taken] for part in (0, 1))
    return f"{statistics.median(own):.1f} us (best {min(own):.1f}), {statistics.median(kernel):.1f} in the kernel"


def write_lives(folder: Path, crm: str, contracts: int) -> None:
    """Write the lives of so many contracts of one CRM, in turns with the naive table; print what each cost."""
    ours, theirs, commits = [], [], 0
    naive = Naive(folder / f"naive-{crm}.sqlite3")
    with open_journal(folder / crm) as journal:
        journal.append([new_entry("note", ())])
        start_size = journal.path.stat().st_size
        for first in range(0, contracts, TOGETHER):
            new_entries = list(life(first, LOOKS[crm]))
            commits = len(new_entries)
            ours.append(cpu(lambda d=new_entries: [journal.append(one) for one in d]))  # type: ignore[misc]
            theirs.append(cpu(lambda d=new_entries: [naive.append_all(one) for one in d]))  # type: ignore[misc, func-returns-value]
        size = (journal.path.stat().st_size - start_size) / len(ours)
    naive.db.close()
    print(f"{crm}, {LOOKS[crm]} a look, CPU a contract for all its entries: {told(ours)}")
    print(f"  naive table: {told(theirs)}")
    print(f"  {size / TOGETHER:,.0f} bytes a contract, {commits} commits for {TOGETHER}")


def first_reads(home: Path) -> None:
    """Print how long the first read of a session takes, and the check before its first entry."""
    for what, thorough in (("first read of a session", False), ("check before its first entry", True)):
        with open_journal(home) as journal:
            start = time.perf_counter()
            if thorough:
                journal.append([new_entry("note", ())])
            else:
                next(journal.entries(op="run.end"), None)
            print(f"{what}: {(time.perf_counter() - start) * 1000:,.0f} ms")


def syncs(folder: Path) -> float:
    """Return how long one fdatasync of a page takes here, in milliseconds (median): what a commit is made of."""
    times = []
    with (folder / "sync").open("wb") as file:
        for _turn in range(100):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def chain(path: Path, *, parse: bool = False) -> str:
    """Hash the lines of an export into one chain: the cheapest check that means anything."""
    head = b""
    with path.open("rb") as lines:
        for line in lines:
            if parse:
                json.loads(line)
            head = hashlib.sha256(head + line).digest()
    return head.hex()


def verify(path: Path) -> None:
    """Run the independent verifier."""
    with contextlib.redirect_stdout(io.StringIO()):
        verify_journal.main([str(path)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=None, help="on which disk (default: the temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        ours, naive, ratio = compare_appends(folder)
        print(f"one fsync of a page: {syncs(folder):.2f} ms")
        print(f"durable single appends: {ours:,.0f}/s; bare table with a hash chain: {naive:,.0f}/s; ratio {ratio:.2f}")
        for crm in LOOKS:
            write_lives(folder, crm, chosen.contracts)
        count, home = chosen.contracts, folder / "fxiaoke"
        first_reads(home)
        export = folder / "export.jsonl"
        with open_journal(home) as journal, export.open("wb") as file:
            export_journal(journal, file)
        checked = rate(count, lambda: check_journal(home))
        exported = rate(count, lambda: check_journal(export))
        independent = rate(count, lambda: verify(export))
        hashed = rate(count, lambda: chain(export))
        parsed = rate(count, lambda: chain(export, parse=True))
        size = export.stat().st_size
        print(f"journal check: {checked:,.0f} contracts/s; of an export: {exported:,.0f} contracts/s")
        print(f"independent verifier: {independent:,.0f} contracts/s; ratio to ours {independent / exported:.2f}")
        print(f"plain SHA-256 chain, nothing parsed: {hashed:,.0f} contracts/s; ratio {hashed / exported:.1f}")
        print(f"SHA-256 chain with every line parsed: {parsed:,.0f} contracts/s; ratio {parsed / exported:.1f}")
        print(f"{size / count:.0f} bytes per contract in an export")


if __name__ == "__main__":
    main()
