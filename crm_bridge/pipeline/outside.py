"""Outside: which of the deletions that the CRM lists no run of this journal accounts for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crm_bridge.domain.absence import Claim
from crm_bridge.errors import NotAvailableError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Entry
from crm_bridge.pipeline.absence import names_deleter
from crm_bridge.pipeline.claims import Claims
from crm_bridge.pipeline.desk import Desk
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

    def __init__(self, desk: Desk, since: datetime | None = None) -> None:
        """Start at `since`, or where the journal begins: what was deleted earlier cannot stand in it."""
        self._desk = desk
        self.since = since or _beginning(desk)
        self._search = desk.adapter.find(Query(deleted_since=self.since - desk.policy.allowed_skew))
        self._accounts = Accounts(desk)
        self.completeness: Completeness | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what the adapter added about the list; complete once it has ended."""
        return tuple(self._search.remarks)

    def __iter__(self) -> Iterator[Listed]:
        """Yield every deletion once. Raises NotAvailableError, PermissionDeniedError."""
        known: set[str] = set()
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
