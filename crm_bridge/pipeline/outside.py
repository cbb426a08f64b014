"""Outside: which of the deletions that the CRM lists no run of this journal accounts for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crm_bridge.domain.absence import Claim
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import State
from crm_bridge.errors import CrmBridgeError, NotAvailableError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Entry
from crm_bridge.pipeline.absence import names_deleter
from crm_bridge.pipeline.claims import Claims
from crm_bridge.pipeline.desk import Desk
from crm_bridge.pipeline.entries import RUN_START
from crm_bridge.pipeline.plan_file import PlanFile
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.spi.adapter import Completeness, Query, Whereabouts


class Account(StrEnum):
    """Who answers for one deletion."""

    JOURNAL = "in_journal"
    OUTSIDE = "not_in_journal"
    """Deleted by our own user, and no run of this journal intended it."""
    OTHERS = "by_others"
    UNNAMED = "nobody_named"
    """The CRM does not say who deleted it, and no run of this journal intended it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One deletion that the CRM lists, and who answers for it."""

    seen: Whereabouts
    account: Account


class Comparison:
    """The CRM's list of deletions beside the journal, streamed once; afterwards `completeness` is known."""

    def __init__(self, desk: Desk, since: datetime | None = None, *, besides: Collection[str] | None = None) -> None:
        """Start at `since`, or where the journal begins: what was deleted earlier cannot stand in it.

        With `besides` only other records than these are asked for, and told.
        """
        self._desk = desk
        self._besides = frozenset(besides or ())
        self.since = since or _beginning(desk)
        self._search = desk.adapter.find(Query(deleted_since=self.since - desk.policy.allowed_skew, besides=besides))
        self._accounts = Accounts(desk)
        self.completeness: Completeness | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what the adapter added about the list; complete once it has ended."""
        return tuple(self._search.remarks)

    def __iter__(self) -> Iterator[Listed]:
        """Yield every deletion once. Raises NotAvailableError, PermissionDeniedError."""
        known = set(self._besides)
        # The CRM's clock may be behind ours, and tell whole seconds.
        earliest = self.since - self._desk.policy.allowed_skew
        for one in self._deleted():
            if one.ref.id not in known and (one.at is None or one.at >= earliest):
                known.add(one.ref.id)
                yield Listed(one, self._accounts.account_of(one))

    def _deleted(self) -> Iterator[Whereabouts]:
        seen = 0
        for page in self._search.pages:
            self._desk.stop.check()
            if page.deleted is None:
                raise NotAvailableError(_("this adapter cannot list what was deleted in the CRM"))
            self.completeness = page.completeness or self.completeness
            seen += len(page.deleted)
            self._desk.progress("find", seen, None)
            yield from page.deleted


def deleted_meanwhile(log: RunLog, file: PlanFile) -> list[str] | None:
    """Return what our user deleted since a run began, beside its plan, and no run of this journal did.

    None where the CRM does not tell.
    """
    start = next(log.desk.journal.entries(run=log.run.id, op=RUN_START))
    since = datetime.fromisoformat(start.ts)
    removed = {i for i in log.ids_in((State.DONE, State.VERIFIED)) if log.standing(i).step is Step.TRASH}
    try:
        listed = list(Comparison(log.desk, since, besides=removed))
    except CrmBridgeError:
        return None
    from_then = since.replace(microsecond=0)  # a CRM may tell whole seconds
    outside = (one.seen for one in listed if one.account is Account.OUTSIDE)
    found = {seen.ref.id for seen in outside if seen.at is not None and seen.at >= from_then}
    return sorted(found.difference(target.ref.id for target in file.targets()))


class Accounts:
    """Who answers for deletions that the CRM lists: runs of this journal, or nobody here."""

    def __init__(self, desk: Desk) -> None:
        """Read nothing yet."""
        self._desk = desk
        self._claims = Claims(desk)

    def account_of(self, seen: Whereabouts) -> Account:
        """Return who answers for a deletion. Nobody else's is ever held against our user."""
        theirs = seen.by is not None and seen.by != self._desk.profile.user_id
        if theirs and names_deleter(self._desk):
            return Account.OTHERS
        until = seen.at + self._desk.policy.allowed_skew if seen.at else None
        claim = self._claims.of(seen.ref.id, until=until)
        # A refusal excuses no later deletion; only a yes stands against another name.
        if claim is Claim.DONE or (claim is Claim.LOST and not theirs):
            return Account.JOURNAL
        if theirs:
            return Account.OTHERS
        return Account.UNNAMED if seen.by is None else Account.OUTSIDE


def _beginning(desk: Desk) -> datetime:
    first: Entry | None = next(desk.journal.entries(), None)
    return datetime.fromisoformat(first.ts) if first else desk.clock.now() - timedelta(days=1)
