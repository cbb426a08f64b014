"""Verify: look whether what was asked of the CRM is so, with a control record still readable.

Nothing is believed without a look: a yes, a refusal, and a contract that could not be seen the last time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from crm_bridge import failpoints
from crm_bridge.domain.absence import Absence, Author, Place, cause_of, is_ours
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Evidence, Happening, Standing, State
from crm_bridge.domain.plan import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmError, PermissionDeniedError, SignInError
from crm_bridge.pipeline.absence import UNPROVEN, absence_of, explained, facts_of, tell
from crm_bridge.pipeline.annotations import remarks_of
from crm_bridge.pipeline.desk import batches
from crm_bridge.pipeline.entries import first_intents
from crm_bridge.pipeline.reconcile import reconcile
from crm_bridge.pipeline.run_log import DeletionRun, Note, RunLog, VerifiedRun
from crm_bridge.spi.adapter import Look, Sighting, Whereabouts, unseen

_LINES_PER_COMMIT = 1000
_REFUSED = (State.RESISTED, State.REFUSED)
_ASKED = (State.DONE, State.UNVERIFIED, State.PENDING, State.REAPPEARED, *_REFUSED)
_ABSENT = (Place.IN_BIN, Place.GONE)


def verify(run: DeletionRun) -> VerifiedRun:
    """Look for every contract about which the last word is the CRM's own, or that could not be seen.

    Without a sign-in into the run's organisation nothing is looked for; the run ends where it is.
    """
    log = run.backed_up.log
    try:
        look_again(log, run.backed_up.file.targets())
    except SignInError as reason:
        return VerifiedRun(replace(run, halted=run.halted or reason))
    return VerifiedRun(run)


def look_again(log: RunLog, targets: Iterable[Target], *, also: Sequence[State] = ()) -> None:
    """Look at everything that is not proven, and at what stands in a state of `also`."""
    total = sum(_is_open(log.standing(i), also) for i in log.ids_in({*_ASKED, State.HELD, *also}))
    verify_targets(log, (target for target in targets if _is_open(log.standing(target.ref.id), also)), total=total)


def _is_open(standing: Standing, also: Sequence[State]) -> bool:
    if standing.state is State.HELD:
        return standing.reason in UNPROVEN
    return standing.state in _ASKED or standing.state in also


def verify_targets(log: RunLog, targets: Iterable[Target], *, total: int) -> None:
    """Look for `total` contracts and journal what was seen, with its level of evidence."""
    desk, done = log.desk, 0
    intents: dict[str, datetime] | None = None
    notes: list[Note] = []
    contradicted: list[Target] = []
    try:
        for batch in batches(targets, desk.profile.limits.locate_batch):
            intents = first_intents(desk.journal, log.run.id) if intents is None else intents
            since = min((intents[t.ref.id] for t in batch if t.ref.id in intents), default=None)
            sighting = _look_patiently(log, batch, since)
            log.annotations.add(remarks_of(sighting) if sighting else {})
            notes += [note for target in batch if (note := _note(log, target, sighting))]
            contradicted += _contradicted(log, batch, sighting) if sighting else []
            if len(notes) >= _LINES_PER_COMMIT:
                log.write("verify.journal", notes)
                notes = []
            done += len(batch)
            desk.progress("verify", done, total)
    finally:
        log.write("verify.journal", notes)
    if contradicted:
        reconcile(log, contradicted)
        done_now = [target for target in contradicted if log.standing(target.ref.id).state is State.DONE]
        verify_targets(log, done_now, total=len(done_now))


def _look_patiently(log: RunLog, batch: Sequence[Target], since: datetime | None) -> Sighting | None:
    """Look, and once more after a while if something removed is still there: a read may lag behind a delete."""
    desk = log.desk
    unasked = any(log.standing(target.ref.id).state is State.HELD for target in batch)
    after = None if since is None or unasked else since - desk.policy.allowed_skew
    refs = [target.ref for target in batch]
    try:
        with failpoints.step("verify"):
            sighting = desk.adapter.locate(refs, look=Look.EVERYWHERE, since=after)
        if any(_lags(log, seen) for seen in sighting.places.values()):
            desk.clock.sleep(desk.policy.second_look_seconds)
            with failpoints.step("verify"):
                sighting = desk.adapter.locate(refs, look=Look.EVERYWHERE, since=after)
    except (CrmError, PermissionDeniedError):
        return None
    return sighting


def _lags(log: RunLog, seen: Whereabouts) -> bool:
    said_yes = log.standing(seen.ref.id).state in (State.DONE, State.UNVERIFIED, State.VERIFIED)
    return said_yes and seen.place is Place.LIVE


def _contradicted(log: RunLog, batch: Sequence[Target], sighting: Sighting) -> list[Target]:
    """Return what the CRM refused and this look did not find live: two more looks settle it."""
    found = []
    for target in batch:
        standing, place = log.standing(target.ref.id), sighting.places[target.ref.id].place
        # A purge that was refused leaves the contract in the bin.
        as_told = (standing.step, place) == (Step.PURGE, Place.IN_BIN)
        if standing.state in _REFUSED and place in _ABSENT and not as_told:
            found.append(target)
    return found


def _note(log: RunLog, target: Target, sighting: Sighting | None) -> Note | None:
    standing = log.standing(target.ref.id)
    seen = sighting.places.get(target.ref.id) if sighting else None
    if standing.state is State.HELD:
        return _seen_at_last(log, target, seen, sighting)
    if standing.state in _REFUSED:
        refused = seen is not None and seen.place is Place.LIVE
        happening = Happening(
            Event.SEEN_LIVE, standing.step, standing.attempt, reason=standing.reason, code=standing.code
        )
        return Note(target.ref.id, happening) if refused else None
    absence = None
    if seen is not None and sighting is not None and seen.place in _ABSENT:
        absence = absence_of(log, seen, sighting, standing.step)
    control = (sighting.control or sighting.stand_in) if sighting else None
    extra = {"control": control} if control else {}
    event, evidence, reason = observed(seen, standing, absence, controlled=control is not None)
    if seen is not None and reason is not None:
        tell(log, seen, reason)
    happening = Happening(event, standing.step, standing.attempt, evidence, reason)
    return Note(target.ref.id, happening, {**extra, **(facts_of(seen) if seen else {})})


def _seen_at_last(log: RunLog, target: Target, seen: Whereabouts | None, sighting: Sighting | None) -> Note | None:
    """Return what became of a contract that could not be seen, or was gone through nobody knows whom."""
    if seen is None or sighting is None:
        return None
    standing = log.standing(target.ref.id)
    if seen.place is Place.LIVE and standing.reason is Reason.UNREADABLE:
        # That it can be read now does not change why it was left alone.
        return Note(target.ref.id, Happening(Event.SEEN_LIVE, standing.step, standing.attempt, reason=standing.reason))
    if seen.place in (Place.LIVE, Place.PENDING):
        reason = Reason.IS_LIVE if seen.place is Place.LIVE else Reason.IN_APPROVAL
        return Note(target.ref.id, Happening(Event.HELD, standing.step, standing.attempt, reason=reason))
    if seen.place is Place.IN_BIN and standing.step is Step.PURGE:
        return Note(target.ref.id, Happening(Event.HELD, standing.step, reason=Reason.STILL_IN_BIN))
    note = explained(log, target.ref, seen, sighting, standing.step)
    return note if note.happening.event in (Event.HELD, Event.FOUND_ABSENT) else None


Observation = tuple[Event, Evidence | None, Reason | None]


def observed(seen: Whereabouts | None, standing: Standing, absence: Absence | None, *, controlled: bool) -> Observation:
    """Return what one look proves: event, evidence level, reason. No control record, no claim of absence.

    `absence` is given where the contract was found in the bin or nowhere.
    """
    if seen is None:
        return Event.NOT_SEEN, None, Reason.UNREADABLE
    if seen.place is Place.LIVE:
        was_gone = standing.state is State.VERIFIED or standing.reason is Reason.LIVE_AGAIN
        return Event.SEEN_LIVE, None, Reason.LIVE_AGAIN if was_gone else Reason.STILL_THERE
    if seen.place is Place.PENDING:
        return Event.SEEN_PENDING, None, Reason.IN_APPROVAL
    if seen.place is Place.IN_BIN and standing.step is Step.PURGE:
        return Event.NOT_SEEN, None, Reason.STILL_IN_BIN
    if absence is None:
        return Event.NOT_SEEN, None, unseen(seen)
    return _seen_absent(standing, absence, controlled=controlled)


def _seen_absent(standing: Standing, absence: Absence, *, controlled: bool) -> Observation:
    listed_as_ours = absence.place is Place.IN_BIN and absence.author is Author.US
    if not listed_as_ours and not (absence.proven and controlled):
        return Event.NOT_SEEN, None, Reason.NO_CONTROL_RECORD
    cause = cause_of(absence)
    if not is_ours(cause, absence.mine):
        if standing.state is State.REAPPEARED:
            return Event.FOUND_NOT_OURS, None, cause
        theirs = cause is Reason.DELETED_BY_SOMEBODY_ELSE
        return Event.SEEN_ABSENT, Evidence.E1, Reason.LISTED_UNDER_SOMEBODY_ELSE if theirs else cause
    reason = None if cause is Reason.BY_THIS_RUN else cause
    if standing.step is Step.PURGE:
        return Event.SEEN_ABSENT, Evidence.E3, reason
    return Event.SEEN_ABSENT, Evidence.E2 if absence.author is Author.US else Evidence.E1, reason
