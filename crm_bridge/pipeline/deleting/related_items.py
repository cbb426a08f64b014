"""Related items of contracts, read again before they are lost: what differs from its backup is saved again, or held.

A CRM moves a contract's row for an edit, and not for a note, a file, a line or a payment. So a plan that ends in a
purge reads them again before its first step, and before its last where the CRM still shows them; any plan does where
the CRM tells of activity since the backup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.lifecycle import Event, EventKind
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.records.related_items import activity, differing, record_differs
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.context import batches
from crm_bridge.pipeline.deleting.backup import keep, saved_set
from crm_bridge.pipeline.deleting.storing import held_by, in_words, writing_backup
from crm_bridge.pipeline.deleting.weighing import Weighing
from crm_bridge.pipeline.run_log import ContractEvent, RunLog
from crm_bridge.redaction import quoted
from crm_bridge.spi.adapter import Whereabouts

VALID_SECONDS = 60.0
"""How long a comparison counts: contracts that wait longer for their turn are read again."""
_MOST_READINGS = 3
"""A contract around which something moves all the time is held after so many."""


class RelatedItems:
    """Keeps the backups of a run equal to what hangs on its contracts, until they are deleted."""

    def __init__(self, log: RunLog, plan: DeletionPlan) -> None:
        """Nothing was read yet by this process."""
        self._log = log
        self._context = log.context
        self._final = plan.head.step
        self._content = log.context.profile.content
        self._weighing = Weighing(log, plan.notes)
        self._read_at: dict[str, float] = {}
        self._activity: dict[str, str | None] = {}
        """What copies of this process say about activity; that of the others is looked up in their backups."""
        self._looked_up: dict[str, str | None] = {}
        self._moved: set[str] = set()
        self._readings: Counter[str] = Counter()

    def refresh(self, targets: Sequence[Target], step: Step) -> list[Target]:
        """Read again what is due; return the contracts whose backups hold what hangs on them now."""
        due = [target for target in targets if self._is_due(target.ref.id, step)]
        held: set[str] = set()
        for batch in batches(due, self._context.profile.limits.snapshot_batch):
            held |= self._compare(batch, step)
        return [target for target in targets if target.ref.id not in held]

    def _is_due(self, record_id: str, step: Step) -> bool:
        if record_id in self._moved:
            return True
        shows = step is Step.TRASH or self._context.profile.capabilities.shows_bin.support is Support.FULL
        since = self._read_at.get(record_id)
        old = since is None or self._context.clock.monotonic() - since > VALID_SECONDS
        return self._final is Step.PURGE and shows and old

    def _compare(self, targets: Sequence[Target], step: Step) -> set[str]:
        """Compare contracts with their backups, save again those that differ; return which were held."""
        self._moved -= {target.ref.id for target in targets}
        digests = {target.ref.id: target.digest for target in targets}
        ends = {target.ref.id: target.card.end for target in targets}
        answered: set[str] = set()
        again: list[Snapshot] = []
        held: set[str] = set()
        for copy in self._context.adapter.snapshot([t.ref for t in targets], final=self._final is Step.PURGE):
            answered.add(copy.ref.id)
            # What is not there, or is not as planned, is the gate's to judge: it looks right before the delete.
            if isinstance(copy, Unavailable):
                if not copy.gone:
                    held |= self._hold(copy.ref.id, step, copy.reason, copy.message)
                continue
            self._read_at[copy.ref.id] = self._context.clock.monotonic()
            if step is Step.PURGE:
                held |= self._judge_in_bin(copy)
            elif paper := self._weighing.paper(copy, ends[copy.ref.id]):
                held |= self._hold(copy.ref.id, step, Reason.PAPER, "; ".join(paper))
            elif copy.digest == digests[copy.ref.id]:
                self._weighing.take(copy)
                self._judge_live(copy, again)
        for record_id in digests.keys() - answered:
            held |= self._hold(record_id, step, Reason.BACKUP_INCOMPLETE, "")
        return held | self._save(again)

    def _judge_live(self, copy: Snapshot, again: list[Snapshot]) -> None:
        self._activity[copy.ref.id] = activity(copy, self._content)
        best_effort = self._context.policy.best_effort
        if held_by(copy.gaps, step=self._final, best_effort=best_effort) or differing(
            self._backup(copy.ref.id), copy, self._content
        ):
            again.append(copy)

    def _judge_in_bin(self, copy: Snapshot) -> set[str]:
        """Nothing is saved from the bin: what changed there was not part of what was confirmed."""
        if reason := held_by(copy.gaps, step=Step.PURGE, best_effort=self._context.policy.best_effort):
            return self._hold(copy.ref.id, Step.PURGE, reason, in_words(copy.gaps))
        before = self._backup(copy.ref.id)
        if record_differs(before, copy, self._content):
            return self._hold(copy.ref.id, Step.PURGE, Reason.CHANGED_SINCE_PLAN, "")
        if names := differing(before, copy, self._content):
            return self._hold(copy.ref.id, Step.PURGE, Reason.BELONGINGS_CHANGED, ", ".join(names))
        return set()

    def _save(self, copies: Sequence[Snapshot]) -> set[str]:
        """Save copies in a new set; return the contracts that are held because they cannot be."""
        held: set[str] = set()
        if not copies:
            return held
        with writing_backup(), saved_set(self._log) as writer:
            held |= {copy.ref.id for copy in copies if not keep(self._log, writer, copy, step=self._final)}
        return held

    def _hold(self, record_id: str, step: Step, reason: Reason, remark: str) -> set[str]:
        self._log.write("backup.journal", [ContractEvent(record_id, Event(EventKind.HELD, step, reason=reason))])
        self._log.annotations.add({record_id: Annotation(remark=quoted(remark))})
        return {record_id}

    def learn(self, targets: Iterable[Target]) -> None:
        """Find out what the backups say about activity: done before a look, because it takes time."""
        if self._content is None or not self._content.activity:
            return
        ids = [target.ref.id for target in targets if target.ref.id not in self._activity]
        self._looked_up = {one: activity(self._backup(one), self._content) for one in ids}

    def has_moved(self, target: Target, seen: Whereabouts, step: Step) -> bool:
        """Return whether a contract must be read again before it goes: something moved around it, or it waited long."""
        record_id = target.ref.id
        known = self._activity.get(record_id) or self._looked_up.get(record_id)
        quiet = seen.activity is None or known is None or seen.activity == known
        if quiet and not self._is_due(record_id, step):
            return False
        self._readings[record_id] += 1
        self._moved.add(record_id)
        return True

    def is_restless(self, target: Target) -> bool:
        """Return whether something moved around a contract at every look."""
        return self._readings[target.ref.id] > _MOST_READINGS

    def due(self, targets: Iterable[Target]) -> list[Target]:
        """Return the contracts that the last look found to have moved."""
        return [target for target in targets if target.ref.id in self._moved and not self.is_restless(target)]

    def _backup(self, record_id: str) -> Snapshot:
        return self._log.backup_set(self._log.backup_of(record_id).set_id).snapshot(record_id)
