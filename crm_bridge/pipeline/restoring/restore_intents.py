"""Intents to restore: how often each contract was tried, since when, and what a crash left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from crm_bridge.domain.lifecycle import Event, EventKind, State
from crm_bridge.domain.reasons import Reason
from crm_bridge.pipeline.entries import RESTORE_INTENT
from crm_bridge.pipeline.run_log import ContractEvent, RunLog


def settle_restores(log: RunLog) -> None:
    """Close restore intents that a crash left open, so that the next attempt looks for the copy first."""
    open_ids = log.ids_in((State.RESTORING,))
    attempts = RestoreIntents(log).counts if open_ids else Counter()
    log.write(
        "restore.outcome",
        [
            ContractEvent(i, Event(EventKind.RESTORE_LOST, log.status(i).step, attempts[i], reason=Reason.PROCESS_DIED))
            for i in open_ids
        ],
    )


class RestoreIntents:
    """When each contract of a run was to be brought back before: how often, at first, and at last."""

    def __init__(self, log: RunLog) -> None:
        """Read the intents that the journal has."""
        self._context = log.context
        self.counts: Counter[str] = Counter()
        self._first: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}
        for entry, line in log.context.journal.events(run=log.run.id, op=RESTORE_INTENT):
            self.counts[line.record_id] += 1
            moment = datetime.fromisoformat(entry.ts)
            self._first.setdefault(line.record_id, moment)
            self._last[line.record_id] = moment

    def first(self, record_id: str) -> datetime | None:
        """Return since when a copy may be there, by the slower of two clocks; None before the first intent."""
        first = self._first.get(record_id)
        return first - self._context.policy.allowed_skew if first else None

    def wait(self, record_ids: Iterable[str]) -> None:
        """Wait until the CRM's queries know what an earlier attempt made: they lag behind a create by seconds."""
        tried = [self._last[one] for one in record_ids if one in self._last]
        if not tried:
            return
        # A clock that was set back since tells nothing about how long ago that was.
        over = max(0.0, (self._context.clock.now() - max(tried)).total_seconds())
        if over < self._context.policy.copy_seconds:
            self._context.clock.sleep(self._context.policy.copy_seconds - over)

    def add(self, record_ids: Iterable[str]) -> dict[str, int]:
        """Count one more intent of each, and return which attempt it is."""
        ids, now = list(record_ids), self._context.clock.now()
        self.counts.update(ids)
        for one in ids:
            self._first.setdefault(one, now)
            self._last[one] = now
        return {one: self.counts[one] for one in ids}
