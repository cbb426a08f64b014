"""Intents to restore: how often each contract was tried, since when, and what a crash left open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from crm_bridge.columns import FactColumn
from crm_bridge.domain.lifecycle import Event, EventKind, State
from crm_bridge.domain.reasons import Reason
from crm_bridge.pipeline.entries import RESTORE_INTENT
from crm_bridge.pipeline.run_log import ContractEvent, RunLog


def settle_restores(log: RunLog) -> None:
    """Close restore intents that a crash left open, so that the next attempt looks for the copy first."""
    if not (open_ids := log.ids_in((State.RESTORING,))):
        return
    attempts = RestoreIntents(log).counts
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
        self.counts = FactColumn(log.numbers, 0)
        self._first = FactColumn[datetime | None](log.numbers, None)
        self._last = FactColumn[datetime | None](log.numbers, None)
        for entry, line in log.context.journal.events(run=log.run.id, op=RESTORE_INTENT):
            self._count(line.record_id, datetime.fromisoformat(entry.ts))

    def first(self, record_id: str) -> datetime | None:
        """Return since when a copy may be there, by the slower of two clocks; None before the first intent."""
        first = self._first[record_id]
        return first - self._context.policy.allowed_skew if first else None

    def wait(self, record_ids: Iterable[str]) -> None:
        """Wait until the CRM's queries know what an earlier attempt made: they lag behind a create by seconds."""
        tried = [last for one in record_ids if (last := self._last[one])]
        if not tried:
            return
        # A clock that was set back since tells nothing about how long ago that was.
        over = max(0.0, (self._context.clock.now() - max(tried)).total_seconds())
        if over < self._context.policy.copy_seconds:
            self._context.clock.sleep(self._context.policy.copy_seconds - over)

    def add(self, record_ids: Iterable[str]) -> dict[str, int]:
        """Count one more intent of each, and return which attempt it is."""
        ids, now = list(record_ids), self._context.clock.now()
        for one in ids:
            self._count(one, now)
        return {one: self.counts[one] for one in ids}

    def _count(self, record_id: str, moment: datetime) -> None:
        self.counts[record_id] += 1
        if record_id not in self._first:
            self._first[record_id] = moment
        self._last[record_id] = moment
