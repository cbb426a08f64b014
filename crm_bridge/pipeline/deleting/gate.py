"""The gate: the last look at each contract before it is deleted. Whatever is not as planned stays."""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import BackupError
from crm_bridge.pipeline.annotations import remarks_of
from crm_bridge.pipeline.deleting.freshness import FreshLook
from crm_bridge.pipeline.deleting.related_items import RelatedItems
from crm_bridge.pipeline.run_log import ContractEvent, RunLog, mark_hash
from crm_bridge.pipeline.settling.absence import explained, facts_of, look_for, names_deleter
from crm_bridge.spi.adapter import LookDepth, Observation, Place, Whereabouts, unseen

_ABSENT = (Place.GONE, Place.IN_BIN, Place.NOT_VISIBLE)


def final_check(
    log: RunLog, targets: Sequence[Target], step: Step, fresh: FreshLook, related: RelatedItems
) -> tuple[list[Target], list[ContractEvent]]:
    """Return the contracts that are exactly as planned and backed up, and what is to be journaled about all of them.

    `fresh` begins here: the requests that follow are sent by this look, as long as it is fresh. What has moved
    `related` a contract since its backup is neither: it is read again (`RelatedItems.due`) and looked at anew.
    """
    context = log.context
    closeness = LookDepth.LIVE if step is Step.TRASH else LookDepth.EVERYWHERE
    # Backups first: reading them takes time, and the look must be the last thing before the intent.
    compared = set[str]()
    unsaved = {target.ref.id: problem for target in targets if (problem := _backup_problem(log, target, compared))}
    related.learn(target for target in targets if target.ref.id not in unsaved)
    fresh.begin()
    with failpoints.step("gate"):
        observation = context.adapter.locate([target.ref for target in targets], look=closeness)
    notes, passed, missing = [], [], []
    for target in targets:
        seen = observation.places.get(target.ref.id)
        if step is Step.TRASH and seen is not None and seen.place in _ABSENT:
            missing.append(target)
            continue
        note = _judge(log, target, step, seen, observation)
        if note.event.kind is EventKind.GATE_PASSED and target.ref.id in unsaved:
            note = _held(target, step, unsaved[target.ref.id])
        elif note.event.kind is EventKind.GATE_PASSED and seen and related.has_moved(target, seen, step):
            if not related.is_restless(target):
                continue
            note = _held(target, step, Reason.BELONGINGS_CHANGED)
        notes.append(_numbered(log, target, note))
        if note.event.kind is EventKind.GATE_PASSED:
            passed.append(target)
    log.annotations.add(remarks_of(observation))
    return passed, notes + _explained(log, missing, step)


def _explained(log: RunLog, targets: Sequence[Target], step: Step) -> list[ContractEvent]:
    """Return why contracts are not there."""
    notes = look_for(log, [target.ref for target in targets], step) if targets else []
    return [_numbered(log, target, note) for target, note in zip(targets, notes, strict=True)]


def _numbered(log: RunLog, target: Target, note: ContractEvent) -> ContractEvent:
    # So that `restore --contract NUMBER` finds the contract without the journal naming it.
    number = target.card.number
    extra: dict[str, JsonValue] = {"number": log.context.journal.keyed_digest("number", number)} if number else {}
    return ContractEvent(note.record_id, note.event, {**note.extra, **extra})


def _judge(
    log: RunLog, target: Target, step: Step, seen: Whereabouts | None, observation: Observation
) -> ContractEvent:
    if seen is None or seen.place in (Place.UNREADABLE, Place.NOT_VISIBLE):
        return _held(target, step, unseen(seen))
    if seen.place is Place.PENDING:
        return _held(target, step, Reason.IN_APPROVAL)
    if step is Step.PURGE:
        return _judge_in_bin(log, target, seen, observation)
    if seen.digest != target.digest:
        return _held(target, step, Reason.CHANGED_SINCE_PLAN)
    return ContractEvent(target.ref.id, Event(EventKind.GATE_PASSED, step), facts_of(seen))


def _held(target: Target, step: Step, reason: Reason) -> ContractEvent:
    return ContractEvent(target.ref.id, Event(EventKind.HELD, step, reason=reason))


def _judge_in_bin(log: RunLog, target: Target, seen: Whereabouts, observation: Observation) -> ContractEvent:
    if seen.place is Place.LIVE:
        return _held(target, Step.PURGE, Reason.RESTORED_BY_SOMEBODY_ELSE)
    if seen.place is Place.GONE:
        return explained(log, target.ref, seen, observation, Step.PURGE)
    if why := _not_as_we_left_it(log, seen):
        # Restored and deleted again: what is in the bin now may be newer than our backup.
        return _held(target, Step.PURGE, why)
    if seen.digest is not None and seen.digest != target.digest:
        return _held(target, Step.PURGE, Reason.CHANGED_SINCE_PLAN)
    return ContractEvent(target.ref.id, Event(EventKind.GATE_PASSED, Step.PURGE))


def _not_as_we_left_it(log: RunLog, seen: Whereabouts) -> Reason | None:
    """Return why what lies in the bin is not what this run was seen to put there; None where it is."""
    theirs = seen.by is not None and seen.by != log.context.profile.user_id
    before, now = log.bin_mark(seen.ref.id), mark_hash(seen.mark)
    untouched = bool(before) and before == now and not (theirs and names_deleter(log.context))
    if untouched or (not theirs and not (before and now)):
        return None
    return Reason.DELETED_BY_SOMEBODY_ELSE if theirs else Reason.CHANGED_SINCE_PLAN


def _backup_problem(log: RunLog, target: Target, compared: set[str]) -> Reason | None:
    try:
        check_backup(log, target.ref.id, target.digest, compared)
    except BackupError as problem:
        return Reason.of(problem)
    return None


def check_backup(log: RunLog, record_id: str, digest: str, compared: set[str]) -> None:
    """Raise BackupError unless the contract's backup is still there, undamaged, and holds the planned content.

    `compared` are the files that this look has compared already: contracts share them.
    """
    where = log.backup_of(record_id)
    backup_set = log.backup_set(where.set_id)
    entry = backup_set.entry(record_id)
    if entry.digest != digest:
        raise BackupError("", reason=Reason.CHANGED_SINCE_PLAN)
    if entry.file_sha256 != where.sha256:
        raise BackupError("", reason=Reason.BACKUP_REPLACED)
    backup_set.verify_entry(record_id, compared)
