"""Contracts of our own: created, moved and looked for by the adapter's verbs, each act journaled before and after.

They are the only contracts that are removed without a plan: somebody agreed to their creation and removal beforehand,
and nobody else has ever had anything to do with them. Their events are those of any run, so that an audit knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm_bridge import failpoints
from crm_bridge.bridge.proving.proof_record import ProofRecord
from crm_bridge.domain.absence import Place
from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, EventKind
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import RequestRefusedError
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import ContractEvent, RunRef, event_entries
from crm_bridge.spi.adapter import LookDepth, RemoveOptions, RemoveResult, RestoreItem, Verdict
from crm_bridge.spi.recreating import MARK

_ANSWERED = {
    Verdict.DONE: EventKind.ANSWERED_DONE,
    Verdict.NOT_DONE: EventKind.ANSWERED_NOT_DONE,
    Verdict.PENDING: EventKind.ANSWERED_PENDING,
    Verdict.UNKNOWN: EventKind.ANSWER_LOST,
}


class StepFailedError(RequestRefusedError):
    """A step of the journey that did not go as it should."""


class OwnContracts:
    """The contracts of one proof. `context` is taken anew for each act: facts may have changed the adapter."""

    def __init__(self, context: RunContext, record: ProofRecord) -> None:
        """Act under the id of a proof."""
        self._context = context
        self._record = record

    def create(self, label: str, snapshot: Snapshot) -> ContractRef:
        """Create one contract; StepFailedError where the CRM refused, or left open whether it did."""
        context = self._context
        item = RestoreItem(snapshot.ref, "", snapshot)
        self._record.intend(context, label)
        with failpoints.step("prove.create"):
            (made,) = context.adapter.bring_back(Route.RECREATE, [item])
        if made.verdict is not Verdict.UNKNOWN:
            self._record.settle(context, label, made.new_ref.id if made.new_ref else None)
        if made.new_ref is None or made.verdict is not Verdict.DONE:
            raise StepFailedError(made.message, reason=made.reason or Reason.REFUSED, vendor_code=made.code)
        return made.new_ref

    def places(self, ids: Iterable[str], look: LookDepth = LookDepth.EVERYWHERE) -> dict[str, Place]:
        """Return where contracts are, once queries know of what was done to them."""
        self.wait()
        seen = self._context.adapter.locate(self.refs(ids), look=look)
        return {one: whereabouts.place for one, whereabouts in seen.places.items()}

    def wait(self, least: float = 0) -> None:
        """Wait for as long as queries were observed to lag behind a write, and `least` seconds at least."""
        told = self._context.facts.settings()
        lags = [value for name, value in told.items() if name.endswith("index_lag") and isinstance(value, int)]
        self._context.clock.sleep(max([least, *lags]))

    def remove(self, step: Step, ids: Sequence[str]) -> list[str]:
        """Do one step for contracts of ours and return those for which the CRM said yes; a look tells what it did."""
        self._write(step, [(one, EventKind.GATE_PASSED, None) for one in ids])
        self._write(step, [(one, EventKind.INTENDED, None) for one in ids])
        told: Sequence[RemoveResult] = ()
        try:
            with failpoints.step("prove.remove"):
                told = self._context.adapter.remove(step, self.refs(ids), options=RemoveOptions())
        finally:
            by_id = {one.ref.id: one for one in told}
            self._write(step, [(key, _ANSWERED[one.verdict], one.reason) for key, one in by_id.items()])
            lost = [one for one in ids if one not in by_id]
            self._write(step, [(one, EventKind.ANSWER_LOST, Reason.ANSWER_LOST) for one in lost])
        return [one.ref.id for one in told if one.verdict is Verdict.DONE]

    def untrash(self, one: str) -> None:
        """Ask the bin for a contract of ours."""
        self._write(Step.TRASH, [(one, EventKind.RESTORE_INTENDED, None)])
        item = RestoreItem(self.refs([one])[0], MARK)
        (told,) = self._context.adapter.bring_back(Route.UNTRASH, [item])
        kind = EventKind.RESTORE_DONE if told.verdict is Verdict.DONE else EventKind.RESTORE_NOT_DONE
        self._write(Step.TRASH, [(one, kind, told.reason)])

    def refs(self, ids: Iterable[str]) -> list[ContractRef]:
        """Return the addresses of contracts."""
        return [ContractRef(self._context.profile.module, one) for one in ids]

    def _write(self, step: Step, told: Iterable[tuple[str, EventKind, Reason | None]]) -> None:
        run = RunRef(self._record.id, "", self._context.connection)
        route = {"route": Route.UNTRASH.value}
        notes = [
            ContractEvent(one, Event(kind, step, 1, reason=reason), route if kind is EventKind.RESTORE_INTENDED else {})
            for one, kind, reason in told
        ]
        if notes:
            self._context.journal.append(event_entries(self._context, run, notes))
