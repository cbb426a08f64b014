"""Restore: bring contracts of a run back, the CRM's own way first, from the vault otherwise; then measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Route, Support
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, Happening, State
from crm_bridge.errors import AnswerLostError, CrmError, InDoubtError, NotSentError
from crm_bridge.i18n import _
from crm_bridge.pipeline.desk import Desk, batches
from crm_bridge.pipeline.entries import RESTORE_START, happening_of, run_entry
from crm_bridge.pipeline.run_log import Note, RunLog
from crm_bridge.spi.adapter import Look, Place, Restored, RestoreItem, Sighting, Verdict, Whereabouts

DOUBTFUL = frozenset({State.IN_FLIGHT, State.IN_DOUBT, State.UNATTRIBUTED})
RESTORABLE = frozenset(
    {
        State.DONE,
        State.VERIFIED,
        State.UNVERIFIED,
        State.ABSENT,
        State.RESTORE_IN_DOUBT,
        State.RESTORING,
        State.RESTORED,
    }
)


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """What will be or was done about one contract."""

    ref: ContractRef
    route: Route | None
    """None: nothing to do, `reason` says why."""
    reason: str = ""
    result: str = "planned"
    """planned, restored, present, not_restored, in_doubt."""
    new_ref: ContractRef | None = None
    lost: tuple[str, ...] = ()
    message: str = ""
    until: str = ""


@dataclass(slots=True)
class _Batch:
    route: Route
    steps: list[RestoreStep] = field(default_factory=list)


def plan_restore(log: RunLog, record_ids: Sequence[str]) -> Iterator[RestoreStep]:
    """Look where each contract is and say which way back there is. Raises InDoubtError for anything in doubt."""
    desk = log.desk
    doubtful = [i for i in record_ids if log.standing(i).state in DOUBTFUL]
    if doubtful:
        raise InDoubtError(
            _("{count} contracts of this run are in doubt; a late delete could hit the restored copy").format(
                count=len(doubtful)
            ),
            reason="in_doubt",
            hint=_("settle them first with `crm-bridge resume {run}`").format(run=log.run.id),
        )
    wanted = [i for i in record_ids if log.standing(i).state in RESTORABLE]
    for batch in batches(wanted, desk.profile.limits.locate_batch):
        copies = {i: _copy_of(log, i) for i in batch}
        refs = [ContractRef(desk.profile.module, i) for i in batch] + [ref for ref in copies.values() if ref]
        with failpoints.step("restore.look"):
            sighting = desk.adapter.locate(refs, look=Look.EVERYWHERE)
        for record_id in batch:
            yield _route(desk, record_id, copies[record_id], sighting)


def _route(desk: Desk, record_id: str, copy: ContractRef | None, sighting: Sighting) -> RestoreStep:
    seen = sighting.places[record_id]
    if copy and sighting.places[copy.id].place is Place.LIVE:
        return RestoreStep(seen.ref, None, "already_restored", "present", new_ref=copy)
    if seen.place is Place.LIVE:
        return RestoreStep(seen.ref, None, "still_there", "present")
    if seen.place is Place.IN_BIN and desk.profile.capabilities.untrash.support is not Support.ABSENT:
        return RestoreStep(seen.ref, Route.UNTRASH, until=seen.until.date().isoformat() if seen.until else "")
    if seen.place is Place.GONE and sighting.control:
        return RestoreStep(seen.ref, Route.RECREATE)
    return RestoreStep(seen.ref, None, _why_not(seen), "not_restored")


def _why_not(seen: Whereabouts) -> str:
    return "no_control_record" if seen.place is Place.GONE else seen.place.value


def _copy_of(log: RunLog, record_id: str) -> ContractRef | None:
    """Return the newest copy that an earlier restore made, from the journal."""
    found = None
    for entry in log.desk.journal.entries(record_id=record_id, op="restore.outcome"):
        if isinstance(new_id := entry.body.get("new_id"), str) and new_id != record_id:
            found = ContractRef(entry.module, new_id)
    return found


def restore(log: RunLog, steps: Sequence[RestoreStep]) -> Iterator[RestoreStep]:
    """Carry out what `plan_restore` said, and yield what became of each contract."""
    desk = log.desk
    body: dict[str, JsonValue] = {"count": sum(step.route is not None for step in steps)}
    desk.journal.append([run_entry(desk, log.run, RESTORE_START, body)])
    for route, size in ((Route.UNTRASH, desk.profile.limits.untrash_batch), (Route.RECREATE, 1)):
        for batch in batches((step for step in steps if step.route is route), size):
            desk.stop.check()
            yield from _restore_batch(log, route, batch)
    yield from (step for step in steps if step.route is None)


def marker_of(log: RunLog, record_id: str) -> str:
    """Return the mark by which a re-created copy is found again: the same for every attempt, telling nothing."""
    return "crm-bridge-" + log.desk.journal.keyed_digest("restore-marker", f"{log.run.id}/{record_id}")[:20]


def _restore_batch(log: RunLog, route: Route, batch: Sequence[RestoreStep]) -> Iterator[RestoreStep]:
    desk = log.desk
    attempts = {step.ref.id: _next_attempt(log, step.ref.id) for step in batch}
    items = [_item(log, step, route, again=attempts[step.ref.id] > 1) for step in batch]
    intents = [
        Note(step.ref.id, _happening(log, step, Event.RESTORE_INTENDED, attempts), {"route": route.value})
        for step in batch
    ]
    log.write("restore.intent", intents)
    try:
        with failpoints.step("restore"):
            answers = {answer.ref.id: answer for answer in desk.adapter.bring_back(route, items)}
    except NotSentError as problem:
        answers = {
            s.ref.id: Restored(s.ref, Verdict.NOT_DONE, reason="not_sent", message=problem.message) for s in batch
        }
    except (AnswerLostError, CrmError) as problem:
        answers = {
            s.ref.id: Restored(s.ref, Verdict.UNKNOWN, reason="answer_lost", message=problem.message) for s in batch
        }
    notes, results = [], []
    for step in batch:
        answer = answers.get(step.ref.id) or Restored(step.ref, Verdict.UNKNOWN, reason="not_answered")
        notes.append(_outcome(log, step, answer, attempts))
        results.append(_result(step, answer))
    log.write("restore.outcome", notes)
    yield from results


def _item(log: RunLog, step: RestoreStep, route: Route, *, again: bool) -> RestoreItem:
    snapshot = None
    if route is Route.RECREATE:
        snapshot = log.backup_set(log.backup_of(step.ref.id).set_id).snapshot(step.ref.id)
    return RestoreItem(step.ref, marker_of(log, step.ref.id), snapshot, look_first=again)


def _next_attempt(log: RunLog, record_id: str) -> int:
    earlier = log.desk.journal.entries(run=log.run.id, record_id=record_id, op=Event.RESTORE_INTENDED.value)
    return 1 + sum(1 for _entry in earlier)


def _happening(log: RunLog, step: RestoreStep, event: Event, attempts: dict[str, int], reason: str = "") -> Happening:
    return Happening(event, log.standing(step.ref.id).step, attempts[step.ref.id], reason=reason)


_EVENTS = {
    Verdict.DONE: Event.RESTORE_DONE,
    Verdict.NOT_DONE: Event.RESTORE_NOT_DONE,
    Verdict.PENDING: Event.RESTORE_LOST,
    Verdict.UNKNOWN: Event.RESTORE_LOST,
}


def _outcome(log: RunLog, step: RestoreStep, answer: Restored, attempts: dict[str, int]) -> Note:
    extra: dict[str, JsonValue] = {"new_id": answer.new_ref.id} if answer.new_ref else {}
    if answer.ids:
        extra["ids"] = dict(answer.ids)
    return Note(step.ref.id, _happening(log, step, _EVENTS[answer.verdict], attempts, answer.reason), extra)


def _result(step: RestoreStep, answer: Restored) -> RestoreStep:
    result = {Verdict.DONE: "restored", Verdict.NOT_DONE: "not_restored"}.get(answer.verdict, "in_doubt")
    return RestoreStep(
        step.ref,
        step.route,
        answer.reason,
        result,
        answer.new_ref or (step.ref if answer.verdict is Verdict.DONE else None),
        answer.lost,
        answer.hint or answer.message,
        step.until,
    )


def settle_restores(log: RunLog) -> None:
    """Close restore intents that a crash left open, so that the next attempt looks for the copy first."""
    notes = []
    for record_id in log.ids_in((State.RESTORING,)):
        standing = log.standing(record_id)
        attempt = max(
            (e.attempt for e in log.desk.journal.entries(run=log.run.id, record_id=record_id) if happening_of(e)),
            default=1,
        )
        notes.append(Note(record_id, Happening(Event.RESTORE_LOST, standing.step, attempt, reason="process_died")))
    log.write("restore.outcome", notes)
