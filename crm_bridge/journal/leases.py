"""Record leases: one record belongs to one live run at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from crm_bridge.errors import JournalBusyError
from crm_bridge.journal.storage.lock import FileLock

FOLDER = "locks"


class Leases:
    """Leases in a file beside the lock file of their run, whose kernel lock says that the run is alive.

    Nothing is synced: no run outlives the machine. What writes must be alone: the caller keeps other processes off.
    """

    def __init__(self, home: Path) -> None:
        """Keep lock files in `home/locks`."""
        self._folder = home / FOLDER
        self._held: dict[str, FileLock] = {}

    def take(self, run: str, system: str, org: str, record_ids: Iterable[str]) -> tuple[str, ...]:
        """Lease all records to `run`, or return the ids that other live runs hold and lease none."""
        lock = self._held.setdefault(run, FileLock(self._path(run)))
        try:
            lock.acquire(who=run)
        except JournalBusyError:
            del self._held[run]
            raise
        try:
            _write(_records(self._path(run)), system, org, record_ids)
            taken = tuple(self._taken(run))
        except BaseException:
            self.drop(run)
            raise
        if taken:
            self.drop(run)
        return taken

    def drop(self, run: str) -> None:
        """Give up every lease of `run`."""
        if lock := self._held.pop(run, None):
            _records(self._path(run)).unlink(missing_ok=True)
            lock.release(remove=True)

    def close(self) -> None:
        """Let go of every lock; the leases stay, but belong to runs that are no longer alive."""
        for lock in self._held.values():
            lock.release()
        self._held.clear()

    def _taken(self, run: str) -> Iterator[str]:
        """Yield the ids in the file of `run` that are in the file of a live run as well; forget the dead."""
        mine = _records(self._path(run))
        for theirs in self._folder.glob("run-*.records"):
            if theirs == mine:
                continue
            probe = FileLock(theirs.with_suffix(".lock"))
            if not probe.try_acquire(who="probe"):
                yield from _in_both(mine, theirs)
                continue
            theirs.unlink()
            probe.release(remove=True)

    def _path(self, run: str) -> Path:
        # The name is a digest: a run id never becomes part of a path.
        return self._folder / f"run-{sha256(run.encode()).hexdigest()[:32]}.lock"


def _records(lock: Path) -> Path:
    return lock.with_suffix(".records")


def _write(path: Path, system: str, org: str, record_ids: Iterable[str]) -> None:
    handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(json.dumps([system, org]) + "\n")
        file.writelines(json.dumps(record_id) + "\n" for record_id in record_ids)


def _in_both(mine: Path, theirs: Path) -> Iterator[str]:
    """Yield the ids that stand in both files, where both are about the same organisation."""
    with mine.open(encoding="ascii") as ours, theirs.open(encoding="ascii") as others:
        if ours.readline() == others.readline():
            known = frozenset(others)
            yield from (json.loads(line) for line in ours if line in known)
