"""When a call may be sent: calls in flight, sliding windows, spacing, and what the CRM says about our pace."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from crm_bridge.clock import Clock
from crm_bridge.errors import RateLimitedError
from crm_bridge.i18n import _
from crm_bridge.transport.calls import Purpose, Timeouts

_CREDITS_STALE = 60.0
_SOON = 2.0
"""Seconds that a call may still wait for its window after room was found for it: no part of a window is lost."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` (by weight) in any `seconds`, for each endpoint by itself or for all together."""

    calls: int
    seconds: float
    per_endpoint: bool = True


@dataclass(slots=True)
class Permit:
    """One call that is being sent. `finished` is None until the answer came or the call failed."""

    endpoint: str
    weight: int
    started: float
    finished: float | None = None


@dataclass(slots=True)
class _Lane:
    sent: deque[Permit] = field(default_factory=deque)
    last_start: float | None = None


class Budget:
    """The pace of one connection, shared by all of its threads and judged at the moment of sending.

    `in_flight` is the cap of simultaneous calls; it is halved by `slow_down()` and grows back by one per round of
    good answers. A window counts a call from the moment its answer came, so that the CRM, whose own window starts
    when the request arrives, can never count more than we do.
    """

    def __init__(
        self,
        *,
        in_flight: int = 5,
        destroy_in_flight: int = 5,
        windows: Sequence[Window] = (),
        min_spacing: float = 0.0,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Keep the limits; `min_spacing` is in seconds between two calls of one endpoint, `timeouts` of one call."""
        self.timeouts = timeouts or Timeouts()
        self._ceiling = max(1, in_flight)
        self._limit = float(self._ceiling)
        self._destroy_limit = max(1, destroy_in_flight)
        self._windows = tuple(windows)
        self._min_spacing = min_spacing
        self._lanes: dict[tuple[int, str], _Lane] = {}
        self._busy = 0
        self._busy_destroying = 0
        self._credits: tuple[int, float] | None = None
        self._slowed_at = float("-inf")
        self._changed = threading.Condition()

    @property
    def ceiling(self) -> int:
        """Return how many calls may ever be in flight."""
        return self._ceiling

    @property
    def limit(self) -> int:
        """Return how many calls may be in flight now."""
        return max(1, int(self._limit))

    @property
    def in_flight(self) -> int:
        """Return how many calls are in flight now."""
        return self._busy

    @contextmanager
    def permit(self, endpoint: str, *, weight: int, purpose: Purpose, clock: Clock) -> Iterator[Permit]:
        """Wait until this call may be sent, and count it until the block ends.

        Raises RateLimitedError when the CRM said that fewer credits remain than the call costs.
        """
        destroys = purpose.changes_the_crm
        granted = self._wait(endpoint, weight, destroys, clock)
        try:
            yield granted
        finally:
            with self._changed:
                granted.finished = clock.monotonic()
                self._busy -= 1
                self._busy_destroying -= destroys
                self._changed.notify_all()

    def room(self, endpoint: str, calls: int, *, clock: Clock) -> int:
        """Wait until a call of an endpoint fits into its own windows; return how many of `calls` fit soon after it.

        What must not wait between two of its steps asks here before the first: the calls then wait two seconds at
        most, unless others of the same endpoint come between.
        """
        while True:
            with self._changed:
                now = clock.monotonic()
                opens = self._openings(endpoint, calls, now)
                if not opens:
                    self._changed.wait()  # the window is full of calls in flight
                    continue
            if opens[0] <= now:
                return sum(moment <= now + _SOON for moment in opens)
            clock.sleep(opens[0] - now)

    def _openings(self, endpoint: str, calls: int, now: float) -> list[float]:
        """Return when the next calls fit into the endpoint's own windows; those that only an answer lets in are not."""
        opens = [now] * calls
        for index, window in enumerate(self._windows):
            if window.per_endpoint:
                sent = self._still_counted(index, window, endpoint, now)
                free = [now] * (window.calls - sum(one.weight for one in sent))
                ended = ((one.finished, one.weight) for one in sent if one.finished is not None)
                later = sorted(at + window.seconds for at, weight in ended for _one in range(weight))
                # The window that lets fewer calls in decides.
                opens = [max(pair) for pair in zip(opens, [*free, *later], strict=False)]
        return opens

    def _wait(self, endpoint: str, weight: int, destroys: bool, clock: Clock) -> Permit:
        while True:
            with self._changed:
                while self._busy >= self.limit or (destroys and self._busy_destroying >= self._destroy_limit):
                    self._changed.wait()
                now = clock.monotonic()
                self._check_credits(weight, now)
                pause = self._pause(endpoint, weight, now)
                if pause is None:  # the window is full of calls in flight: their end is what we wait for
                    self._changed.wait()
                    continue
                if pause <= 0:
                    return self._grant(endpoint, weight, destroys, now)
            clock.sleep(pause)

    def _grant(self, endpoint: str, weight: int, destroys: bool, now: float) -> Permit:
        granted = Permit(endpoint, weight, now)
        for index, window in enumerate(self._windows):
            self._lane(index, window, endpoint).sent.append(granted)
        if self._min_spacing:
            self._lanes.setdefault((-1, endpoint), _Lane()).last_start = now
        self._busy += 1
        self._busy_destroying += destroys
        if self._credits:
            self._credits = (self._credits[0] - weight, self._credits[1])
        return granted

    def _lane(self, index: int, window: Window, endpoint: str) -> _Lane:
        return self._lanes.setdefault((index, endpoint if window.per_endpoint else ""), _Lane())

    def _still_counted(self, index: int, window: Window, endpoint: str, now: float) -> deque[Permit]:
        sent = self._lane(index, window, endpoint).sent
        while sent and sent[0].finished is not None and sent[0].finished + window.seconds <= now:
            sent.popleft()
        return sent

    def _pause(self, endpoint: str, weight: int, now: float) -> float | None:
        """Return the seconds until the call fits into every window, or None when only an answer can make room."""
        pause = 0.0
        for index, window in enumerate(self._windows):
            sent = self._still_counted(index, window, endpoint, now)
            needed = sum(one.weight for one in sent) + weight - window.calls
            if needed <= 0 or not sent:  # a single call heavier than the window goes alone
                continue
            until = _frees(sent, needed, window.seconds)
            if until is None:
                return None
            pause = max(pause, until - now)
        lane = self._lanes.get((-1, endpoint))
        if lane is not None and lane.last_start is not None:
            pause = max(pause, lane.last_start + self._min_spacing - now)
        return pause

    def _check_credits(self, weight: int, now: float) -> None:
        # An old figure is not believed for ever: one call is let through to hear a new one.
        if self._credits and self._credits[0] < weight and now - self._credits[1] < _CREDITS_STALE:
            raise RateLimitedError(
                _("the CRM has {count} credits left, fewer than the next call costs").format(count=self._credits[0]),
                reason="credits_used_up",
                hint=_("run the same command again later; a run that has begun goes on with `crm-bridge resume`"),
            )

    def remaining(self, credits_left: int, *, clock: Clock) -> None:
        """Take note of the credits that the CRM says are left."""
        with self._changed:
            self._credits = (credits_left, clock.monotonic())

    def cap(self, calls: int) -> None:
        """Never again have more than `calls` in flight: the CRM says that it takes no more."""
        with self._changed:
            self._ceiling = max(1, min(self._ceiling, calls))
            self._limit = min(self._limit, float(self._ceiling))

    def slow_down(self, permit: Permit | None = None) -> None:
        """Halve the calls in flight. Refusals of calls that were sent before the last halving count once."""
        with self._changed:
            if permit is not None and permit.started <= self._slowed_at:
                return
            self._limit = max(1.0, self._limit / 2)
            if permit is not None:
                self._slowed_at = permit.started

    def went_well(self) -> None:
        """Let the limit grow: by one call for every round of good answers, up to the cap."""
        with self._changed:
            if self._limit < self._ceiling:
                self._limit = min(float(self._ceiling), self._limit + 1 / self._limit)
                self._changed.notify_all()


def _frees(sent: deque[Permit], needed: int, seconds: float) -> float | None:
    """Return when `needed` weight has left the window; None if calls in flight stand in the way."""
    ends = sorted((one.finished, one.weight) for one in sent if one.finished is not None)
    for finished, weight in ends:
        needed -= weight
        if needed <= 0:
            return finished + seconds
    return None if len(ends) < len(sent) else ends[-1][0] + seconds
