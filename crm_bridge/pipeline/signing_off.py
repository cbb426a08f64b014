"""Sign-offs of reviews: up to which entry of the journal somebody looked, and since when a review is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import RUN_START

SIGNED_OFF = "review.signed_off"


@dataclass(frozen=True, slots=True)
class SignOff:
    """A journaled statement: this operating system user reviewed the journal up to and with the entry `up_to`."""

    by: str
    at: str
    up_to: int


def last_sign_off(journal: Journal) -> SignOff | None:
    """Return the newest sign-off; None where the journal was never reviewed."""
    entries = [*journal.entries(op=SIGNED_OFF)]
    return SignOff(entries[-1].os_user, entries[-1].ts, int(entries[-1].body["up_to"])) if entries else None


def sign_off(journal: Journal, up_to: int) -> SignOff:
    """Journal that everything up to and with an entry was reviewed, bound to its bytes. Raises UsageError."""
    before = last_sign_off(journal)
    if not 0 <= up_to < journal.head().size:
        raise UsageError(_("there is no journal entry {seq}").format(seq=up_to))
    if before is not None and up_to <= before.up_to:
        raise UsageError(
            _("entry {seq} was reviewed by {who} already").format(seq=up_to, who=before.by), reason="reviewed_already"
        )
    body: dict[str, JsonValue] = {
        "up_to": up_to,
        "entry": journal.entry(up_to).digest,
        "after": before.up_to if before else -1,
    }
    with failpoints.step("review.sign_off"):
        (entry,) = journal.append([NewEntry(SIGNED_OFF, body=body)])
    return SignOff(entry.os_user, entry.ts, up_to)


def days_overdue(journal: Journal, *, now: datetime, days: int) -> int | None:
    """Return since how many days a review of the oldest run without one is due; None where none is."""
    before = last_sign_off(journal)
    oldest = next(journal.entries(op=RUN_START, after_seq=before.up_to if before else -1), None)
    if oldest is None:
        return None
    late = now - datetime.fromisoformat(oldest.ts) - timedelta(days=days)
    return late.days if late > timedelta() else None
