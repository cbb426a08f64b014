"""A plan as scripts and screens get it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.planning.plan import DeletionPlan, PlanHead
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.reasons import CAUSES_OF_ABSENCE
from crm_bridge.exit_codes import ExitCode
from crm_bridge.pipeline.planning.plan_file import PlanFile


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """A plan on disk. `digest` is what a confirmation must name; printed, it is the card that a person reads.

    >>> plan = crm.plan(number="HT-2025-0001", reason="entered twice")
    >>> len(plan), [contract.number for contract in plan]
    (1, ['HT-2025-0001'])
    >>> print(plan)
    where ...
    """

    file: PlanFile

    @property
    def notes(self) -> PlanNotes:
        """Return what was noticed while planning: warnings, locks, ids not found, safety rules that it breaks."""
        return self.file.plan.notes

    @property
    def head(self) -> PlanHead:
        """Return everything but the contracts."""
        return self.file.plan.head

    @property
    def deletion_plan(self) -> DeletionPlan:
        """Return the immutable value behind it."""
        return self.file.plan

    @property
    def digest(self) -> str:
        """Return the plan's digest, 64 hex digits."""
        return self.file.plan.digest

    @property
    def count(self) -> int:
        """Return the number of contracts."""
        return self.file.plan.count

    @property
    def phrase(self) -> str:
        """Return the words that confirm this plan when typed."""
        return self.file.plan.phrase()

    @property
    def path(self) -> Path:
        """Return where the plan is kept."""
        return self.file.path

    @property
    def exit_code(self) -> ExitCode:
        """Return HELD where contracts were asked for and not found, and nobody is known to have deleted them."""
        causes = {one.id: one.cause for one in self.notes.absent}
        known = (causes.get(name) in CAUSES_OF_ABSENCE[:5] for name in self.notes.missing)
        return ExitCode.OK if all(known) else ExitCode.HELD

    def __iter__(self) -> Iterator[Contract]:
        """Stream the contracts of the plan."""
        return (target.contract() for target in self.file.targets())

    def __len__(self) -> int:
        """Return the number of contracts."""
        return self.count

    def __repr__(self) -> str:
        return f"Plan({self.count} in {self.head.connection}, {self.head.step.value}, {self.digest[:12]})"

    def __str__(self) -> str:
        """Return the card that a person reads before confirming."""
        from crm_bridge.bridge.card import card_text

        return card_text(self)
