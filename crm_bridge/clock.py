"""Time, waiting and randomness as values that are passed in."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crm_bridge.domain.moment import Moment

# time.monotonic() stands still while the machine sleeps, and a look would stay fresh over a night.
_ASLEEP_OR_AWAKE = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Clock(Protocol):
    """Where the time comes from and how to wait."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards and count on while the machine sleeps; only differences matter."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock; `offset` shifts the wall time only (test interface)."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        """Shift `now()` by `offset`."""
        self._offset = offset

    def now(self) -> datetime:
        """Return the shifted wall time in UTC."""
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        """Return the seconds since the machine started, those that it slept included."""
        return time.clock_gettime(_ASLEEP_OR_AWAKE)

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that moves only when told to; sleeping moves it. For tests, sandboxes and rehearsals."""

    def __init__(self, start: datetime = datetime(2026, 8, 3, 9, 0, tzinfo=UTC)) -> None:
        """Begin at `start`."""
        self._now = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the time it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was moved by; a jump of the wall clock does not count."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Move forward instead of waiting."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move wall and monotonic time forward together."""
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds

    def jump(self, seconds: float) -> None:
        """Move the wall time only, as a wrong or corrected clock does."""
        self._now += timedelta(seconds=seconds)


def clock_from(environ: Mapping[str, str]) -> SystemClock:
    """Return the system clock, shifted by CRM_BRIDGE_CLOCK_OFFSET seconds where that is set (test interface)."""
    return SystemClock(timedelta(seconds=float(environ.get("CRM_BRIDGE_CLOCK_OFFSET") or 0)))


def randomness_from(environ: Mapping[str, str]) -> random.Random:
    """Return the operating system's randomness, or a seeded one for CRM_BRIDGE_SEED (test interface)."""
    seed = environ.get("CRM_BRIDGE_SEED")
    return random.Random(seed) if seed else random.SystemRandom()  # noqa: S311 - a seed is refused outside loopback


def new_id(clock: Clock, randomness: random.Random) -> str:
    """Return a ULID: 26 characters, sortable by time, safe in file names."""
    value = (int(clock.now().timestamp() * 1000) << 80) | randomness.getrandbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def boot_id() -> str:
    """Name this boot of the machine, so that monotonic times of two boots are never compared."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as source:
            return source.read().strip()
    except OSError:
        return f"pid-{os.getpid()}"


def moment_of(clock: Clock) -> Moment:
    """Return this moment on both clocks, in whole milliseconds."""
    now = clock.now()
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Moment(at, boot_id(), int(clock.monotonic() * 1000))
