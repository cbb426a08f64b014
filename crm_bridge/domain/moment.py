"""One moment on both clocks of a machine: what the wall clock says may be corrected, what the other counts may not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment: the wall clock's time (aware, UTC), and milliseconds that only count within the same `boot`."""

    at: datetime
    boot: str
    mono_ms: int

    def since(self, boot: str, mono_ms: int) -> timedelta | None:
        """Return the time that passed by the monotonic clock; None where it cannot tell (another boot, or behind)."""
        if self.boot != boot or self.mono_ms < mono_ms:
            return None
        return timedelta(milliseconds=self.mono_ms - mono_ms)
