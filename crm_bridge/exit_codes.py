"""Exit codes: all numbers with which the command line ends, and which of several decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of commands. 10 to 15 are the findings of `journal check`."""

    OK = 0
    """Done, and seen to be done."""
    FAILED = 1
    USAGE = 2
    HELD = 3
    """Some contracts were left alone, refused, or could not come back."""
    GUARD = 4
    CONFIRMATION = 5
    BACKUP = 6
    INTERRUPTED = 7
    NOTHING = 8
    IN_DOUBT = 9
    """Something is unknown, or a claim does not hold."""
    JOURNAL_ALTERED = 10
    JOURNAL_SHORTER = 11
    JOURNAL_INCONSISTENT = 12
    JOURNAL_UNSEALED = 13
    JOURNAL_UNKNOWN_KEY = 14
    JOURNAL_OPEN_INTENTS = 15
    BUSY = 16
    """Another process has the plan, the contracts or the journal; nothing was sent."""


_BY_WEIGHT = (ExitCode.IN_DOUBT, ExitCode.INTERRUPTED, ExitCode.HELD, ExitCode.FAILED, ExitCode.OK)

OF_OUTCOME: Mapping[str, ExitCode] = {
    "removed": ExitCode.OK,
    "already_absent": ExitCode.OK,
    "restored": ExitCode.OK,
    "present": ExitCode.OK,
    "planned": ExitCode.OK,
    "held": ExitCode.HELD,
    "pending": ExitCode.HELD,
    "refused": ExitCode.HELD,
    "not_restored": ExitCode.HELD,
    "waiting": ExitCode.INTERRUPTED,
    "in_doubt": ExitCode.IN_DOUBT,
    "reappeared": ExitCode.IN_DOUBT,
}
"""What became of one contract, in a run or in a restore."""


def weightiest(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the most worrying of several codes; OK when there is none."""
    given = frozenset(codes)
    return next((code for code in _BY_WEIGHT if code in given), ExitCode.OK)
