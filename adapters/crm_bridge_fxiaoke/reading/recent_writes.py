"""What this adapter did a moment ago: a query may not know it yet."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from crm_bridge.clock import Clock

_REMEMBERED = 50_000


class RecentWrites:
    """Records that were changed lately, and records that were purged by us; both bounded."""

    def __init__(self, clock: Clock, lag: float) -> None:
        """`lag` in seconds: how long a query may be behind; with 0 no change is remembered."""
        self._clock = clock
        self._lag = lag
        self._when: dict[str, float] = {}
        self._purged: set[str] = set()
        self._lock = threading.Lock()

    def note(self, ids: Iterable[str]) -> None:
        """Remember a change of some records."""
        if not self._lag:
            return
        now = self._clock.monotonic()
        with self._lock:
            self._when = {one: when for one, when in self._when.items() if now - when < self._lag}
            self._when.update(dict.fromkeys(ids, now))

    def among(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that a query may show as they were before."""
        now = self._clock.monotonic()
        return [one for one in ids if now - self._when.get(one, now - self._lag) < self._lag]

    def settle(self, ids: Iterable[str]) -> None:
        """Wait until no query shows one of these records as it was before."""
        if self.among(ids):
            self._clock.sleep(self._lag)

    def note_purged(self, ids: Iterable[str]) -> None:
        """Remember records whose deletion the CRM confirmed to us."""
        with self._lock:
            if len(self._purged) > _REMEMBERED:
                self._purged.clear()
            self._purged.update(ids)

    def was_purged(self, record_id: str) -> bool:
        """Return whether the CRM confirmed to us that it deleted this record."""
        return record_id in self._purged
