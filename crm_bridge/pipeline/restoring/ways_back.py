"""The way back of each contract, by where a look found it and what the journal says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crm_bridge.domain.absence import NOT_THERE, Claim
from crm_bridge.domain.capabilities import Route, Step, Support
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import EventKind, State
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import BackupError
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import OUTCOME, RESTORE_OUTCOME
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.pipeline.settling.absence import is_proven, names_deleter
from crm_bridge.spi.adapter import Observation, Place, Whereabouts, unseen

LATE_HOURS = timedelta(hours=24)
"""How long after a lost answer a delayed request may still land: a warning is shown for so long."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """What decides the way back of the contracts of one look."""

    log: RunLog
    earlier: Earlier
    observation: Observation
    said: Mapping[str, Reason | None]
    """What the bin answered for contracts that it was asked for."""

    def of(self, seen: Whereabouts) -> RestoreStep:
        """Return the step for one contract."""
        record_id = seen.ref.id
        copy = self.earlier.copies.get(record_id)
        if copy and self.observation.places[copy.id].place is Place.LIVE:
            return RestoreStep(seen.ref, None, Reason.ALREADY_RESTORED, "present", new_ref=copy)
        if seen.place is Place.LIVE:
            came_back = self.log.status(record_id).state is State.RESTORED
            return RestoreStep(seen.ref, None, Reason.ALREADY_RESTORED if came_back else Reason.IS_LIVE, "present")
        warning = Reason.ANSWER_LOST_RECENTLY if record_id in self.earlier.lost_lately else None
        asks_bin = record_id not in self.said and _may(self.log.context, Route.UNTRASH)
        if seen.place is Place.IN_BIN and asks_bin:
            until = seen.until.date().isoformat() if seen.until else ""
            return RestoreStep(seen.ref, Route.UNTRASH, until=until, warning=warning)
        unsure = seen.place in (Place.GONE, Place.NOT_VISIBLE) and not self._was_purged(seen)
        return replace(self._anew(seen, warning), bin_first=asks_bin and unsure)

    def _anew(self, seen: Whereabouts, warning: Reason | None) -> RestoreStep:
        in_bin = seen.place is Place.IN_BIN
        if not in_bin and not self._is_gone(seen):
            return RestoreStep(seen.ref, None, self._why_not(seen), "not_restored", message=seen.note)
        if not _may(self.log.context, Route.RECREATE):
            return RestoreStep(seen.ref, None, Reason.PERMISSION, "not_restored")
        if problem := backup_problem(self.log, seen.ref.id):
            return RestoreStep(seen.ref, None, problem, "not_restored")
        return RestoreStep(seen.ref, Route.RECREATE, warning=Reason.IN_BIN_TOO if in_bin else warning)

    def _was_purged(self, seen: Whereabouts) -> bool:
        """Return whether it left the bin for certain: the CRM lists that, or said yes to our purge while it answers."""
        claimed = self.log.claim(seen.ref.id, Step.PURGE) is Claim.DONE
        return seen.place is Place.GONE and (seen.listed or (claimed and self._answers))

    def _is_gone(self, seen: Whereabouts) -> bool:
        """Return whether there is nothing to recover: proven by a look, or by what the bin answered for it."""
        if seen.place is not Place.GONE or self._was_purged(seen):
            return seen.place is Place.GONE
        denied = self.said.get(seen.ref.id) in NOT_THERE and self._answers
        return not self._must_be_listed and (denied or is_proven(seen, self.observation))

    @property
    def _must_be_listed(self) -> bool:
        """Return whether the CRM would list what was deleted since the plan: what it does not is hidden, or merged."""
        context, since = self.log.context, self.log.planned_at
        days = context.profile.limits.bin_days
        if not names_deleter(context) or days is None or since is None:
            return False
        return context.clock.now() - since < timedelta(days=days)

    def _why_not(self, seen: Whereabouts) -> Reason:
        if seen.place is Place.GONE:
            return Reason.GONE_UNATTRIBUTED if self.observation.control else Reason.NO_CONTROL_RECORD
        return Reason.IN_APPROVAL if seen.place is Place.PENDING else unseen(seen)

    @property
    def _answers(self) -> bool:
        return (self.observation.control or self.observation.stand_in) is not None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the journal says about the contracts of a restore, over all runs."""

    copies: Mapping[str, ContractRef]
    """The newest copy that an earlier restore made, by the id of the original."""
    lost_lately: frozenset[str]
    """Contracts whose answer to a deletion was lost within the last day."""

    @classmethod
    def read(cls, context: RunContext) -> Earlier:
        """Read it from the journal, once for a whole restore."""
        since = context.clock.now() - LATE_HOURS
        copies: dict[str, ContractRef] = {}
        for entry, line in context.journal.events(op=RESTORE_OUTCOME):
            new_id = line.facts.get("new_id")
            same = (entry.system, entry.org) == (context.system, context.profile.org_id)
            if same and isinstance(new_id, str) and new_id != line.record_id:
                copies[line.record_id] = ContractRef(entry.module, new_id)
        lost = {
            line.record_id
            for entry in context.journal.entries(op=OUTCOME)
            if datetime.fromisoformat(entry.ts) > since
            for line in context.journal.lines(entry)
            if line.facts.get("event") == EventKind.ANSWER_LOST.value
        }
        return cls(copies, frozenset(lost))


def backup_problem(log: RunLog, record_id: str) -> Reason | None:
    """Return why this contract cannot be re-created from the vault; None when it can."""
    try:
        where = log.backup_of(record_id)
        backup_set = log.backup_set(where.set_id)
        if backup_set.entry(record_id).file_sha256 != where.sha256:
            return Reason.BACKUP_REPLACED
        backup_set.verify_entry(record_id)
    except BackupError as problem:
        return Reason.of(problem)
    return None


def _may(context: RunContext, route: Route) -> bool:
    """Return whether this CRM offers a way back, and this user may take it."""
    facts = {Route.UNTRASH: context.profile.capabilities.untrash, Route.RECREATE: context.profile.capabilities.recreate}
    return Support.ABSENT not in (facts[route].support, context.profile.ways.get(route))


def marker_of(log: RunLog, record_id: str) -> str:
    """Return the mark by which a re-created copy is found again: the same for every attempt, telling nothing."""
    return "crm-bridge-" + log.context.journal.keyed_digest("restore-marker", f"{log.run.id}/{record_id}")[:20]
