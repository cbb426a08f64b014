"""Reconcile: settle what is in doubt by looking twice, never by deleting again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from crm_bridge import failpoints
from crm_bridge.clock import boot_id
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Evidence, Happening, Standing, State
from crm_bridge.domain.plan import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmError
from crm_bridge.pipeline.desk import Desk, batches
from crm_bridge.pipeline.entries import last_intents
from crm_bridge.pipeline.run_log import Note, RunLog
from crm_bridge.spi.adapter import Look, Place, Sighting, Whereabouts

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
        notes = []
        for target in batch:
            standing = log.standing(target.ref.id)
            intent = intents.get(target.ref.id)
            found = _conclude(desk, target, standing, first, second, intent[0] if intent else None)
            if found:
                notes.append(Note(target.ref.id, found))
        log.write("reconcile.journal", notes)


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


def _conclude(
    desk: Desk,
    target: Target,
    standing: Standing,
    first: Sighting,
    second: Sighting,
    intended: datetime | None,
) -> Happening | None:
    one, two = first.places.get(target.ref.id), second.places.get(target.ref.id)
    if one is None or two is None or (one.place, one.digest, one.by) != (two.place, two.digest, two.by):
        return None
    controlled = first.control is not None and second.control is not None
    event = conclusion(two, standing.step, target.digest, controlled=controlled, ours=is_ours(desk, two, intended))
    if event is None:
        return None
    evidence = Evidence.E0 if event is Event.FOUND_DONE else None
    return Happening(
        event, standing.step, standing.attempt, evidence, reason=_reason(event, standing), code=standing.code
    )


def conclusion(seen: Whereabouts, step: Step, digest: str, *, controlled: bool, ours: bool | None) -> Event | None:
    """Return what two agreeing looks prove about one contract in doubt; None = nothing yet."""
    if seen.place is Place.PENDING:
        return Event.SEEN_PENDING
    if seen.place is Place.LIVE:
        if step is Step.PURGE:
            return Event.FOUND_CHANGED
        return Event.FOUND_NOT_DONE if seen.digest == digest else Event.FOUND_CHANGED
    if seen.place is Place.IN_BIN:
        if step is Step.PURGE:
            return Event.FOUND_NOT_DONE
        return _ATTRIBUTION[ours]
    if seen.place is Place.GONE and controlled:
        # It was in the bin through us and our purge was open: gone from there is what we asked for.
        return Event.FOUND_DONE if step is Step.PURGE else _ATTRIBUTION[ours if seen.by else None]
    return None


_ATTRIBUTION: Mapping[bool | None, Event] = {
    True: Event.FOUND_DONE,
    False: Event.FOUND_NOT_OURS,
    None: Event.FOUND_UNATTRIBUTED,
}


def is_ours(desk: Desk, seen: Whereabouts, intended: datetime | None) -> bool | None:
    """Say whether a deletion is ours: by our user, not before our intent. None when the CRM does not tell."""
    if seen.by is None or seen.at is None or intended is None:
        return None
    return seen.by == desk.profile.user_id and seen.at >= intended - desk.policy.allowed_skew


def _reason(event: Event, standing: Standing) -> Reason | None:
    if event is Event.FOUND_NOT_DONE and standing.reason and standing.reason.rule.holds:
        return standing.reason  # the CRM said why, and the looks proved that it did nothing
    return {
        Event.FOUND_NOT_OURS: Reason.DELETED_BY_SOMEBODY_ELSE,
        Event.FOUND_UNATTRIBUTED: Reason.GONE_UNATTRIBUTED,
        Event.FOUND_CHANGED: Reason.CHANGED_SINCE_PLAN,
        Event.FOUND_NOT_DONE: Reason.AFTER_UNKNOWN,
    }.get(event)
