"""Reconcile: settle what is in doubt by looking twice, never by deleting again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crm_bridge import failpoints
from crm_bridge.clock import boot_id
from crm_bridge.domain.absence import Absence, Place, cause_of, is_ours
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, Evidence, State
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmError
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.entries import last_intents
from crm_bridge.pipeline.run_log import ContractEvent, RunLog
from crm_bridge.pipeline.settling.absence import UNPROVEN, absence_of, facts_of, is_proven, tell
from crm_bridge.spi.adapter import LookDepth, Observation

OPEN = (State.IN_FLIGHT, State.IN_DOUBT, State.UNATTRIBUTED)


def settle_open(log: RunLog, targets: Iterable[Target]) -> None:
    """Settle what an earlier process left open: its calls in flight are lost answers. Nothing is deleted."""
    open_ids = set(log.ids_in(OPEN))
    lost = [
        ContractEvent(record_id, Event(EventKind.ANSWER_LOST, status.step, status.attempt, reason=Reason.PROCESS_DIED))
        for record_id in sorted(open_ids)
        if (status := log.status(record_id)).state is State.IN_FLIGHT
    ]
    log.write("outcome", lost)
    if open_ids:
        reconcile(log, [target for target in targets if target.ref.id in open_ids])


def reconcile(log: RunLog, targets: Sequence[Target]) -> None:
    """Look twice at contracts in doubt and journal what both looks agree on. The rest stays in doubt."""
    context = log.context
    for batch in batches(targets, context.profile.limits.locate_batch):
        intents = _last_intents(log, batch)
        _settle(context, list(intents.values()))
        since = min((when for when, _boot, _mono in intents.values()), default=None)
        try:
            first = _look(context, batch, since)
            context.clock.sleep(context.policy.second_look_seconds)
            second = _look(context, batch, since)
        except CrmError:
            # Unreadable stays unknown; the caller sees that nothing changed and stops deleting.
            continue
        found = (_conclude(log, target, first, second) for target in batch)
        log.write("reconcile.journal", [note for note in found if note])


def _look(context: RunContext, batch: Sequence[Target], since: datetime | None) -> Observation:
    after = since - context.policy.allowed_skew if since else None
    with failpoints.step("reconcile"):
        return context.adapter.locate([target.ref for target in batch], look=LookDepth.EVERYWHERE, since=after)


def _last_intents(log: RunLog, batch: Sequence[Target]) -> dict[str, tuple[datetime, str, int]]:
    return {
        record_id: (datetime.fromisoformat(entry.ts), entry.boot, entry.mono_ms)
        for record_id, entry in last_intents(log.context.journal, log.run.id, (t.ref.id for t in batch)).items()
    }


def _settle(context: RunContext, intents: Sequence[tuple[datetime, str, int]]) -> None:
    """Give a request that was lost on the way time to land before looking. A jump of the clock never shortens it."""
    here, now = boot_id(), context.clock.monotonic()
    waited = [now - mono / 1000 if boot == here else 0.0 for _when, boot, mono in intents]
    context.clock.sleep(max(0.0, context.policy.settle_seconds - max(0.0, min(waited, default=0.0))))


def _conclude(log: RunLog, target: Target, first: Observation, second: Observation) -> ContractEvent | None:
    """Return what both looks agree on; None where they do not, or where it is no news."""
    one, two = first.places.get(target.ref.id), second.places.get(target.ref.id)
    if one is None or two is None or (one.place, one.digest, one.by) != (two.place, two.digest, two.by):
        return None
    status = log.status(target.ref.id)
    absence = None
    if two.place in _ABSENT and is_proven(one, first) and is_proven(two, second):
        absence = absence_of(log, two, second, status.step)
    kind, reason = conclusion(two.place, status.step, as_planned=two.digest == target.digest, absence=absence)
    if kind is None or (status.state not in OPEN and kind not in _AFTER_A_REFUSAL):
        return None
    if absence is not None and reason is not None:
        tell(log, two, reason)
    if kind is EventKind.FOUND_NOT_DONE and status.reason and status.reason.rule.holds:
        reason = status.reason  # the CRM said why, and the looks proved that it did nothing
    evidence = Evidence.E0 if kind is EventKind.FOUND_DONE else None
    event = Event(kind, status.step, status.attempt, evidence, reason, status.code)
    return ContractEvent(target.ref.id, event, facts_of(two))


_ABSENT = (Place.IN_BIN, Place.GONE)
_AFTER_A_REFUSAL = frozenset({EventKind.FOUND_DONE, EventKind.FOUND_NOT_OURS, EventKind.FOUND_UNATTRIBUTED})


def conclusion(
    place: Place, step: Step, *, as_planned: bool, absence: Absence | None
) -> tuple[EventKind | None, Reason | None]:
    """Return what two agreeing looks prove about a contract that may have been removed; nothing where they do not.

    `absence` is given where it is proven that the contract is not live.
    """
    if place is Place.PENDING:
        return EventKind.SEEN_PENDING, None
    if place is Place.LIVE:
        if as_planned and step is Step.TRASH:
            return EventKind.FOUND_NOT_DONE, Reason.AFTER_UNKNOWN
        return EventKind.FOUND_CHANGED, Reason.CHANGED_SINCE_PLAN
    if place is Place.IN_BIN and step is Step.PURGE:
        return EventKind.FOUND_NOT_DONE, Reason.AFTER_UNKNOWN
    if absence is None:
        return None, None
    cause = cause_of(absence)
    if is_ours(cause, absence.mine):
        return EventKind.FOUND_DONE, None if cause is Reason.BY_THIS_RUN else cause
    return (EventKind.FOUND_UNATTRIBUTED if cause in UNPROVEN else EventKind.FOUND_NOT_OURS), cause
