"""Audit of deletions: which of those that the CRM lists no run of this journal accounts for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crm_bridge.domain.absence import Claim
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import State
from crm_bridge.errors import CrmBridgeError, NotAvailableError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import Entry
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.deleting.delete import interrupted
from crm_bridge.pipeline.entries import RUN_START
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.run_log import RunLog, VerifiedRun
from crm_bridge.pipeline.settling.absence import names_deleter
from crm_bridge.pipeline.settling.claims import Claims
from crm_bridge.spi.adapter import Completeness, Query, Whereabouts

AUDITED = "audit.done"
_NAMED = 100


class Origin(StrEnum):
    """Who answers for one deletion."""

    JOURNAL = "in_journal"
    OUTSIDE = "not_in_journal"
    """Deleted by our own user, and no run of this journal intended it."""
    OTHERS = "by_others"
    UNNAMED = "nobody_named"
    """The CRM does not say who deleted it, and no run of this journal intended it."""


@dataclass(frozen=True, slots=True)
class AuditedDeletion:
    """One deletion that the CRM lists, and who answers for it."""

    seen: Whereabouts
    origin: Origin


class DeletionAudit:
    """The CRM's list of deletions beside the journal, streamed once; afterwards `completeness` is known."""

    def __init__(
        self, context: RunContext, since: datetime | None = None, *, besides: Collection[str] | None = None
    ) -> None:
        """Start at `since`, or where the journal begins: what was deleted earlier cannot stand in it.

        With `besides` only other records than these are asked for, and told.
        """
        self._context = context
        self._besides = besides or ()
        self._whole = besides is None
        self.since = since or _beginning(context)
        self._search = context.adapter.find(
            Query(deleted_since=self.since - context.policy.allowed_skew, besides=besides)
        )
        self._attribution = Attribution(context)
        self.completeness: Completeness | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what the adapter added about the list; complete once it has ended."""
        return tuple(self._search.remarks)

    def __iter__(self) -> Iterator[AuditedDeletion]:
        """Yield every deletion once. Raises NotAvailableError, PermissionDeniedError."""
        known, outside = set[str](), list[str]()
        # The CRM's clock may be behind ours, and tell whole seconds.
        earliest = self.since - self._context.policy.allowed_skew
        for one in self._deleted():
            if one.ref.id not in known and one.ref.id not in self._besides and (one.at is None or one.at >= earliest):
                known.add(one.ref.id)
                audited = AuditedDeletion(one, self._attribution.origin_of(one))
                if audited.origin is Origin.OUTSIDE:
                    outside.append(one.ref.id)
                yield audited
        if self._whole:
            self._note(outside)

    def _note(self, outside: list[str]) -> None:
        """Journal how a whole audit ended: a review tells it to those who were not there."""
        context = self._context
        body: dict[str, JsonValue] = {
            "connection": context.connection,
            "since": self.since.isoformat(timespec="milliseconds"),
            "complete": bool(self.completeness and self.completeness.proven),
            "outside": len(outside),
            "ids": [*outside[:_NAMED]],
        }
        context.journal.append([context.entry(AUDITED, body)])

    def _deleted(self) -> Iterator[Whereabouts]:
        seen = 0
        for page in self._search.pages:
            self._context.stop.check()
            if page.deleted is None:
                raise NotAvailableError(_("this adapter cannot list what was deleted in the CRM"))
            self.completeness = page.completeness or self.completeness
            seen += len(page.deleted)
            self._context.progress("find", seen, None)
            yield from page.deleted


def with_audit(verified: VerifiedRun) -> tuple[VerifiedRun, list[str] | None]:
    """Return a run with what our user deleted beside its plan. Nobody is asked after a run that was halted before.

    Where the answer fails the run is halted: its resume asks again.
    """
    backed_up = verified.run.backed_up
    if verified.halted:
        return verified, None
    try:
        return verified, deleted_meanwhile(backed_up.log, backed_up.file)
    except CrmBridgeError as problem:
        return VerifiedRun(replace(verified.run, halted=interrupted(problem))), None


def deleted_meanwhile(log: RunLog, file: PlanFile) -> list[str] | None:
    """Return what our user deleted since a run began, beside its plan, and no run of this journal did.

    None where the CRM does not tell this user. Raises CrmError: an answer that failed is no answer.
    """
    start = next(log.context.journal.entries(run=log.run.id, op=RUN_START))
    since = datetime.fromisoformat(start.ts)
    in_bin = (State.DONE, State.VERIFIED)
    removed = log.statuses.subset(lambda status: status.state in in_bin and status.step is Step.TRASH)
    try:
        listed = list(DeletionAudit(log.context, since, besides=removed))
    except (NotAvailableError, PermissionDeniedError):
        return None
    outside = (one.seen for one in listed if one.origin is Origin.OUTSIDE)
    # A CRM may tell whole seconds: what stands in the second of the beginning may have been deleted before it.
    found = {seen.ref.id for seen in outside if seen.at is not None and seen.at > since}
    if beside := found.difference(log.statuses):
        beside.difference_update(target.ref.id for target in file.targets())
    return sorted(beside)


class Attribution:
    """Attribution of deletions that the CRM lists: to runs of this journal, to our user, or to others."""

    def __init__(self, context: RunContext) -> None:
        """Read nothing yet."""
        self._context = context
        self._claims = Claims(context)

    def origin_of(self, seen: Whereabouts) -> Origin:
        """Attribute a listed deletion: journaled by us, by our user outside any run, or by another user."""
        theirs = seen.by is not None and seen.by != self._context.profile.user_id
        if theirs and names_deleter(self._context):
            return Origin.OTHERS
        until = seen.at + self._context.policy.allowed_skew if seen.at else None
        claim = self._claims.of(seen.ref.id, until=until)
        # A refusal excuses no later deletion; only a yes stands against another name.
        if claim is Claim.DONE or (claim is Claim.LOST and not theirs):
            return Origin.JOURNAL
        if theirs:
            return Origin.OTHERS
        return Origin.UNNAMED if seen.by is None else Origin.OUTSIDE


def _beginning(context: RunContext) -> datetime:
    first: Entry | None = next(context.journal.entries(), None)
    return datetime.fromisoformat(first.ts) if first else context.clock.now() - timedelta(days=1)
