"""Absence in a run: why a contract is not there, by what the CRM lists and what the journal says; one rule for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm_bridge.domain.absence import Absence, Author, Claim, Place, cause_of, is_ours
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, EventKind, Evidence
from crm_bridge.domain.planning.plan_notes import Absent
from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import _
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.run_log import ContractEvent, RunLog, mark_hash
from crm_bridge.pipeline.settling.claims import Claims
from crm_bridge.redaction import quoted
from crm_bridge.spi.adapter import LookDepth, Observation, Whereabouts, unseen

UNPROVEN = frozenset({Reason.NOT_VISIBLE, Reason.GONE_UNATTRIBUTED, Reason.NO_CONTROL_RECORD, Reason.UNREADABLE})
"""Causes that are findings: whatever ends with one of them is looked at again, and never called absent."""


def is_proven(seen: Whereabouts, observation: Observation) -> bool:
    """Return whether a record is absent for certain: it is listed as deleted, or a contract beside it could be read."""
    return seen.listed or (seen.place is Place.GONE and observation.control is not None)


def author_of(log: RunLog, seen: Whereabouts) -> Author:
    """Return whom the CRM names for a deletion.

    Where it names the last editor instead of who deleted, that counts only if the record changed since it was live.
    """
    if seen.by is None:
        return Author.UNNAMED
    ours = seen.by == log.context.profile.user_id
    if not names_deleter(log.context):
        if not ours and log.claim(seen.ref.id, Step.TRASH).may_have_acted:
            return Author.UNNAMED  # an approver or a workflow may have changed what we deleted
        before, now = log.live_mark(seen.ref.id), mark_hash(seen.mark)
        since = log.planned_at
        changed = before != now if before and now else bool(seen.at and since and seen.at >= since)
        if not changed:
            return Author.UNNAMED
    return Author.US if ours else Author.OTHER


def names_deleter(context: RunContext) -> bool:
    """Return whether the CRM tells who deleted a record, and not only who changed it last."""
    return context.profile.capabilities.who_deleted.support is Support.FULL


def absence_of(log: RunLog, seen: Whereabouts, observation: Observation, step: Step) -> Absence:
    """Return everything that decides why a record is not there."""
    mine = log.claim(seen.ref.id, step)
    asks_others = seen.place in (Place.IN_BIN, Place.GONE) and mine is not Claim.DONE
    return Absence(
        seen.place,
        author_of(log, seen),
        is_proven(seen, observation),
        mine,
        log.others.of(seen.ref.id) if asks_others else Claim.NONE,
        seen.reason is Reason.MERGED,
        step is Step.PURGE,
    )


def causes_of(context: RunContext, ids: Sequence[str]) -> Iterator[Absent]:
    """Yield why contracts are not there of which nothing is known but their ids, as far as no run is at work on them.

    Of a CRM that names the last editor only, nobody is taken for who deleted.
    """
    claims, module = Claims(context), context.profile.module
    for batch in batches(ids, context.profile.limits.locate_batch):
        observation = context.adapter.locate([ContractRef(module, one) for one in batch], look=LookDepth.EVERYWHERE)
        for one in batch:
            seen = observation.places.get(one)
            cause = _cause_now(context, claims, seen, observation)
            yield Absent(one, cause.value, quoted(_told(seen, cause)) if seen else "")


def _cause_now(context: RunContext, claims: Claims, seen: Whereabouts | None, observation: Observation) -> Reason:
    if seen is None or seen.place not in (Place.IN_BIN, Place.GONE):
        return Reason.NOT_LISTED if seen and seen.place in (Place.LIVE, Place.PENDING) else unseen(seen)
    named = seen.by is not None and names_deleter(context)
    author = (Author.US if seen.by == context.profile.user_id else Author.OTHER) if named else Author.UNNAMED
    merged = seen.reason is Reason.MERGED
    return cause_of(
        Absence(seen.place, author, is_proven(seen, observation), others=claims.of(seen.ref.id), merged=merged)
    )


def look_for(log: RunLog, refs: Sequence[ContractRef], step: Step) -> list[ContractEvent]:
    """Look everywhere for contracts that are not live, and return why each is left alone."""
    observation = log.context.adapter.locate(refs, look=LookDepth.EVERYWHERE)
    return [explained(log, ref, observation.places.get(ref.id), observation, step) for ref in refs]


def explained(
    log: RunLog, ref: ContractRef, seen: Whereabouts | None, observation: Observation, step: Step
) -> ContractEvent:
    """Return what becomes of a contract that is not there when it is wanted, with the cause."""
    attempt = log.status(ref.id).attempt if log.status(ref.id).step is step else 0
    if seen is None or seen.place not in (Place.IN_BIN, Place.GONE):
        return ContractEvent(ref.id, Event(EventKind.HELD, step, attempt, reason=unseen(seen)))
    if seen.place is Place.GONE and step is Step.PURGE and not log.bin_mark(ref.id):
        # Where this run never saw it in the bin, that the bin does not show it now says nothing.
        return ContractEvent(ref.id, Event(EventKind.HELD, step, attempt, reason=Reason.NOT_VISIBLE))
    if seen.place is Place.GONE and not is_proven(seen, observation) and seen.reason is not Reason.MERGED:
        return ContractEvent(ref.id, Event(EventKind.HELD, step, attempt, reason=Reason.NO_CONTROL_RECORD))
    found = absence_of(log, seen, observation, step)
    cause = cause_of(found)
    tell(log, seen, cause)
    if is_ours(cause, found.mine):
        reason = None if cause is Reason.BY_THIS_RUN else cause
        return ContractEvent(ref.id, Event(EventKind.FOUND_DONE, step, attempt, Evidence.E0, reason), facts_of(seen))
    if cause in UNPROVEN:
        event = EventKind.FOUND_UNATTRIBUTED if found.mine.may_have_acted else EventKind.HELD
        return ContractEvent(ref.id, Event(event, step, attempt, reason=cause), facts_of(seen))
    return ContractEvent(ref.id, Event(EventKind.FOUND_ABSENT, step, attempt, reason=cause), facts_of(seen))


def facts_of(seen: Whereabouts) -> dict[str, JsonValue]:
    """Return what the journal keeps of a look: who deleted it and when, where it went, and its mark."""
    facts: dict[str, JsonValue] = {}
    if seen.mark:
        facts["mark"] = seen.mark
    if seen.place in (Place.IN_BIN, Place.GONE):
        if seen.by:
            facts["by"] = seen.by
        if seen.at:
            facts["at"] = seen.at.isoformat(timespec="seconds")
        if seen.into:
            facts["into"] = seen.into
    return facts


def tell(log: RunLog, seen: Whereabouts, cause: Reason) -> None:
    """Keep who and when, for people, where the cause is another user or another record."""
    text = _told(seen, cause)
    log.annotations.add({seen.ref.id: Annotation(remark=quoted(text))} if text else {})


def _told(seen: Whereabouts, cause: Reason) -> str:
    if cause is Reason.MERGED and seen.into:
        return _("now part of {id}").format(id=seen.into)
    if cause is Reason.DELETED_BY_SOMEBODY_ELSE and seen.by and seen.at:
        return _("by user {user}, {at}").format(user=seen.by, at=seen.at.isoformat(timespec="minutes"))
    if cause is Reason.GONE_UNATTRIBUTED and seen.place is Place.IN_BIN and seen.by and seen.at:
        told = _("in the CRM's bin; changed last by user {user}, {at}")
        return told.format(user=seen.by, at=seen.at.isoformat(timespec="minutes"))
    return seen.note
