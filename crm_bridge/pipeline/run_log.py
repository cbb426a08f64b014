"""The log of one run: every event is checked against the lifecycle, journaled, and only then believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from crm_bridge import failpoints
from crm_bridge.columns import FactColumn, WholeNumbers
from crm_bridge.domain.absence import Asked, Claim
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, State, Status
from crm_bridge.domain.planning.confirmation import ConfirmedPlan
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.errors import BackupError
from crm_bridge.i18n import _
from crm_bridge.pipeline.annotations import Annotations
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import PLAN_MADE, ContractEvent, Fold, RunRef, event_entries, history, last_step
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.settling.claims import Claims
from crm_bridge.vault import BackupSet

__all__ = ["BackedUpPlan", "BackupRef", "ContractEvent", "DeletionRun", "RunLog", "VerifiedRun", "steps_of"]


@dataclass(frozen=True, slots=True)
class BackupRef:
    """Where the journal says a contract's backup is: the set, and the SHA-256 of the sealed file that holds it."""

    set_id: str
    sha256: str


def mark_hash(mark: str | None) -> int:
    """Return a number by which this process tells marks apart, 0 where there is none."""
    return hash(mark) if mark else 0


class RunLog:
    """Where every contract of a run stands, kept equal to the journal."""

    def __init__(self, context: RunContext, run: RunRef) -> None:
        """Fold what the journal already says about the run."""
        self.context = context
        self.run = run
        self.numbers: dict[str, int] = {}
        """The number of each contract, for columns."""
        self._fold = Fold(last_step(context.journal, run.id), self.numbers)
        self._statuses = self._fold.statuses
        self._backups = FactColumn[BackupRef | None](self.numbers, None)
        self._sets: dict[str, BackupSet] = {}
        self._asked = {step: FactColumn(self.numbers, Asked()) for step in Step}
        self._live_marks, self._bin_marks = WholeNumbers(self.numbers), WholeNumbers(self.numbers)
        self.others = Claims(context, but=run.id)
        self.leaves = FactColumn(self.numbers, 0)
        """Lines, notes and files of each contract that was saved."""
        self.annotations = Annotations(context.plans, run.id, context.journal)
        for told in history(context.journal, run.id):
            self._fold.take(told.line.record_id, told.event)
            self._note(told.line.record_id, told.event, told.line.facts)

    @property
    def statuses(self) -> FactColumn[Status]:
        """Return where every contract stands that something happened to."""
        return self._statuses

    def status(self, record_id: str) -> Status:
        """Return where one contract stands."""
        return self._statuses[record_id]

    def write(self, failpoint: str, notes: Sequence[ContractEvent], *, later: bool = False) -> None:
        """Journal events in one transaction. Illegal ones raise before anything is written.

        `later`: with the next events. Only for what was seen, never for what was asked of a CRM or what it said.
        """
        if not notes:
            return
        after: dict[str, Status] = {}
        known, follow = self._statuses, self._fold.after
        for record_id, event, _extra in notes:
            after[record_id] = follow(after.get(record_id) or known[record_id], event)
        entries = event_entries(self.context, self.run, notes)
        with failpoints.step(failpoint):
            (self.context.journal.defer if later else self.context.journal.append)(entries)
        for record_id, status in after.items():
            known[record_id] = status
        for note in notes:
            self._note(*note)

    def claim(self, record_id: str, step: Step) -> Claim:
        """Return what this run may claim of a deletion of a contract."""
        return self._asked[step][record_id].claim

    @cached_property
    def planned_at(self) -> datetime | None:
        """Return when the plan was made, where this journal says so."""
        made = next(self.context.journal.entries(op=PLAN_MADE, plan=self.run.plan), None)
        while made and (before := made.body.get("revises")):  # contracts were looked at for the first one
            made = next(self.context.journal.entries(op=PLAN_MADE, plan=before), None)
        return datetime.fromisoformat(made.ts) if made else None

    def live_mark(self, record_id: str) -> int:
        """Return `mark_hash` of the mark that a contract had at the last gate that it passed as live; 0: none known."""
        return self._live_marks[record_id]

    def bin_mark(self, record_id: str) -> int:
        """Return `mark_hash` of the mark that a contract had when it was last seen in the bin; 0: none known."""
        return self._bin_marks[record_id]

    def _note(self, record_id: str, event: Event, facts: Mapping[str, Any]) -> None:
        if event.kind is EventKind.BACKED_UP:
            self._note_backup(record_id, facts)
        if mark := facts.get("mark"):
            live = event.kind is EventKind.GATE_PASSED and event.step is Step.TRASH
            (self._live_marks if live else self._bin_marks)[record_id] = mark_hash(str(mark))
        asked = self._asked[event.step][record_id]
        if (after := asked.after(event.kind, event.reason)) is not asked:
            self._asked[event.step][record_id] = after

    def _note_backup(self, record_id: str, facts: Mapping[str, Any]) -> None:
        leaves = facts.get("leaves", 0)
        self.leaves[record_id] = leaves if isinstance(leaves, int) else 0
        self._backups[record_id] = BackupRef(str(facts["set"]), str(facts["sha256"]))

    def backup_set(self, set_id: str) -> BackupSet:
        """Open a set of this run once and keep it open: its header is decrypted a single time."""
        if set_id not in self._sets:
            self._sets[set_id] = self.context.vault.open(set_id)
        return self._sets[set_id]

    def backup_of(self, record_id: str) -> BackupRef:
        """Return where a contract's backup is; raises BackupError when the journal knows none."""
        if where := self._backups[record_id]:
            return where
        raise BackupError(_("no verified backup of {id}").format(id=record_id), reason="no_backup")

    def ids_in(self, states: Iterable[State]) -> list[str]:
        """Return the ids that stand in one of these states."""
        wanted = frozenset(states)
        return list(self._statuses.ids(lambda status: status.state in wanted))


@dataclass(frozen=True, slots=True)
class BackedUpPlan:
    """A confirmed plan whose contracts are in the vault, read back and compared. Only `back_up` makes one."""

    confirmed: ConfirmedPlan
    file: PlanFile
    log: RunLog

    @property
    def plan(self) -> DeletionPlan:
        """Return the plan."""
        return self.confirmed.plan


@dataclass(frozen=True, slots=True)
class DeletionRun:
    """A run in which one step was carried out as far as it could be. Only `delete` makes one."""

    backed_up: BackedUpPlan
    step: Step
    halted: Exception | None = None
    """Why the step stopped early; raised by the caller once everything that was done has been verified."""


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """A run whose removals were looked for. Only `verify` makes one."""

    run: DeletionRun

    @property
    def halted(self) -> Exception | None:
        """Return why the step stopped early."""
        return self.run.halted


def steps_of(plan: DeletionPlan) -> tuple[Step, ...]:
    """Return the steps of a plan in order: a purge goes through the bin."""
    return (Step.TRASH, Step.PURGE) if plan.head.step is Step.PURGE else (Step.TRASH,)
