"""When to stop trying: a quota of retries and a breaker, per host."""

from __future__ import annotations

import threading

from crm_bridge.clock import Clock

QUOTA, RETRY_COSTS, SUCCESS_EARNS = 100, 10, 1
FAILURES_TO_OPEN, OPEN_SECONDS = 5, 30.0


class RetryQuota:
    """100 tokens, a retry costs 10, a success gives 1 back: a CRM that is down is not hammered."""

    def __init__(self) -> None:
        """Start full."""
        self._tokens = QUOTA
        self._lock = threading.Lock()

    def pay(self) -> bool:
        """Take the price of a retry; False if it is not there."""
        with self._lock:
            if self._tokens < RETRY_COSTS:
                return False
            self._tokens -= RETRY_COSTS
            return True

    def earn(self) -> None:
        """Put one token back."""
        with self._lock:
            self._tokens = min(QUOTA, self._tokens + SUCCESS_EARNS)


class Breaker:
    """Opens for 30 s after five failures in a row; then one call may try."""

    def __init__(self, clock: Clock) -> None:
        """Start closed."""
        self._clock = clock
        self._failures = 0
        self._open_until = float("-inf")
        self._lock = threading.Lock()

    def seconds_left(self) -> float:
        """Return how long calls are refused; 0 when one may be sent."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._open_until:
                return self._open_until - now
            if self._failures >= FAILURES_TO_OPEN:
                self._open_until = now + OPEN_SECONDS  # half open: this caller tries, the others wait for its result
            return 0.0

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            self._failures = 0
            self._open_until = float("-inf")

    def failed(self) -> None:
        """Count; the fifth failure in a row opens."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                self._open_until = self._clock.monotonic() + OPEN_SECONDS
