"""Waiting for another process that has the plan or its contracts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from crm_bridge.errors import JournalBusyError
from crm_bridge.i18n import _

T = TypeVar("T")
_POLL = 0.1
_BEFORE_THE_RUN = frozenset({"in_use", "record_leased"})


def wait_for_others(act: Callable[[], T], *, seconds: float, warn: Callable[[str], None]) -> T:
    """Return what `act` returns; while another process holds what it needs, try again for `seconds`.

    Only what is said before a run begins is waited for. Raises JournalBusyError in the end.
    """
    # Real time on purpose: it is another process that is waited for, and no test clock moves that.
    ends, told = time.monotonic() + seconds, False
    while True:
        try:
            return act()
        except JournalBusyError as busy:
            if busy.reason not in _BEFORE_THE_RUN or time.monotonic() >= ends:
                raise
            if not told:
                warn(_("waiting: {message}").format(message=busy.message))
                told = True
        time.sleep(_POLL)
