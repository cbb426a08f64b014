"""Transport: everything between an adapter and its CRM."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta

from crm_bridge.clock import Clock
from crm_bridge.errors import CrmBridgeError
from crm_bridge.transport.budget import Budget
from crm_bridge.transport.calls import Call, CallRecord, Response, RetryHint, Timeouts
from crm_bridge.transport.network import Network
from crm_bridge.transport.origins import AllowList

_DATE_SECONDS = 5.0
"""What whole seconds and the way of an answer may make of a Date."""
Judge = Callable[[Response], RetryHint]
Renew = Callable[[], Call]
Refused = Callable[[Response], CrmBridgeError]


class Transport:
    """One connection's way to its CRM; shared by threads."""

    def __init__(
        self,
        *,
        name: str,
        origins: Collection[str],
        clock: Clock,
        randomness: random.Random,
        budget: Budget,
        network: Network | None = None,
        timeouts: Timeouts | None = None,
        listener: Callable[[CallRecord], None] | None = None,
        request_id_header: str = "x-request-id",
    ) -> None:
        """`origins` is the allow-list; `listener` gets a record of every attempt; every wait goes through `clock`."""
        # Here, not above: the HTTP stack costs 100 ms, and `--help` never builds a Transport.
        from crm_bridge.transport.sender import Sender

        self.name = name
        self.budget = budget
        self._clock = clock
        self.allowed = AllowList(origins)
        self._engine = Sender(
            allowed=self.allowed,
            clock=clock,
            randomness=randomness,
            budget=budget,
            network=network or Network(),
            timeouts=timeouts or budget.timeouts,
            listener=listener,
            request_id_header=request_id_header,
        )

    def send(self, call: Call, *, judge: Judge | None = None, renew: Renew | None = None) -> Response:
        """Send and return the complete answer, whatever its status, after the retries that its purpose allows.

        `judge` says what an answer means (a 200 may be a refusal); `renew` makes the same call with a new token, used
        once for reads after `RetryHint.REFRESH`. Destructive and creating calls are sent once: every answer is
        returned,
        and whatever goes wrong after the first byte is an AnswerLostError.
        Raises NotSentError, AnswerLostError, MalformedAnswerError, ForbiddenAddressError, RateLimitedError.
        """
        return self._engine.send(call, judge, renew)

    def room(self, endpoint: str, calls: int) -> int:
        """Wait until the rate windows of an endpoint let a call in; return how many of `calls` fit soon after it."""
        return self.budget.room(endpoint, calls, clock=self._clock)

    def download(
        self,
        call: Call,
        *,
        max_bytes: int,
        judge: Judge | None = None,
        renew: Renew | None = None,
        refused: Refused | None = None,
    ) -> Iterator[bytes]:
        """Yield the decoded body of a 2xx answer in pieces of at most 64 KiB; raises before an incomplete end.

        Repeated by the read policy until the first byte was handed out, never after. With a `judge`, an answer of
        type JSON is read whole and judged first. Another status raises what `refused` makes of it.
        """
        return self._engine.download(call, max_bytes, judge, renew, refused)

    def counts(self) -> Mapping[str, int]:
        """Return how many attempts were made, by route."""
        return self._engine.counts()

    @property
    def clock_skew(self) -> float | None:
        """Return the CRM's clock minus ours in seconds, from the last Date header; None if there was none yet."""
        return self._engine.skew

    @property
    def clock_ahead(self) -> timedelta:
        """Return how far the CRM's clock is ahead of ours; nothing where a Date in whole seconds explains it."""
        skew = self.clock_skew or 0.0
        return timedelta(seconds=skew) if abs(skew) > _DATE_SECONDS else timedelta()

    def close(self) -> None:
        """Close every connection."""
        self._engine.close()

    def __enter__(self) -> Transport:
        """Use as a context manager to close the connections at the end."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self.close()
