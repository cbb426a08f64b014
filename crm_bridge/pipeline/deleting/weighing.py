"""Weighing: while contracts are saved, paper holds single ones, and what goes along with them is counted."""

from __future__ import annotations

from datetime import date

from crm_bridge.domain.planning.paper import leaves_of, paper_of
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.safety import Refusal, refuse
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.pipeline.run_log import RunLog


class Weighing:
    """What a plan takes along, counted over all contracts that were saved for it, by earlier processes too."""

    def __init__(self, log: RunLog, notes: PlanNotes) -> None:
        """Begin with what the journal says was saved."""
        self._log = log
        self._cap = notes.caps.max_leaves
        self.leaves = log.leaves
        self._total = sum(count * contracts for count, contracts in self.leaves.counts(len(self.leaves)).items())

    def paper(self, copy: Snapshot, end: date | None) -> tuple[str, ...]:
        """Return the rules that hold a contract because of its paper."""
        context = self._log.context
        return paper_of(copy, context.profile.relations, context.rules, end=end, today=context.clock.now().date())

    def take(self, copy: Snapshot) -> None:
        """Count what goes along with one contract. Raises GuardError beyond the cap; nothing was deleted then."""
        count = leaves_of(copy, self._log.context.profile.relations)
        self._total += count - self.leaves[copy.ref.id]
        self.leaves[copy.ref.id] = count
        if self._total > self._cap:
            refuse([Refusal("max_leaves", self._total, self._cap)])
