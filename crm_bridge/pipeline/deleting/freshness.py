"""How old a look may be when the request that relies on it leaves, and what is checked at that last moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_bridge.clock import moment_of
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.planning.confirmation import check_fresh
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, NotSentError
from crm_bridge.pipeline.context import RunContext


@dataclass(frozen=True, slots=True)
class Sending:
    """When the request about one contract left, and how many seconds the look was old then."""

    at: datetime
    age: float

    def as_json(self) -> Mapping[str, JsonValue]:
        """Return what the journal keeps of it."""
        return {"sent_at": self.at.isoformat(timespec="milliseconds"), "look_ms": round(self.age * 1000)}


class FreshLook:
    """One look at some contracts: the guard of every request that relies on it, and the record of their sending.

    A look is as old as the later of two clocks says: the wall clock may be set back, and the other may stand still
    where a machine sleeps. It begins before the CRM is asked, because nobody knows when in between the CRM read.
    """

    def __init__(self, context: RunContext, plan: DeletionPlan) -> None:
        """Begin now."""
        self._context = context
        self._plan = plan
        self._sent: dict[str, Sending] = {}
        self.is_closed = False
        self.begin()

    def begin(self) -> None:
        """Take note that the CRM is asked now."""
        self._wall, self._monotonic = self._context.clock.now(), self._context.clock.monotonic()

    @property
    def age(self) -> float:
        """Return how many seconds ago the look began, by the clock that says more."""
        clock = self._context.clock
        return max((clock.now() - self._wall).total_seconds(), clock.monotonic() - self._monotonic)

    def _is_late(self, age: float) -> bool:
        return age > self._context.policy.gate_window_seconds

    def close(self) -> None:
        """Let no further request leave by this look: what became of another one must be looked at first."""
        self.is_closed = True

    def __call__(self, ids: Sequence[str]) -> None:
        """Let a request about these contracts leave, or raise NotSentError."""
        for record_id in ids:
            self._sent.pop(record_id, None)
        self._sent.update(dict.fromkeys(ids, self.check()))

    def check(self) -> Sending:
        """Return what a request that leaves now is judged by. Raises NotSentError where none may leave."""
        try:
            self._context.check_stop()
            check_fresh(self._plan, now=moment_of(self._context.clock))
        except CrmBridgeError as ending:
            raise NotSentError.because_of(ending) from None
        if self.is_closed:
            raise NotSentError(Reason.NOT_SENT.words, reason=Reason.NOT_SENT)
        # What is judged is what is journaled: between two readings of a clock a busy machine may do anything.
        sending = Sending(self._context.clock.now(), self.age)
        if self._is_late(sending.age):
            raise NotSentError(Reason.TOO_LATE.words, reason=Reason.TOO_LATE)
        return sending

    def sending(self, record_id: str) -> Mapping[str, JsonValue]:
        """Return when the request about a contract left, for the journal; nothing where none did."""
        known = self._sent.get(record_id)
        return known.as_json() if known else {}
