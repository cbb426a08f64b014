"""The gate: the last look at each contract before it is deleted. Whatever is not as planned stays."""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Happening
from crm_bridge.domain.plan import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import BackupError
from crm_bridge.pipeline.annotations import remarks_of
from crm_bridge.pipeline.belongings import Belongings
from crm_bridge.pipeline.freshness import FreshLook
from crm_bridge.pipeline.run_log import Note, RunLog
from crm_bridge.spi.adapter import Look, Place, Whereabouts, unseen


def look_once_more(
    log: RunLog, targets: Sequence[Target], step: Step, fresh: FreshLook, around: Belongings
) -> tuple[list[Target], list[Note]]:
    """Return the contracts that are exactly as planned and backed up, and what is to be journaled about all of them.

    `fresh` begins here: the requests that follow are sent by this look, as long as it is fresh. What has moved
    `around` a contract since its backup is neither: it is read again (`Belongings.due`) and looked at anew.
    """
    desk = log.desk
    closeness = Look.LIVE if step is Step.TRASH else Look.EVERYWHERE
    # Backups first: reading them takes time, and the look must be the last thing before the intent.
    unsaved = {target.ref.id: problem for target in targets if (problem := _backup_problem(log, target))}
    around.learn(target for target in targets if target.ref.id not in unsaved)
    fresh.begin()
    with failpoints.step("gate"):
        sighting = desk.adapter.locate([target.ref for target in targets], look=closeness)
    notes, passed = [], []
    for target in targets:
        seen = sighting.places.get(target.ref.id)
        verdict = _judge(log, target, step, seen, sighting.control)
        if verdict.event is Event.GATE_PASSED and target.ref.id in unsaved:
            verdict = Happening(Event.HELD, step, reason=unsaved[target.ref.id])
        elif verdict.event is Event.GATE_PASSED and seen and around.has_moved(target, seen, step):
            if not around.is_restless(target):
                continue
            verdict = Happening(Event.HELD, step, reason=Reason.BELONGINGS_CHANGED)
        notes.append(Note(target.ref.id, verdict, _number(log, target)))
        if verdict.event is Event.GATE_PASSED:
            passed.append(target)
    log.annotations.add(remarks_of(sighting))
    return passed, notes


def _number(log: RunLog, target: Target) -> dict[str, JsonValue]:
    # So that `restore --contract NUMBER` finds the contract without the journal naming it.
    number = target.card.number
    return {"number": log.desk.journal.keyed_digest("number", number)} if number else {}


def _judge(log: RunLog, target: Target, step: Step, seen: Whereabouts | None, control: str | None) -> Happening:
    attempt = 0
    if seen is None or seen.place in (Place.UNREADABLE, Place.NOT_VISIBLE):
        return Happening(Event.HELD, step, attempt, reason=unseen(seen))
    if seen.place is Place.PENDING:
        return Happening(Event.HELD, step, attempt, reason=Reason.IN_APPROVAL)
    if step is Step.PURGE:
        return _judge_in_bin(log, target, seen, control)
    if seen.place is Place.LIVE:
        return _judge_live(target, seen)
    if seen.place is Place.GONE and control is None:
        return Happening(Event.HELD, step, attempt, reason=Reason.NO_CONTROL_RECORD)
    return Happening(Event.FOUND_ABSENT, step, attempt, reason=Reason.DELETED_BY_SOMEBODY_ELSE)


def _judge_live(target: Target, seen: Whereabouts) -> Happening:
    if seen.digest != target.digest:
        return Happening(Event.HELD, Step.TRASH, reason=Reason.CHANGED_SINCE_PLAN)
    return Happening(Event.GATE_PASSED, Step.TRASH)


def _judge_in_bin(log: RunLog, target: Target, seen: Whereabouts, control: str | None) -> Happening:
    if seen.place is Place.LIVE:
        return Happening(Event.HELD, Step.PURGE, reason=Reason.RESTORED_BY_SOMEBODY_ELSE)
    if seen.place is Place.GONE:
        if control is None:
            return Happening(Event.HELD, Step.PURGE, reason=Reason.NO_CONTROL_RECORD)
        return Happening(Event.FOUND_ABSENT, Step.PURGE, reason=Reason.PURGED_BY_SOMEBODY_ELSE)
    if seen.by is not None and seen.by != log.desk.profile.user_id:
        # Restored and deleted again by another: what is in the bin now may be newer than our backup.
        return Happening(Event.HELD, Step.PURGE, reason=Reason.DELETED_BY_SOMEBODY_ELSE)
    if seen.digest is not None and seen.digest != target.digest:
        return Happening(Event.HELD, Step.PURGE, reason=Reason.CHANGED_SINCE_PLAN)
    return Happening(Event.GATE_PASSED, Step.PURGE)


def _backup_problem(log: RunLog, target: Target) -> Reason | None:
    try:
        check_backup(log, target.ref.id, target.digest)
    except BackupError as problem:
        return Reason.of(problem)
    return None


def check_backup(log: RunLog, record_id: str, digest: str) -> None:
    """Raise BackupError unless the contract's backup is still there, undamaged, and holds the planned content."""
    where = log.backup_of(record_id)
    backup_set = log.backup_set(where.set_id)
    entry = backup_set.entry(record_id)
    if entry.digest != digest:
        raise BackupError("", reason=Reason.CHANGED_SINCE_PLAN)
    if entry.file_sha256 != where.sha256:
        raise BackupError("", reason=Reason.BACKUP_REPLACED)
    backup_set.verify_entry(record_id)
