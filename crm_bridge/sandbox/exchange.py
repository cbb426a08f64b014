"""One request, one delivery: the sandbox's own addresses, faults, and the emulator behind them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from crm_bridge.sandbox.door import PREFIX, Door
from crm_bridge.sandbox.fault_answers import spoiled
from crm_bridge.sandbox.faults import SOCKET_KINDS, FaultPlan, Rule
from crm_bridge.sandbox.traffic import Traffic
from crm_bridge.spi.emulator import Emulator, WireRequest, WireResponse

_SILENT = frozenset({"refuse", "reset_before_reading", "drop_before", "drop_after", "eof", "hang"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes out. No `response`: the connection ends in the way of `rule`; otherwise `rule` bends the sending."""

    response: WireResponse | None
    rule: Rule | None = None


class Exchange:
    """Turns requests into deliveries. Used by every thread of a server, and by the in-memory mount."""

    def __init__(self, emulator: Emulator, faults: FaultPlan) -> None:
        """Answer for this emulator, spoiled by these faults."""
        self.emulator = emulator
        self.faults = faults
        self.traffic = Traffic(emulator)
        self._door = Door(emulator, faults, self.traffic)

    def counted(self, path: str) -> AbstractContextManager[None]:
        """Count a request to the CRM as in flight while the block runs."""
        return nullcontext() if path.startswith(PREFIX) else self.traffic.count(path)

    def early_fault(self, method: str, path: str, query: str) -> Rule | None:
        """Return the fault that strikes before the body is read, and remember it."""
        if path.startswith(PREFIX):
            return None
        rule = self.faults.early_for(method, _target(path, query))
        if rule is not None:
            self.traffic.note_fault(rule, method, path, acted=False, status=0)
        return rule

    def deliver(self, request: WireRequest) -> Delivery:
        """Answer one request."""
        if request.path.startswith(PREFIX):
            return Delivery(self._door.handle(request))
        rule = self.faults.next_for(request.method, _target(request.path, request.query), request.body)
        if rule is None:
            return Delivery(self.emulator.handle(request))
        answer = self.emulator.handle(request) if rule.acts else WireResponse()
        response = None if rule.kind in _SILENT else spoiled(answer, rule)
        status = response.status if response else 0
        # What is spoiled on the wire only (cut, trickled, ...) is changed although the answer is the same.
        changed = rule.kind in SOCKET_KINDS or response != answer
        note = self.traffic.note_fault
        note(rule, request.method, request.path, acted=rule.acts, status=status, changed=changed)
        return Delivery(response, rule)


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
