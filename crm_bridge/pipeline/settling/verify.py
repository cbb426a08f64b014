"""Verify: look whether what was asked of the CRM is so, with a control record still readable.

Nothing is believed without a look: a yes, a refusal, and a contract that could not be seen the last time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crm_bridge import failpoints
from crm_bridge.domain.absence import Absence, Author, Place, cause_of, is_ours
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, Evidence, State, Status
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmError, PermissionDeniedError, SignInError
from crm_bridge.pipeline.annotations import remarks_of
from crm_bridge.pipeline.context import batches
from crm_bridge.pipeline.entries import first_intents
from crm_bridge.pipeline.run_log import ContractEvent, DeletionRun, RunLog, VerifiedRun
from crm_bridge.pipeline.settling.absence import UNPROVEN, absence_of, explained, facts_of, tell
from crm_bridge.pipeline.settling.reconcile import reconcile
from crm_bridge.spi.adapter import LookDepth, Observation, Whereabouts, unseen

_LINES_PER_COMMIT = 2_500
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
    total = sum(_is_open(log.status(i), also) for i in log.ids_in({*_ASKED, State.HELD, *also}))
    verify_targets(log, (target for target in targets if _is_open(log.status(target.ref.id), also)), total=total)


def _is_open(status: Status, also: Sequence[State]) -> bool:
    if status.state is State.HELD:
        return status.reason in UNPROVEN
    return status.state in _ASKED or status.state in also


def verify_targets(log: RunLog, targets: Iterable[Target], *, total: int, later: bool = False) -> None:
    """Look for `total` contracts and journal what was seen, with its level of evidence; `later`: with what is next."""
    context, done = log.context, 0
    intents: Mapping[str, datetime | None] | None = None
    notes: list[ContractEvent] = []
    contradicted: list[Target] = []
    try:
        for batch in batches(targets, context.profile.limits.locate_batch):
            intents = first_intents(context.journal, log.run.id, log.numbers) if intents is None else intents
            since = min((when for t in batch if (when := intents[t.ref.id])), default=None)
            observation = _look_patiently(log, batch, since)
            log.annotations.add(remarks_of(observation) if observation else {})
            notes += [note for target in batch if (note := _note(log, target, observation))]
            contradicted += _contradicted(log, batch, observation) if observation else []
            if len(notes) >= _LINES_PER_COMMIT:
                log.write("verify.journal", notes, later=later)
                notes = []
            done += len(batch)
            context.progress("verify", done, total)
    finally:
        log.write("verify.journal", notes, later=later)
    if contradicted:
        reconcile(log, contradicted)
        done_now = [target for target in contradicted if log.status(target.ref.id).state is State.DONE]
        verify_targets(log, done_now, total=len(done_now))


def _look_patiently(log: RunLog, batch: Sequence[Target], since: datetime | None) -> Observation | None:
    """Look, and once more after a while if something removed is still there: a read may lag behind a delete."""
    context = log.context
    unasked = any(log.status(target.ref.id).state is State.HELD for target in batch)
    after = None if since is None or unasked else since - context.policy.allowed_skew
    refs = [target.ref for target in batch]
    try:
        with failpoints.step("verify"):
            observation = context.adapter.locate(refs, look=LookDepth.EVERYWHERE, since=after)
        if any(_lags(log, seen) for seen in observation.places.values()):
            context.clock.sleep(context.policy.second_look_seconds)
            with failpoints.step("verify"):
                observation = context.adapter.locate(refs, look=LookDepth.EVERYWHERE, since=after)
    except (CrmError, PermissionDeniedError):
        return None
    return observation


def _lags(log: RunLog, seen: Whereabouts) -> bool:
    said_yes = log.status(seen.ref.id).state in (State.DONE, State.UNVERIFIED, State.VERIFIED)
    return said_yes and seen.place is Place.LIVE


def _contradicted(log: RunLog, batch: Sequence[Target], observation: Observation) -> list[Target]:
    """Return what the CRM refused and this look did not find live: two more looks settle it."""
    found = []
    for target in batch:
        status, place = log.status(target.ref.id), observation.places[target.ref.id].place
        # A purge that was refused leaves the contract in the bin.
        as_told = (status.step, place) == (Step.PURGE, Place.IN_BIN)
        if status.state in _REFUSED and place in _ABSENT and not as_told:
            found.append(target)
    return found


def _note(log: RunLog, target: Target, observation: Observation | None) -> ContractEvent | None:
    status = log.status(target.ref.id)
    seen = observation.places.get(target.ref.id) if observation else None
    if status.state is State.HELD:
        return _seen_at_last(log, target, seen, observation)
    if status.state in _REFUSED:
        refused = seen is not None and seen.place is Place.LIVE
        event = Event(EventKind.SEEN_LIVE, status.step, status.attempt, reason=status.reason, code=status.code)
        return ContractEvent(target.ref.id, event) if refused else None
    absence = None
    if seen is not None and observation is not None and seen.place in _ABSENT:
        absence = absence_of(log, seen, observation, status.step)
    control = (observation.control or observation.stand_in) if observation else None
    extra = {"control": control} if control else {}
    kind, evidence, reason = observed(seen, status, absence, controlled=control is not None)
    if seen is not None and reason is not None:
        tell(log, seen, reason)
    event = Event(kind, status.step, status.attempt, evidence, reason)
    return ContractEvent(target.ref.id, event, {**extra, **(facts_of(seen) if seen else {})})


def _seen_at_last(
    log: RunLog, target: Target, seen: Whereabouts | None, observation: Observation | None
) -> ContractEvent | None:
    """Return the event of a contract that could not be seen, or is gone without attribution."""
    if seen is None or observation is None:
        return None
    status = log.status(target.ref.id)
    if seen.place is Place.LIVE and status.reason is Reason.UNREADABLE:
        # That it can be read now does not change why it was left alone.
        return ContractEvent(
            target.ref.id, Event(EventKind.SEEN_LIVE, status.step, status.attempt, reason=status.reason)
        )
    if seen.place in (Place.LIVE, Place.PENDING):
        reason = Reason.IS_LIVE if seen.place is Place.LIVE else Reason.IN_APPROVAL
        return ContractEvent(target.ref.id, Event(EventKind.HELD, status.step, status.attempt, reason=reason))
    if seen.place is Place.IN_BIN and status.step is Step.PURGE:
        return ContractEvent(target.ref.id, Event(EventKind.HELD, status.step, reason=Reason.STILL_IN_BIN))
    note = explained(log, target.ref, seen, observation, status.step)
    return note if note.event.kind in (EventKind.HELD, EventKind.FOUND_ABSENT) else None


Observed = tuple[EventKind, Evidence | None, Reason | None]


def observed(seen: Whereabouts | None, status: Status, absence: Absence | None, *, controlled: bool) -> Observed:
    """Return what one look proves: event, evidence level, reason. No control record, no claim of absence.

    `absence` is given where the contract was found in the bin or nowhere.
    """
    if seen is None:
        return EventKind.NOT_SEEN, None, Reason.UNREADABLE
    if seen.place is Place.LIVE:
        was_gone = status.state is State.VERIFIED or status.reason is Reason.LIVE_AGAIN
        return EventKind.SEEN_LIVE, None, Reason.LIVE_AGAIN if was_gone else Reason.STILL_THERE
    if seen.place is Place.PENDING:
        return EventKind.SEEN_PENDING, None, Reason.IN_APPROVAL
    if seen.place is Place.IN_BIN and status.step is Step.PURGE:
        return EventKind.NOT_SEEN, None, Reason.STILL_IN_BIN
    if absence is None:
        return EventKind.NOT_SEEN, None, unseen(seen)
    return _seen_absent(status, absence, controlled=controlled)


def _seen_absent(status: Status, absence: Absence, *, controlled: bool) -> Observed:
    listed_as_ours = absence.place is Place.IN_BIN and absence.author is Author.US
    if not listed_as_ours and not (absence.proven and controlled):
        return EventKind.NOT_SEEN, None, Reason.NO_CONTROL_RECORD
    cause = cause_of(absence)
    if not is_ours(cause, absence.mine):
        if status.state is State.REAPPEARED:
            return EventKind.FOUND_NOT_OURS, None, cause
        theirs = cause is Reason.DELETED_BY_SOMEBODY_ELSE
        return EventKind.SEEN_ABSENT, Evidence.E1, Reason.LISTED_UNDER_SOMEBODY_ELSE if theirs else cause
    reason = None if cause is Reason.BY_THIS_RUN else cause
    if status.step is Step.PURGE:
        return EventKind.SEEN_ABSENT, Evidence.E3, reason
    return EventKind.SEEN_ABSENT, Evidence.E2 if absence.author is Author.US else Evidence.E1, reason
