"""Standard streams that may be closed, full or without a reader: what was done does not depend on who hears of it."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO


class Report(io.TextIOWrapper):
    """A standard stream that goes quiet where it cannot be written.

    A reader that left (`| head`) wants no more. Anything else that is in the way of a *result* is an error: a program
    must not take half a list for the whole one. After `forgive` nothing is: the report speaks about something that is
    done, and the exit code has to say what became of that.
    """

    unread = False
    """Nobody reads this any more."""
    _forgiving = False

    def forgive(self) -> None:
        """From here on let nothing that is wrong with the stream matter."""
        self._forgiving = True

    def write(self, text: str, /) -> int:
        """Write a text, or nothing where the stream has no reader."""
        try:
            return len(text) if self.unread else super().write(text)
        except OSError as problem:
            self._lose(problem)
            return len(text)

    def flush(self) -> None:
        """Hand on what was written so far."""
        try:
            super().flush()
        except OSError as problem:
            self._lose(problem)

    def _lose(self, problem: OSError) -> None:
        self.unread = True
        # What is still held back goes nowhere, now and when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        if not self._forgiving and problem.errno not in (errno.EPIPE, errno.EBADF):
            raise problem


def take_standard_streams() -> None:
    """Make the standard streams of this process ours: closed ones lead nowhere, and none fails for what it lacks."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # Never left free: the next file that is opened, perhaps the journal, would be written to as a stream.
            os.dup2(nowhere := os.open(os.devnull, flags), number)
            if nowhere != number:
                os.close(nowhere)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open as long as the process
    sys.stdout = _report(sys.stdout, 1)
    sys.stderr = _report(sys.stderr, 2)
    sys.stderr.forgive()


def _report(stream: TextIO | None, number: int) -> Report:
    encoding = (stream and stream.encoding) or "utf-8"
    raw = open(number, "wb", closefd=False)  # noqa: SIM115 - open as long as the process
    # What the encoding lacks is shown as escapes.
    return Report(raw, encoding=encoding, errors="backslashreplace", line_buffering=number == 2 or os.isatty(number))


def forgive_output() -> None:
    """Say that something was done: from here on the exit code is about that, whether or not it can be printed."""
    if isinstance(sys.stdout, Report):
        sys.stdout.forgive()


def unread() -> bool:
    """Return whether the reader of standard output has left."""
    return isinstance(sys.stdout, Report) and sys.stdout.unread
