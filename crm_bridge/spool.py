"""Lines kept in order until they are no longer needed: in memory, and beyond a size in a file without a name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

_IN_MEMORY = 1024 * 1024


class Spool:
    """Lines that end in a newline; several readers may be at different places. What was kept is in nobody's hands."""

    def __init__(self) -> None:
        """Begin empty."""
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with us

    def keep(self, line: bytes) -> bytes:
        """Take one more line; returns it."""
        self._file.write(line)
        return line

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines."""
        at = 0
        while True:
            self._file.seek(at)
            if not (line := self._file.readline()):
                return
            at += len(line)
            yield line

    def __del__(self) -> None:
        """Give the file back."""
        self._file.close()
