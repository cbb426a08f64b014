"""What a run tells while it goes on, and how it is asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from crm_bridge.errors import InterruptedRunError
from crm_bridge.i18n import _

Progress = Callable[[str, int, int | None], None]
"""(stage, contracts done, contracts in all or None): called often, must be cheap and must not raise.

Stages are `find`, `plan`, `backup`, `delete`, `verify` and `restore`.
"""


def no_progress(_stage: str, _done: int, _total: int | None) -> None:
    """Ignore progress."""


class StopFlag:
    """A request to stop the run: the call in flight is finished, nothing new is begun."""

    def __init__(self) -> None:
        """Begin unset."""
        self._event = threading.Event()

    def set(self) -> None:
        """Ask to stop. Safe in a signal handler.

        >>> stop = StopFlag()
        >>> stop.set()
        >>> stop.is_set
        True
        """
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Return whether a stop was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise InterruptedRunError when asked to stop.

        >>> StopFlag().check()
        """
        if self._event.is_set():
            raise InterruptedRunError(
                _("stopped as asked; every call that was sent is in the journal"),
                reason="stopped",
                hint=_("go on with `crm-bridge resume`"),
            )
