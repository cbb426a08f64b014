"""The pause after "too many calls": nothing is sent again before the window is over."""

from __future__ import annotations

import threading

from crm_bridge.clock import Clock

_PATIENCE = 5


class Cooldown:
    """Shared by the adapter's threads; gives up after five consecutive refusals."""

    def __init__(self, clock: Clock) -> None:
        """Nothing was refused yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._until = clock.monotonic()
        self._refused = 0

    def wait(self) -> None:
        """Wait until the last refusal is a window ago."""
        with self._lock:
            seconds = self._until - self._clock.monotonic()
            if seconds > 0:
                # Held on purpose: the other threads would wait for the same moment.
                self._clock.sleep(seconds)

    def note(self, seconds: float) -> bool:
        """Take note of an answer that asks for `seconds` of pause; return whether to stop: the CRM keeps refusing."""
        with self._lock:
            self._refused = self._refused + 1 if seconds else 0
            if seconds:
                self._until = self._clock.monotonic() + seconds
            return self._refused >= _PATIENCE
