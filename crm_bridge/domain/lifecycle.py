"""All states of one contract in a run, all events, and what may follow what. Nothing else decides this.

Where a contract stands is a fold over its journal entries; it is never kept beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _


class State(StrEnum):
    """Where one contract stands in a run."""

    PLANNED = "planned"
    BACKED_UP = "backed_up"
    GATED = "gated"
    GATED_AGAIN = "gated_again"
    """After an attempt that was proven not done."""
    IN_FLIGHT = "in_flight"
    IN_DOUBT = "in_doubt"
    UNATTRIBUTED = "unattributed"
    NOT_DONE = "not_done"
    DONE = "done"
    PENDING = "pending"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    REAPPEARED = "reappeared"
    HELD = "held"
    """Nothing was sent about it."""
    RESISTED = "resisted"
    """Held, and looked at once more: after something was sent a late effect would show."""
    REFUSED = "refused"
    ABSENT = "absent"
    RESTORING = "restoring"
    RESTORE_IN_DOUBT = "restore_in_doubt"
    RESTORED = "restored"


class EventKind(StrEnum):
    """Kinds of events of one contract; every event is a journal entry."""

    BACKED_UP = "backup.ok"
    HELD = "held"
    FOUND_ABSENT = "found.absent"
    GATE_PASSED = "gate.ok"
    INTENDED = "intent"
    ANSWERED_DONE = "outcome.done"
    ANSWERED_NOT_DONE = "outcome.not_done"
    ANSWERED_HELD = "outcome.held"
    ANSWERED_REFUSED = "outcome.refused"
    ANSWERED_PENDING = "outcome.pending"
    ANSWER_LOST = "outcome.unknown"
    FOUND_DONE = "reconcile.done"
    FOUND_NOT_DONE = "reconcile.not_done"
    FOUND_NOT_OURS = "reconcile.not_ours"
    FOUND_UNATTRIBUTED = "reconcile.unattributed"
    FOUND_CHANGED = "reconcile.changed"
    SEEN_ABSENT = "verify.absent"
    SEEN_LIVE = "verify.live"
    SEEN_PENDING = "verify.pending"
    NOT_SEEN = "verify.unreadable"
    RESTORE_INTENDED = "restore.intent"
    RESTORE_DONE = "restore.outcome.done"
    RESTORE_NOT_DONE = "restore.outcome.not_done"
    RESTORE_LOST = "restore.outcome.unknown"


S, E = State, EventKind

TRANSITIONS: Mapping[tuple[State, EventKind], State] = {
    (S.PLANNED, E.BACKED_UP): S.BACKED_UP,
    (S.PLANNED, E.HELD): S.HELD,
    (S.PLANNED, E.FOUND_ABSENT): S.ABSENT,
    # A backup is taken again when a crash came between the set and its entries.
    # And again when what hangs on the contract changed before its delete: where it stands stays the same.
    **{(state, E.BACKED_UP): state for state in (S.BACKED_UP, S.GATED, S.NOT_DONE)},
    **{
        (state, kind): result
        for state in (S.BACKED_UP, S.GATED)
        for kind, result in ((E.GATE_PASSED, S.GATED), (E.HELD, S.HELD), (E.FOUND_ABSENT, S.ABSENT))
    },
    **{
        (state, kind): result
        for state in (S.NOT_DONE, S.GATED_AGAIN)
        for kind, result in ((E.GATE_PASSED, S.GATED_AGAIN), (E.HELD, S.RESISTED), (E.FOUND_ABSENT, S.ABSENT))
    },
    # A request that was refused, or lost and not seen to act, may have acted all the same.
    **{
        (state, kind): result
        for state in (S.NOT_DONE, S.GATED_AGAIN, S.RESISTED, S.REFUSED)
        for kind, result in (
            (E.FOUND_DONE, S.DONE),
            (E.FOUND_NOT_OURS, S.ABSENT),
            (E.FOUND_UNATTRIBUTED, S.UNATTRIBUTED),
        )
    },
    **{(state, E.SEEN_LIVE): state for state in (S.RESISTED, S.REFUSED)},
    **{(state, E.NOT_SEEN): state for state in (S.RESISTED, S.REFUSED)},
    # What could not be seen, or is gone through nobody knows whom, is looked at again.
    (S.HELD, E.HELD): S.HELD,
    (S.HELD, E.FOUND_ABSENT): S.ABSENT,
    (S.HELD, E.SEEN_LIVE): S.RESISTED,
    (S.GATED, E.INTENDED): S.IN_FLIGHT,
    (S.GATED_AGAIN, E.INTENDED): S.IN_FLIGHT,
    (S.IN_FLIGHT, E.ANSWERED_DONE): S.DONE,
    (S.IN_FLIGHT, E.ANSWERED_NOT_DONE): S.NOT_DONE,
    (S.IN_FLIGHT, E.ANSWERED_HELD): S.RESISTED,
    (S.IN_FLIGHT, E.ANSWERED_REFUSED): S.REFUSED,
    (S.IN_FLIGHT, E.ANSWERED_PENDING): S.PENDING,
    (S.IN_FLIGHT, E.ANSWER_LOST): S.IN_DOUBT,
    # In doubt is settled by looking; only what was found changes the state.
    **{
        (state, kind): result
        for state in (S.IN_DOUBT, S.UNATTRIBUTED)
        for kind, result in (
            (E.FOUND_DONE, S.DONE),
            (E.FOUND_NOT_DONE, S.NOT_DONE),
            (E.FOUND_NOT_OURS, S.ABSENT),
            (E.FOUND_UNATTRIBUTED, S.UNATTRIBUTED),
            (E.FOUND_CHANGED, S.RESISTED),
            (E.SEEN_PENDING, S.PENDING),
        )
    },
    **{
        (state, kind): result
        for state in (S.DONE, S.UNVERIFIED, S.PENDING)
        for kind, result in (
            (E.SEEN_ABSENT, S.VERIFIED),
            (E.SEEN_PENDING, S.PENDING),
            (E.SEEN_LIVE, S.REFUSED if state is S.PENDING else S.REAPPEARED),
            (E.NOT_SEEN, S.PENDING if state is S.PENDING else S.UNVERIFIED),
        )
    },
    (S.VERIFIED, E.SEEN_ABSENT): S.VERIFIED,
    (S.VERIFIED, E.SEEN_LIVE): S.REAPPEARED,
    (S.VERIFIED, E.NOT_SEEN): S.VERIFIED,
    (S.REAPPEARED, E.SEEN_ABSENT): S.VERIFIED,
    (S.REAPPEARED, E.SEEN_LIVE): S.REAPPEARED,
    (S.REAPPEARED, E.SEEN_PENDING): S.PENDING,
    (S.REAPPEARED, E.NOT_SEEN): S.REAPPEARED,
    (S.REAPPEARED, E.FOUND_NOT_OURS): S.ABSENT,
    # The second step of a two-step plan begins where the first one ended.
    (S.VERIFIED, E.GATE_PASSED): S.GATED,
    (S.VERIFIED, E.HELD): S.HELD,
    (S.VERIFIED, E.FOUND_ABSENT): S.ABSENT,
    **{
        (state, E.RESTORE_INTENDED): S.RESTORING
        for state in (
            S.DONE,
            S.VERIFIED,
            S.UNVERIFIED,
            S.ABSENT,
            S.HELD,
            S.RESISTED,
            S.REFUSED,
            S.RESTORED,
            S.REAPPEARED,
            S.UNATTRIBUTED,
        )
    },
    (S.RESTORING, E.RESTORE_DONE): S.RESTORED,
    (S.RESTORING, E.RESTORE_NOT_DONE): S.VERIFIED,
    (S.RESTORING, E.RESTORE_LOST): S.RESTORE_IN_DOUBT,
    (S.RESTORE_IN_DOUBT, E.RESTORE_INTENDED): S.RESTORING,
    (S.RESTORE_IN_DOUBT, E.RESTORE_DONE): S.RESTORED,
    (S.RESTORE_IN_DOUBT, E.RESTORE_NOT_DONE): S.VERIFIED,
}
"""The whole protocol of one contract. A pair that is not here is an illegal event: it raises, nothing changes."""


_RESTORING = frozenset({S.RESTORING, S.RESTORE_IN_DOUBT})


class Outcome(StrEnum):
    """Outcome of one contract. Never a bare bool."""

    REMOVED = "removed"
    """By this run, and seen gone."""
    ALREADY_ABSENT = "already_absent"
    """Gone, and not by this run."""
    HELD = "held"
    """Left alone: changed, locked, no right, no complete backup."""
    PENDING = "pending"
    """The CRM started an approval instead."""
    REFUSED = "refused"
    """The CRM said no."""
    IN_DOUBT = "in_doubt"
    """Sent, and not known; `resume` looks again."""
    REAPPEARED = "reappeared"
    """Was gone, and is back."""
    RESTORED = "restored"
    """Brought back by a restore of this run."""
    WAITING = "waiting"
    """Not attempted yet: the run stopped before it."""


FOLLOW_UP = (Outcome.HELD, Outcome.REFUSED, Outcome.WAITING)
"""Outcomes of contracts that are still there: a new plan looks at them again."""


OUTCOMES: Mapping[State, Outcome] = {
    S.PLANNED: Outcome.WAITING,
    S.BACKED_UP: Outcome.WAITING,
    S.GATED: Outcome.WAITING,
    S.GATED_AGAIN: Outcome.WAITING,
    S.NOT_DONE: Outcome.WAITING,
    S.IN_FLIGHT: Outcome.IN_DOUBT,
    S.IN_DOUBT: Outcome.IN_DOUBT,
    S.UNATTRIBUTED: Outcome.IN_DOUBT,
    S.DONE: Outcome.REMOVED,
    S.VERIFIED: Outcome.REMOVED,
    S.UNVERIFIED: Outcome.IN_DOUBT,
    S.PENDING: Outcome.PENDING,
    S.REAPPEARED: Outcome.REAPPEARED,
    S.HELD: Outcome.HELD,
    S.RESISTED: Outcome.HELD,
    S.REFUSED: Outcome.REFUSED,
    S.ABSENT: Outcome.ALREADY_ABSENT,
    S.RESTORING: Outcome.IN_DOUBT,
    S.RESTORE_IN_DOUBT: Outcome.IN_DOUBT,
    S.RESTORED: Outcome.RESTORED,
}

FINAL = frozenset(
    {S.VERIFIED, S.HELD, S.RESISTED, S.REFUSED, S.ABSENT, S.RESTORED},
)
"""States in which a run may end as complete (VERIFIED only in the plan's last step); a resume looks at them again."""


class Evidence(StrEnum):
    """How well a removal was observed."""

    E0 = "E0"
    """The CRM said yes."""
    E1 = "E1"
    """Read back absent, control record still readable."""
    E2 = "E2"
    """Listed in the CRM's bin or deleted list under our user, after our intent."""
    E3 = "E3"
    """Purged there too."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where one contract stands: the fold so far, with the reason and code of the last word on it."""

    state: State = State.PLANNED
    step: Step = Step.TRASH
    attempt: int = 0
    evidence: Evidence | None = None
    reason: Reason | None = None
    code: str = ""
    before_restore: State | None = None
    """Where it stood when a restore began: a restore that is not done claims nothing new."""
    final: Step = Step.TRASH
    """The last step of the run's plan."""

    @property
    def is_halfway(self) -> bool:
        """Return whether the contract is in the bin, and the run was to delete it for good."""
        return self.state in (S.DONE, S.VERIFIED) and self.step is Step.TRASH and self.final is Step.PURGE

    @property
    def outcome(self) -> Outcome:
        """Return what is said of the contract."""
        return Outcome.WAITING if self.is_halfway else OUTCOMES[self.state]

    @property
    def why(self) -> Reason | None:
        """Return the reason that is told with the outcome."""
        return Reason.LAST_STEP_MISSING if self.is_halfway else self.reason


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one contract with the facts that the journal keeps about it."""

    kind: EventKind
    step: Step = Step.TRASH
    attempt: int = 0
    evidence: Evidence | None = None
    reason: Reason | None = None
    code: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown reason: the journal keeps its word for ever."""
        Reason.check(self.reason)


def advance(status: Status, event: Event) -> Status:
    """Return where the contract stands after one more event; an illegal event raises JournalError."""
    after = TRANSITIONS.get((status.state, event.kind))
    if after is None:
        raise JournalError(
            _("{event} cannot follow {state}").format(event=event.kind.value, state=status.state.value),
            reason="illegal_event",
            hint=_("check the journal with `crm-bridge journal check`"),
        )
    if event.kind is EventKind.RESTORE_NOT_DONE:
        after = status.before_restore or after
    beginning = event.kind is EventKind.RESTORE_INTENDED and status.before_restore is None
    return replace(
        status,
        state=after,
        before_restore=status.state if beginning else status.before_restore if after in _RESTORING else None,
        step=event.step,
        attempt=max(status.attempt if event.step is status.step else 0, event.attempt),
        evidence=None if event.kind is EventKind.SEEN_LIVE else event.evidence or status.evidence,
        reason=event.reason,
        code=event.code,
    )
