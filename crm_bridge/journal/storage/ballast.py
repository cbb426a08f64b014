"""A file that takes up space until the disk is full, so that outcomes can still be written."""

from __future__ import annotations

import os
import random
from pathlib import Path

from crm_bridge.journal.storage.files import sync_directory

FILE_NAME = "journal.ballast"
DEFAULT_BYTES = 1 << 20
_CHUNK = 1 << 16


class Ballast:
    """One preallocated file beside the journal. 1 MiB holds the outcomes of several hundred calls."""

    def __init__(self, home: Path, *, size: int = DEFAULT_BYTES) -> None:
        """Name the file; nothing is written yet. `size` in bytes."""
        self._path = home / FILE_NAME
        self._size = size

    @property
    def ready(self) -> bool:
        """Return whether the space is held."""
        try:
            return self._path.lstat().st_size >= self._size
        except OSError:
            return False

    def hold(self, randomness: random.Random) -> bool:
        """Take the space if it is not held yet; say whether it is. A full disk is an answer, not an error."""
        if self.ready:
            return True
        fresh = self._path.with_name(FILE_NAME + ".new")
        try:
            fresh.unlink(missing_ok=True)
            self._fill(fresh, randomness)
            fresh.replace(self._path)
            sync_directory(self._path.parent)
        except OSError:
            fresh.unlink(missing_ok=True)
        return self.ready

    def release(self) -> bool:
        """Give the space back; say whether there was any."""
        try:
            self._path.unlink()
            sync_directory(self._path.parent)
        except OSError:
            return False
        return True

    def _fill(self, path: Path, randomness: random.Random) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        # Bytes that do not compress: zeros would take no room on a file system that packs them.
        block = randomness.randbytes(min(_CHUNK, self._size))
        with os.fdopen(os.open(path, flags, 0o600), "wb") as target:
            for start in range(0, self._size, _CHUNK):
                target.write(block[: self._size - start])
            target.flush()
            os.fsync(target.fileno())
