"""Kernel locks on an open file: gone when the process is gone, never a pid file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from crm_bridge.errors import JournalBusyError
from crm_bridge.i18n import _


class FileLock:
    """An exclusive lock for as long as the object holds it. Use a file of its own, never the journal."""

    def __init__(self, path: Path) -> None:
        """Name the lock file; nothing is opened yet."""
        self._path = path
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Return whether this object holds the lock."""
        return self._handle is not None

    def acquire(self, *, who: str = "") -> None:
        """Take the lock or raise JournalBusyError, which names the holder, at once. `who` is shown to others."""
        if not self.try_acquire(who=who):
            raise JournalBusyError(
                _("{name} is in use by {holder}").format(
                    name=self._path.name, holder=self.holder() or _("another process")
                ),
                reason="locked",
                hint=_("wait until it has finished, then run the same command again"),
            )

    def try_acquire(self, *, who: str = "") -> bool:
        """Take the lock if it is free; say whether this object holds it."""
        if self._handle is not None:
            return True
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        if not _lock(handle):
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{who} (process {os.getpid()})".encode(), 0)
        self._handle = handle
        return True

    def holder(self) -> str:
        """Return what the holder wrote about itself; empty when that cannot be read."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back. `remove` only where every taker of this lock is serialised by something else."""
        if self._handle is None:
            return
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
