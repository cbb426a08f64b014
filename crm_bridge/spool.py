"""Lines kept in order until they are no longer needed: in memory, and beyond a size in a file without a name."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from typing import IO

_IN_MEMORY = 1024 * 1024


class Spool:
    """Lines that end in a newline; several readers may be at different places. What was kept is in nobody's hands."""

    def __init__(self) -> None:
        """Begin empty."""
        self._starts, self._end = array("Q"), 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with us

    def keep(self, line: bytes) -> bytes:
        """Take one more line; returns it."""
        self._starts.append(self._end)
        self._end += self._file.write(line)
        return line

    def __getitem__(self, number: int) -> bytes:
        """Return one line, by its number from 0."""
        self._file.seek(self._starts[number])
        return self._file.readline()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines."""
        return map(self.__getitem__, range(len(self._starts)))

    def __del__(self) -> None:
        """Give the file back."""
        self._file.close()
