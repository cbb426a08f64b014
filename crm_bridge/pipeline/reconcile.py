"""Reconcile: settle what is in doubt by looking twice, never by deleting again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crm_bridge import failpoints
from crm_bridge.clock import boot_id
from crm_bridge.domain.absence import Absence, Place, cause_of, is_ours
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Evidence, Happening, State
from crm_bridge.domain.plan import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmError
from crm_bridge.pipeline.absence import UNPROVEN, absence_of, facts_of, is_proven, tell
from crm_bridge.pipeline.desk import Desk, batches
from crm_bridge.pipeline.entries import last_intents
from crm_bridge.pipeline.run_log import Note, RunLog
from crm_bridge.spi.adapter import Look, Sighting

OPEN = (State.IN_FLIGHT, State.IN_DOUBT, State.UNATTRIBUTED)


def settle_open(log: RunLog, targets: Iterable[Target]) -> None:
    """Settle what an earlier process left open: its calls in flight are lost answers. Nothing is deleted."""
    open_ids = set(log.ids_in(OPEN))
    lost = [
        Note(record_id, Happening(Event.ANSWER_LOST, standing.step, standing.attempt, reason=Reason.PROCESS_DIED))
        for record_id in sorted(open_ids)
        if (standing := log.standing(record_id)).state is State.IN_FLIGHT
    ]
    log.write("outcome", lost)
    if open_ids:
        reconcile(log, [target for target in targets if target.ref.id in open_ids])


def reconcile(log: RunLog, targets: Sequence[Target]) -> None:
    """Look twice at contracts in doubt and journal what both looks agree on. The rest stays in doubt."""
    desk = log.desk
    for batch in batches(targets, desk.profile.limits.locate_batch):
        intents = _last_intents(log, batch)
        _settle(desk, list(intents.values()))
        since = min((when for when, _boot, _mono in intents.values()), default=None)
        try:
            first = _look(desk, batch, since)
            desk.clock.sleep(desk.policy.second_look_seconds)
            second = _look(desk, batch, since)
        except CrmError:
            # Unreadable stays unknown; the caller sees that nothing changed and stops deleting.
            continue
        found = (_conclude(log, target, first, second) for target in batch)
        log.write("reconcile.journal", [note for note in found if note])


def _look(desk: Desk, batch: Sequence[Target], since: datetime | None) -> Sighting:
    after = since - desk.policy.allowed_skew if since else None
    with failpoints.step("reconcile"):
        return desk.adapter.locate([target.ref for target in batch], look=Look.EVERYWHERE, since=after)


def _last_intents(log: RunLog, batch: Sequence[Target]) -> dict[str, tuple[datetime, str, int]]:
    return {
        record_id: (datetime.fromisoformat(entry.ts), entry.boot, entry.mono_ms)
        for record_id, entry in last_intents(log.desk.journal, log.run.id, (t.ref.id for t in batch)).items()
    }


def _settle(desk: Desk, intents: Sequence[tuple[datetime, str, int]]) -> None:
    """Give a request that was lost on the way time to land before looking. A jump of the clock never shortens it."""
    here, now = boot_id(), desk.clock.monotonic()
    waited = [now - mono / 1000 if boot == here else 0.0 for _when, boot, mono in intents]
    desk.clock.sleep(max(0.0, desk.policy.settle_seconds - max(0.0, min(waited, default=0.0))))


def _conclude(log: RunLog, target: Target, first: Sighting, second: Sighting) -> Note | None:
    """Return what both looks agree on; None where they do not, or where it is no news."""
    one, two = first.places.get(target.ref.id), second.places.get(target.ref.id)
    if one is None or two is None or (one.place, one.digest, one.by) != (two.place, two.digest, two.by):
        return None
    standing = log.standing(target.ref.id)
    absence = None
    if two.place in _ABSENT and is_proven(one, first) and is_proven(two, second):
        absence = absence_of(log, two, second, standing.step)
    event, reason = conclusion(two.place, standing.step, as_planned=two.digest == target.digest, absence=absence)
    if event is None or (standing.state not in OPEN and event not in _AFTER_A_REFUSAL):
        return None
    if absence is not None and reason is not None:
        tell(log, two, reason)
    if event is Event.FOUND_NOT_DONE and standing.reason and standing.reason.rule.holds:
        reason = standing.reason  # the CRM said why, and the looks proved that it did nothing
    evidence = Evidence.E0 if event is Event.FOUND_DONE else None
    happening = Happening(event, standing.step, standing.attempt, evidence, reason, standing.code)
    return Note(target.ref.id, happening, facts_of(two))


_ABSENT = (Place.IN_BIN, Place.GONE)
_AFTER_A_REFUSAL = frozenset({Event.FOUND_DONE, Event.FOUND_NOT_OURS, Event.FOUND_UNATTRIBUTED})


def conclusion(
    place: Place, step: Step, *, as_planned: bool, absence: Absence | None
) -> tuple[Event | None, Reason | None]:
    """Return what two agreeing looks prove about a contract that may have been removed; nothing where they do not.

    `absence` is given where it is proven that the contract is not live.
    """
    if place is Place.PENDING:
        return Event.SEEN_PENDING, None
    if place is Place.LIVE:
        if as_planned and step is Step.TRASH:
            return Event.FOUND_NOT_DONE, Reason.AFTER_UNKNOWN
        return Event.FOUND_CHANGED, Reason.CHANGED_SINCE_PLAN
    if place is Place.IN_BIN and step is Step.PURGE:
        return Event.FOUND_NOT_DONE, Reason.AFTER_UNKNOWN
    if absence is None:
        return None, None
    cause = cause_of(absence)
    if is_ours(cause, absence.mine):
        return Event.FOUND_DONE, None if cause is Reason.BY_THIS_RUN else cause
    return (Event.FOUND_UNATTRIBUTED if cause in UNPROVEN else Event.FOUND_NOT_OURS), cause
