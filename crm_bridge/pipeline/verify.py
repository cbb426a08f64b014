"""Verify: look whether what the CRM said it removed is gone, with a control record still readable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from crm_bridge import failpoints
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Evidence, Happening, State
from crm_bridge.domain.plan import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmError, PermissionDeniedError, SignInError
from crm_bridge.pipeline.annotations import remarks_of
from crm_bridge.pipeline.desk import batches
from crm_bridge.pipeline.entries import first_intents
from crm_bridge.pipeline.reconcile import is_ours
from crm_bridge.pipeline.run_log import DeletionRun, Note, RunLog, VerifiedRun
from crm_bridge.spi.adapter import Look, Place, Sighting, Whereabouts, unseen

_LINES_PER_COMMIT = 1000
TO_VERIFY = (State.DONE, State.UNVERIFIED, State.PENDING)


def verify(run: DeletionRun) -> VerifiedRun:
    """Look for every contract that the CRM said it removed, or whose approval was pending.

    Without a sign-in into the run's organisation nothing is looked for; the run ends where it is.
    """
    log = run.backed_up.log
    try:
        verify_targets(log, _to_verify(log, run.backed_up.file.targets()))
    except SignInError as reason:
        return VerifiedRun(replace(run, halted=run.halted or reason))
    return VerifiedRun(run)


def _to_verify(log: RunLog, targets: Iterator[Target]) -> Iterator[Target]:
    return (target for target in targets if log.standing(target.ref.id).state in TO_VERIFY)


def verify_targets(log: RunLog, targets: Iterator[Target] | Sequence[Target]) -> None:
    """Look for some contracts and journal what was seen, with its level of evidence."""
    desk, done = log.desk, 0
    intents: dict[str, datetime] | None = None
    notes: list[Note] = []
    try:
        for batch in batches(targets, desk.profile.limits.locate_batch):
            intents = first_intents(desk.journal, log.run.id) if intents is None else intents
            since = min((intents[t.ref.id] for t in batch if t.ref.id in intents), default=None)
            sighting = _look_patiently(log, batch, since)
            log.annotations.add(remarks_of(sighting) if sighting else {})
            notes += [_note(log, target, sighting, intents.get(target.ref.id)) for target in batch]
            if len(notes) >= _LINES_PER_COMMIT:
                log.write("verify.journal", notes)
                notes = []
            done += len(batch)
            desk.progress("verify", done, None)
    finally:
        log.write("verify.journal", notes)


def _look_patiently(log: RunLog, batch: Sequence[Target], since: datetime | None) -> Sighting | None:
    """Look, and once more after a while if something is still there: a read may lag behind a delete."""
    desk = log.desk
    after = since - desk.policy.allowed_skew if since else None
    refs = [target.ref for target in batch]
    try:
        with failpoints.step("verify"):
            sighting = desk.adapter.locate(refs, look=Look.EVERYWHERE, since=after)
        if any(seen.place is Place.LIVE for seen in sighting.places.values()):
            desk.clock.sleep(desk.policy.second_look_seconds)
            with failpoints.step("verify"):
                sighting = desk.adapter.locate(refs, look=Look.EVERYWHERE, since=after)
    except (CrmError, PermissionDeniedError):
        return None
    return sighting


def _note(log: RunLog, target: Target, sighting: Sighting | None, intended: datetime | None) -> Note:
    standing = log.standing(target.ref.id)
    seen = sighting.places.get(target.ref.id) if sighting else None
    control = sighting.control if sighting else None
    event, evidence, reason = observed(seen, standing.step, control=control, ours=_ours(log, seen, intended))
    extra = {"control": control} if control else {}
    return Note(target.ref.id, Happening(event, standing.step, standing.attempt, evidence, reason), extra)


def _ours(log: RunLog, seen: Whereabouts | None, intended: datetime | None) -> bool | None:
    return is_ours(log.desk, seen, intended) if seen else None


def observed(
    seen: Whereabouts | None,
    step: Step,
    *,
    control: str | None,
    ours: bool | None,
) -> tuple[Event, Evidence | None, Reason | None]:
    """Return what one look proves: event, evidence level, reason. No control record, no claim of absence."""
    if seen is None:
        return Event.NOT_SEEN, None, Reason.UNREADABLE
    if seen.place is Place.LIVE:
        return Event.SEEN_LIVE, None, Reason.STILL_THERE
    if seen.place is Place.PENDING:
        return Event.SEEN_PENDING, None, Reason.IN_APPROVAL
    if seen.place is Place.IN_BIN and step is Step.TRASH:
        if ours:
            return Event.SEEN_ABSENT, Evidence.E2, None
        reason = None if ours is None else Reason.LISTED_UNDER_SOMEBODY_ELSE
        return (Event.SEEN_ABSENT, Evidence.E1, reason) if control else (Event.NOT_SEEN, None, Reason.NO_CONTROL_RECORD)
    if seen.place is Place.IN_BIN:
        return Event.NOT_SEEN, None, Reason.STILL_IN_BIN
    if seen.place is Place.GONE and control:
        return Event.SEEN_ABSENT, Evidence.E3 if step is Step.PURGE else Evidence.E1, None
    return Event.NOT_SEEN, None, Reason.NO_CONTROL_RECORD if seen.place is Place.GONE else unseen(seen)
