"""How fast the journal is, against the naive alternative on the same disk in the same run.

python benchmarks/journal.py [--events N] [--folder F]

Appends: one entry per durable commit, against a bare SQLite insert with the same settings (rollback journal,
synchronous=EXTRA). Checks: `journal check` and the independent verifier over an export, against a plain SHA-256 chain
over the same lines.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import random
import sqlite3
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

APPENDS = 400
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


def naive_appends(path: Path, count: int) -> None:
    """Insert rows one by one, each durable, without seals."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA synchronous = EXTRA")
    db.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, raw BLOB) STRICT")
    for number in range(count):
        db.execute("INSERT INTO entry VALUES (?, ?)", (number, b"x" * 600))
    db.close()


def chain(path: Path) -> str:
    """Hash the lines of an export into one chain: the cheapest check that means anything."""
    head = b""
    with path.open("rb") as lines:
        for line in lines:
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
        with open_journal(folder / "single") as journal:
            ours = rate(APPENDS, lambda: [journal.append([draft(n, "note")]) for n in range(APPENDS)])
        naive = rate(APPENDS, lambda: naive_appends(folder / "naive.sqlite3", APPENDS))
        print(f"durable single appends: {ours:,.0f}/s; bare SQLite: {naive:,.0f}/s; ratio {ours / naive:.2f}")
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
        size = export.stat().st_size
        print(f"journal check: {checked:,.0f} events/s; of an export: {exported:,.0f} events/s")
        print(f"independent verifier: {independent:,.0f} events/s")
        print(f"plain SHA-256 chain: {hashed:,.0f} events/s; ratio {hashed / exported:.1f}")
        print(f"{size / count:.0f} bytes per event in an export")


if __name__ == "__main__":
    main()
