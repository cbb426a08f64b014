"""Outside: which of the deletions that the CRM lists no run of this journal accounts for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.lifecycle import Event
from crm_bridge.errors import NotAvailableError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Entry
from crm_bridge.pipeline.desk import Desk
from crm_bridge.spi.adapter import Completeness, Query, Whereabouts

_DID_NOT = frozenset(
    {
        Event.ANSWERED_NOT_DONE,
        Event.ANSWERED_HELD,
        Event.ANSWERED_REFUSED,
        Event.FOUND_NOT_DONE,
        Event.FOUND_NOT_OURS,
    }
)


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
                yield Listed(one, account_of(self._desk, one))

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


def account_of(desk: Desk, seen: Whereabouts) -> Account:
    """Say who answers for a deletion. Nobody else's is ever held against our user."""
    ours = desk.profile.user_id
    if seen.by is not None and seen.by != ours:
        return Account.OTHERS
    if _intended(desk, seen):
        return Account.JOURNAL
    return Account.UNNAMED if seen.by is None else Account.OUTSIDE


def _intended(desk: Desk, seen: Whereabouts) -> bool:
    """Say whether a run intended this deletion, not after it; a proven refusal or a way back takes the intent away."""
    place = (desk.system, desk.profile.org_id, seen.ref.module)
    until = seen.at + desk.policy.allowed_skew if seen.at else None
    open_steps, route = set[object](), ""
    for entry in desk.journal.entries(record_id=seen.ref.id):
        if (entry.system, entry.org, entry.module) != place:
            continue
        if until and datetime.fromisoformat(entry.ts) > until:
            break
        event = entry.body.get("event")
        if event == Event.INTENDED:
            open_steps.add(entry.body.get("step"))
        elif event in _DID_NOT:
            open_steps.discard(entry.body.get("step"))
        elif event == Event.RESTORE_INTENDED:
            route = str(entry.body.get("route", ""))
        elif event == Event.RESTORE_DONE and route == Route.UNTRASH:
            # It left the bin: that it is listed again takes another deletion. A re-created one has another id.
            open_steps.clear()
    return bool(open_steps)


def _beginning(desk: Desk) -> datetime:
    first: Entry | None = next(desk.journal.entries(), None)
    return datetime.fromisoformat(first.ts) if first else desk.clock.now() - timedelta(days=1)
