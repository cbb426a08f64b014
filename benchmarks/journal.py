"""How fast the journal is, against the naive alternative on the same disk in the same run.

python benchmarks/journal.py [--events N] [--folder F]

Appends: one entry per durable commit, against a bare SQLite table with a hash chain and the same settings (rollback
journal, synchronous=EXTRA), in turns. Checks: `journal check` and the independent verifier over an export, against a
plain SHA-256 chain over the same lines, once without and once with reading the JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crm_bridge.clock import SystemClock  # noqa: E402
from crm_bridge.journal.check import check_journal  # noqa: E402
from crm_bridge.journal.entry import Draft  # noqa: E402
from crm_bridge.journal.export import export_journal  # noqa: E402
from crm_bridge.journal.store import Journal  # noqa: E402
from verifier import verify_journal  # noqa: E402

APPENDS, ROUNDS = 100, 5
BATCH = 100


class Keys(dict[str, str]):
    """A key store in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a value."""
        self[name] = value


def rate(count: int, work: Callable[[], object]) -> float:
    """Return how many things a second `work` does."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def draft(number: int, op: str) -> Draft:
    """Return an entry of the size that a run writes."""
    body = {"step": "trash", "event": f"{op}.done", "evidence": "E0", "code": "SUCCESS"}
    return Draft(
        op, "zoho", "60001234567", "Contracts", str(554023000003700001 + number), "ab" * 32, "R1", 1, "u", body
    )


def open_journal(folder: Path) -> Journal:
    """Open a new journal."""
    return Journal.open(folder, keys=Keys(), clock=SystemClock(), randomness=random.Random(1))


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


def compare_appends(folder: Path) -> tuple[float, float, float]:
    """Return appends a second of the journal and of the naive table, and the median ratio; they take turns."""
    naive, ours, theirs = Naive(folder / "naive.sqlite3"), [], []
    with open_journal(folder / "single") as journal:
        for turn in range(ROUNDS):
            numbers = range(turn * APPENDS, (turn + 1) * APPENDS)
            ours.append(rate(APPENDS, lambda n=numbers: [journal.append([draft(i, "note")]) for i in n]))  # type: ignore[misc]
            theirs.append(rate(APPENDS, lambda n=numbers: [naive.append(i) for i in n]))  # type: ignore[misc]
    naive.db.close()
    ratios = [own / other for own, other in zip(ours, theirs, strict=True)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


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
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, default=None, help="on which disk (default: the temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        ours, naive, ratio = compare_appends(folder)
        print(f"one fsync of a page: {syncs(folder):.2f} ms")
        print(f"durable single appends: {ours:,.0f}/s; bare table with a hash chain: {naive:,.0f}/s; ratio {ratio:.2f}")
        with open_journal(folder / "many") as journal:
            batches = range(0, chosen.events, BATCH)
            fill = rate(
                chosen.events, lambda: [journal.append([draft(b + n, "note") for n in range(BATCH)]) for b in batches]
            )
            export = folder / "export.jsonl"
            with export.open("wb") as file:
                count = export_journal(journal, file)
        print(f"appends in batches of {BATCH}: {fill:,.0f}/s")
        checked = rate(count, lambda: check_journal(folder / "many"))
        exported = rate(count, lambda: check_journal(export))
        independent = rate(count, lambda: verify(export))
        hashed = rate(count, lambda: chain(export))
        parsed = rate(count, lambda: chain(export, parse=True))
        size = export.stat().st_size
        print(f"journal check: {checked:,.0f} events/s; of an export: {exported:,.0f} events/s")
        print(f"independent verifier: {independent:,.0f} events/s; ratio to ours {independent / exported:.2f}")
        print(f"plain SHA-256 chain, nothing parsed: {hashed:,.0f} events/s; ratio {hashed / exported:.1f}")
        print(f"SHA-256 chain with every line parsed: {parsed:,.0f} events/s; ratio {parsed / exported:.1f}")
        print(f"{size / count:.0f} bytes per event in an export")


if __name__ == "__main__":
    main()
