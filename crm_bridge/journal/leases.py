"""Record leases: one record belongs to one live run at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from crm_bridge.errors import JournalBusyError
from crm_bridge.journal.storage.lock import FileLock

FOLDER = "locks"


class Leases:
    """Leases in the journal file; a run is alive as long as it holds the kernel lock on its own lock file.

    Every method runs inside the caller's write transaction, which serialises the takers of the lock files too.
    """

    def __init__(self, home: Path) -> None:
        """Keep lock files in `home/locks`."""
        self._folder = home / FOLDER
        self._held: dict[str, FileLock] = {}

    def take(
        self, db: sqlite3.Connection, run: str, system: str, org: str, record_ids: Sequence[str], *, since: str
    ) -> tuple[str, ...]:
        """Lease all records to `run`, or return the ids that other live runs hold and lease none."""
        first = run not in self._held
        lock = self._held.setdefault(run, self._lock(run))
        try:
            lock.acquire(who=run)
        except JournalBusyError:
            del self._held[run]
            raise
        alive: dict[str, bool] = {}
        taken = []
        for record_id in record_ids:
            row = db.execute(
                "SELECT run FROM record_lease WHERE system = ? AND org = ? AND record_id = ?", (system, org, record_id)
            ).fetchone()
            if row is not None and row[0] != run and self._is_alive(row[0], alive):
                taken.append(record_id)
        if taken and first:
            self.unlock(run)
        if not taken:
            db.executemany(
                "INSERT OR REPLACE INTO record_lease (system, org, record_id, run, since) VALUES (?, ?, ?, ?, ?)",
                [(system, org, record_id, run, since) for record_id in record_ids],
            )
        return tuple(taken)

    def drop(self, db: sqlite3.Connection, run: str) -> None:
        """Give up every lease of `run`."""
        db.execute("DELETE FROM record_lease WHERE run = ?", (run,))

    def unlock(self, run: str) -> None:
        """Give back the run's lock, inside the transaction that dropped its leases."""
        if lock := self._held.pop(run, None):
            lock.release(remove=True)

    def close(self) -> None:
        """Let go of every lock; the leases stay, but belong to runs that are no longer alive."""
        for lock in self._held.values():
            lock.release()
        self._held.clear()

    def _is_alive(self, run: str, known: dict[str, bool]) -> bool:
        if run not in known:
            probe = self._lock(run)
            known[run] = run in self._held or not probe.try_acquire(who="probe")
            probe.release(remove=True)
        return known[run]

    def _lock(self, run: str) -> FileLock:
        # The name is a digest: a run id never becomes part of a path.
        return FileLock(self._folder / f"run-{sha256(run.encode()).hexdigest()[:32]}.lock")
