"""Making many files durable together: the first sync of a group does most of the work for the others."""

from __future__ import annotations

import os
from typing import BinaryIO

AT_MOST = 64


class Syncer:
    """Holds on to written files and syncs them in groups, so that making the next file rarely waits for the disk."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._handles: list[int] = []

    def take(self, file: BinaryIO) -> None:
        """Sync an open, flushed file later; the caller may close it at once. Raises OSError of any file so far."""
        self._handles.append(os.dup(file.fileno()))
        if len(self._handles) >= AT_MOST:
            self.sync()

    def sync(self) -> None:
        """Return when every file is on disk. Raises OSError: then at least one is not, and none is tried again."""
        try:
            for handle in self._handles:
                _sync(handle)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the files."""
        for handle in self._handles:
            os.close(handle)
        self._handles.clear()


def sync_now(file: BinaryIO) -> None:
    """Sync an open, flushed file before going on."""
    _sync(file.fileno())


def _sync(handle: int) -> None:
    os.fsync(handle)
    if hasattr(os, "posix_fadvise"):
        # What is read back shall come from the disk, not from memory that was never in doubt.
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
