"""Why a contract is not there: one pure function over what a look found and what runs of the journal asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from crm_bridge.domain.lifecycle import EventKind
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import NotSentError


class Place(StrEnum):
    """Where a record is now, as far as can be seen."""

    LIVE = "live"
    IN_BIN = "in_bin"
    GONE = "gone"
    """Neither live nor in the bin."""
    PENDING = "pending"
    NOT_VISIBLE = "not_visible"
    UNREADABLE = "unreadable"
    """The CRM's answer could not be trusted; never taken for absent."""


class Claim(Enum):
    """Claim on a deletion that the answers of one or more runs allow; the strongest counts."""

    NONE = 0
    """Nothing was sent."""
    NOT_THERE = 1
    """Every request was answered: there is no such record. Whoever removed it was faster."""
    REFUSED = 2
    """The CRM said what is in the way. It may have acted all the same."""
    LOST = 3
    """What the CRM did is not known from its answer."""
    DONE = 4
    """The CRM said yes."""

    @property
    def may_have_acted(self) -> bool:
        """Return whether a deletion by our user may be the doing of these requests."""
        return self.value >= Claim.REFUSED.value

    def or_stronger(self, other: Claim) -> Claim:
        """Return the stronger of two claims."""
        return self if self.value >= other.value else other


class Author(Enum):
    """Whom the CRM names for a deletion."""

    US = "us"
    OTHER = "other"
    UNNAMED = "unnamed"


NOT_THERE = frozenset({Reason.NOT_FOUND, Reason.MERGED})
"""What an adapter's error table calls an answer that says: there is no such record. A closed list per adapter."""

_UNSENT = frozenset({Reason.TOO_LATE, Reason.TOO_LONG})
_NOT_DONE = frozenset(
    {EventKind.ANSWERED_HELD, EventKind.ANSWERED_REFUSED, EventKind.ANSWERED_NOT_DONE, EventKind.ANSWER_LOST}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of a run about one contract in one step: the fold over its events."""

    answered: Claim = Claim.NONE
    """By the attempts whose answers are known."""
    open: bool = False
    """An attempt was announced and its answer is not known: it may have left."""

    @property
    def claim(self) -> Claim:
        """Return what may be said about a deletion."""
        return self.answered.or_stronger(Claim.LOST) if self.open else self.answered

    def after(self, event: EventKind, reason: Reason | None) -> Asked:
        """Return the fold after one more event."""
        if event is EventKind.INTENDED:
            return Asked(self.answered, open=True)
        if event in (EventKind.ANSWERED_DONE, EventKind.ANSWERED_PENDING):
            return Asked(Claim.DONE)
        if event in _NOT_DONE:
            return Asked(self.answered.or_stronger(_claim_of(reason)))
        if event is EventKind.FOUND_DONE:
            return Asked(self.claim.or_stronger(Claim.LOST))
        return Asked() if event is EventKind.RESTORE_DONE else self


def _claim_of(reason: Reason | None) -> Claim:
    """Return what an answer that is no yes leaves to be claimed."""
    if reason is None:
        return Claim.LOST
    if reason in _UNSENT or issubclass(reason.rule.error, NotSentError):
        return Claim.NONE
    if reason in NOT_THERE:
        return Claim.NOT_THERE
    return Claim.REFUSED if reason.rule.holds else Claim.LOST


@dataclass(frozen=True, slots=True)
class Absence:
    """A record that is not live, and everything that decides why."""

    place: Place
    author: Author = Author.UNNAMED
    proven: bool = True
    """A bin or a list of deletions names it, or another contract could be read in the same look."""
    mine: Claim = Claim.NONE
    """Of the run that asks."""
    others: Claim = Claim.NONE
    """Of other runs of the same journal."""
    merged: bool = False
    purging: bool = False
    """It was in the bin through this run, and is to go from there."""


def cause_of(absence: Absence) -> Reason:
    """Return why the record is not there: one of CAUSES_OF_ABSENCE."""
    if absence.merged:
        return Reason.MERGED
    if absence.place not in (Place.IN_BIN, Place.GONE):
        return Reason.NOT_VISIBLE
    if not absence.proven:
        return Reason.GONE_UNATTRIBUTED
    if absence.author is Author.OTHER:
        return Reason.DELETED_BY_SOMEBODY_ELSE
    return _through_us(absence) if absence.author is Author.US else _unnamed(absence)


def is_ours(cause: Reason, mine: Claim) -> bool:
    """Return whether a run may call this removed: the CRM said yes, or acted on a request of it that got no yes."""
    return cause is Reason.BY_THIS_RUN or (cause is Reason.BY_THIS_USER and mine.may_have_acted)


def _through_us(absence: Absence) -> Reason:
    if absence.mine is Claim.DONE:
        return Reason.BY_THIS_RUN
    rival = Claim.DONE if absence.mine.may_have_acted else Claim.REFUSED
    return Reason.BY_ANOTHER_RUN if absence.others.value >= rival.value else Reason.BY_THIS_USER


def _unnamed(absence: Absence) -> Reason:
    # Only a yes stands in for a name that the CRM does not give, and for a purge of what this run put into the bin
    # also a request whose answer was lost: no CRM says who emptied a bin.
    if absence.mine is Claim.DONE:
        return Reason.BY_THIS_RUN
    if absence.purging and absence.mine.may_have_acted:
        return Reason.BY_THIS_USER
    return Reason.BY_ANOTHER_RUN if absence.others is Claim.DONE else Reason.GONE_UNATTRIBUTED
