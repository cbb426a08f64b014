"""The log of one run: every event is checked against the lifecycle, journaled, and only then believed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Happening, Outcome, Standing, State, advance
from crm_bridge.domain.plan import ConfirmedPlan, DeletionPlan
from crm_bridge.errors import BackupError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.desk import Desk
from crm_bridge.pipeline.entries import RunRef, record_entry, standings
from crm_bridge.pipeline.plan_file import PlanFile
from crm_bridge.vault import BackupSet


@dataclass(frozen=True, slots=True)
class Note:
    """One event of one contract, about to be journaled."""

    record_id: str
    happening: Happening
    extra: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackupRef:
    """Where the journal says a contract's backup is: the set, and the SHA-256 of the sealed file that holds it."""

    set_id: str
    sha256: str


class RunLog:
    """Where every contract of a run stands, kept equal to the journal."""

    def __init__(self, desk: Desk, run: RunRef) -> None:
        """Fold what the journal already says about the run."""
        self.desk = desk
        self.run = run
        self._standings = standings(desk.journal, run.id)
        self._backups = backups(desk.journal, run.id)
        self._sets: dict[str, BackupSet] = {}

    def standing(self, record_id: str) -> Standing:
        """Return where one contract stands."""
        return self._standings.get(record_id, Standing())

    def write(self, failpoint: str, notes: Sequence[Note]) -> None:
        """Journal events in one transaction. Illegal ones raise before anything is written."""
        if not notes:
            return
        after: dict[str, Standing] = {}
        for note in notes:
            before = after.get(note.record_id) or self.standing(note.record_id)
            after[note.record_id] = advance(before, note.happening)
        module = self.desk.profile.module
        drafts = [record_entry(self.desk, self.run, module, n.record_id, n.happening, n.extra) for n in notes]
        with failpoints.step(failpoint):
            self.desk.journal.append(drafts)
        self._standings.update(after)
        for note in notes:
            if note.happening.event is Event.BACKED_UP:
                self._backups[note.record_id] = BackupRef(str(note.extra["set"]), str(note.extra["sha256"]))

    def backup_set(self, set_id: str) -> BackupSet:
        """Open a set of this run once and keep it open: its header is decrypted a single time."""
        if set_id not in self._sets:
            self._sets[set_id] = self.desk.vault.open(set_id)
        return self._sets[set_id]

    def backup_of(self, record_id: str) -> BackupRef:
        """Return where a contract's backup is; raises BackupError when the journal knows none."""
        if found := self._backups.get(record_id):
            return found
        raise BackupError(_("no verified backup of {id}").format(id=record_id), reason="no_backup")

    def counts(self) -> Counter[Outcome]:
        """Return how many contracts have each outcome."""
        return Counter(standing.outcome for standing in self._standings.values())

    def ids_in(self, states: Iterable[State]) -> list[str]:
        """Return the ids that stand in one of these states."""
        wanted = frozenset(states)
        return [record_id for record_id, standing in self._standings.items() if standing.state in wanted]


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


def steps_of(plan: DeletionPlan) -> tuple[Step, ...]:
    """Return the steps of a plan in order: a purge goes through the bin."""
    return (Step.TRASH, Step.PURGE) if plan.head.step is Step.PURGE else (Step.TRASH,)


def backups(journal: Journal, run: str) -> dict[str, BackupRef]:
    """Return where the backups of a run are, by record id; the newest counts."""
    return {
        entry.record_id: BackupRef(sys.intern(str(entry.body["set"])), sys.intern(str(entry.body["sha256"])))
        for entry in journal.entries(run=run, op=Event.BACKED_UP.value)
    }
