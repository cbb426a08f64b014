"""Back up: every contract of a confirmed plan into the vault, read back and compared before it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, EventKind, State
from crm_bridge.domain.planning.confirmation import ConfirmedPlan
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import CAUSES_OF_ABSENCE, Reason
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.errors import BackupError, CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.deleting.storing import begin_set, store, writing_backup
from crm_bridge.pipeline.deleting.weighing import Weighing
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.run_log import BackedUpPlan, ContractEvent, RunLog
from crm_bridge.pipeline.settling.absence import look_for
from crm_bridge.redaction import quoted
from crm_bridge.spi.ordered_map import ordered_map
from crm_bridge.vault import SetEntry, SetWriter

_ENTRIES_PER_COMMIT = 2_500
MADE_FOR, DELETION = "made_for", "deletion"
"""Sealed in the header of a set that a run made before it deleted: its run stands in the journal before it."""

_KEEP = timedelta(days=365)
SET_SECONDS = 300.0
"""A set is closed and read back at least so often: what a killed process loses is never more than that."""


class _Copies(list[Snapshot | Unavailable]):
    """Copies of a batch as far as they came."""

    problem: CrmBridgeError | None = None
    """Why no more of them came."""


def back_up(confirmed: ConfirmedPlan, file: PlanFile, *, log: RunLog) -> BackedUpPlan:
    """Save every contract that has no verified backup in this run yet. Raises BackupError; nothing is deleted then."""
    if left := _count_missing(file, log):
        hint = _("nothing was deleted; make room or choose another --home, then run the same command again")
        with writing_backup(hint):
            _fill_sets(confirmed.plan, file, log, left)
    return BackedUpPlan(confirmed, file, log)


def _missing(file: PlanFile, log: RunLog) -> Iterator[Target]:
    return (target for target in file.targets() if log.status(target.ref.id).state is State.PLANNED)


def _count_missing(file: PlanFile, log: RunLog) -> int:
    counts = log.statuses.counts(file.plan.count)
    return sum(number for status, number in counts.items() if status.state is State.PLANNED)


def _fill_sets(plan: DeletionPlan, file: PlanFile, log: RunLog, left: int) -> None:
    """Fill one set after the other; one contract is in one of them, and counts once that set was read back."""
    context, weighing = log.context, Weighing(log, file.plan.notes)
    missing = batches(_missing(file, log), context.profile.limits.snapshot_batch)
    # The next batch is read while one is written, and no more than that.
    copied = ordered_map(lambda batch: (batch, _copies(context, batch)), missing, threads=1, waiting=1)
    # Contracts of the set that is being written are still missing in the journal: they must not come a second time.
    done = plan.count - left
    for first in copied:
        with saved_set(log) as writer:
            until = context.clock.monotonic() + SET_SECONDS
            for batch, copies in chain([first], copied):
                _save_batch(weighing, log, writer, batch, copies, plan.head.step)
                done += len(batch)
                context.progress("backup", done, plan.count)
                context.stop.check()
                if context.clock.monotonic() >= until:
                    break


@contextmanager
def saved_set(log: RunLog) -> Iterator[SetWriter]:
    """Write a set of a run. What was written is read back and journaled, also when the CRM or a person interrupts it.

    A set that cannot be written or read back raises BackupError, and nothing of it counts.
    """
    keep_until = (log.context.clock.now() + _KEEP).date()
    with begin_set(log.context, log.run.id, log.run.plan, keep_until, {MADE_FOR: DELETION}) as writer:
        try:
            yield writer
        except BackupError:
            raise
        except CrmBridgeError:
            _finish(log, writer)
            raise
        _finish(log, writer)


def _finish(log: RunLog, writer: SetWriter) -> None:
    if not writer.count:
        return
    with failpoints.step("vault.close"):
        backup_set = writer.close()
    for entries in batches(backup_set.entries(), _ENTRIES_PER_COMMIT):
        log.write("backup.journal", [_backed_up(backup_set.id, entry, log) for entry in entries])


def _copies(context: RunContext, batch: Sequence[Target]) -> _Copies:
    """Return the copies of a batch; a stop ends the reading between two contracts, and what was read is kept."""
    failpoints.hit("snapshot.before")
    copies = _Copies()
    try:
        for copy in context.adapter.snapshot([target.ref for target in batch]):
            copies.append(copy)
            context.stop.check()
    except CrmBridgeError as problem:
        copies.problem = problem
    return copies


def _save_batch(
    weighing: Weighing, log: RunLog, writer: SetWriter, batch: Sequence[Target], copies: _Copies, step: Step
) -> None:
    answered: set[str] = set()
    gone: list[ContractRef] = []
    lacking: list[ContractRef] = []
    notes: list[ContractEvent] = []
    ends = {target.ref.id: target.card.end for target in batch}
    for copy in copies:
        failpoints.hit("snapshot.after")
        answered.add(copy.ref.id)
        if isinstance(copy, Unavailable) and copy.gone:
            gone.append(copy.ref)
        elif isinstance(copy, Unavailable):
            notes.append(_held(copy.ref.id, copy.reason))
            log.annotations.add({copy.ref.id: Annotation(remark=quoted(copy.message))})
        elif paper := weighing.paper(copy, ends.get(copy.ref.id)):
            notes.append(_held(copy.ref.id, Reason.PAPER))
            log.annotations.add({copy.ref.id: Annotation(remark=quoted("; ".join(paper)))})
        else:
            weighing.take(copy)
            if not keep(log, writer, copy, step=step):
                lacking.append(copy.ref)
    if copies.problem is None:
        notes += [_held(t.ref.id, Reason.BACKUP_INCOMPLETE) for t in batch if t.ref.id not in answered]
    log.write("backup.journal", notes, later=True)
    if copies.problem is not None:
        raise copies.problem
    if gone:
        # That nothing was given is no proof: the cause is looked for.
        log.write("backup.journal", look_for(log, gone, Step.TRASH), later=True)
    if lacking:
        # A file may be missing because its contract went meanwhile.
        found = look_for(log, lacking, Step.TRASH)
        log.write("backup.journal", [one for one in found if one.event.reason in CAUSES_OF_ABSENCE], later=True)


def keep(log: RunLog, writer: SetWriter, copy: Snapshot, *, step: Step) -> bool:
    """Store a copy in a set of the run, and say whether it is there; else its contract is held, with the reason."""
    stored = store(log.context, writer, copy, step=step)
    if stored.reason is not None:
        log.write("backup.journal", [_held(copy.ref.id, stored.reason, stored.code)], later=True)
    log.annotations.add({copy.ref.id: Annotation(remark=quoted(stored.remark))})
    return stored.reason is None


def _backed_up(set_id: str, entry: SetEntry, log: RunLog) -> ContractEvent:
    extra: dict[str, JsonValue] = {"set": set_id, "file": entry.file, "sha256": entry.file_sha256, "seen": entry.digest}
    extra["leaves"] = log.leaves[entry.ref.id]
    return ContractEvent(entry.ref.id, Event(EventKind.BACKED_UP), extra)


def _held(record_id: str, reason: Reason, code: str = "") -> ContractEvent:
    return ContractEvent(record_id, Event(EventKind.HELD, reason=reason, code=code))
