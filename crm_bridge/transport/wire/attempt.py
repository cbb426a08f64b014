"""One attempt while it runs: its deadline, and whether a byte may have left."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from crm_bridge.clock import Clock


class DeadlineError(TimeoutError):
    """The total time of one attempt is over."""


class ProxyError(OSError):
    """The proxy did not open a way to the host; no byte of a request has left. `status` is what it answered."""

    def __init__(self, reason: str, proxy: str, status: int | None = None) -> None:
        """`reason` is a word of `failures`; `proxy` is host and port."""
        super().__init__(reason)
        self.reason_word = reason
        self.proxy = proxy
        self.status = status


class OversizeError(OSError):
    """More decoded bytes than the call allows."""


@dataclass(slots=True)
class Attempt:
    """Total deadline and proof of sending. `touched` turns true before the first byte is given to the socket.

    `prepared` turns true when the request is complete in memory; what fails before that has not met the network.
    """

    clock: Clock
    read: float
    ends: float
    prepared: bool = False
    touched: bool = False
    guard: Callable[[], None] | None = None
    changes_the_crm: bool = False

    def leave(self) -> None:
        """Take note that bytes leave now. Before the first of them the guard has the last word: NotSentError."""
        if not self.touched and self.guard is not None:
            self.guard()
        self.touched = True

    def left(self) -> float:
        """Return the seconds for the next socket operation; DeadlineError when the total is used up."""
        remaining = self.ends - self.clock.monotonic()
        if remaining <= 0:
            raise DeadlineError
        return min(self.read, remaining)

    @property
    def over(self) -> bool:
        """Return whether the total deadline has passed."""
        return self.clock.monotonic() >= self.ends


# The connection classes are created deep inside urllib3; this is how they find the attempt they work for.
current: ContextVar[Attempt | None] = ContextVar("crm_bridge_attempt", default=None)
