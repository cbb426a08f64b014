"""One request, one delivery: the sandbox's own addresses, faults, and the emulator behind them."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from crm_bridge.clock import Clock, SystemClock
from crm_bridge.sandbox.fault_answers import spoiled
from crm_bridge.sandbox.faults import SOCKET_KINDS, FaultPlan, FaultRule
from crm_bridge.sandbox.serving.control import PREFIX, ControlEndpoints
from crm_bridge.sandbox.serving.traffic import Traffic
from crm_bridge.spi.emulator import Emulator, WireRequest, WireResponse

_SILENT = frozenset({"refuse", "reset_before_reading", "drop_before", "drop_after", "late", "eof", "hang"})
_LATE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery. No `response`: the connection ends in the way of `rule`; otherwise `rule` bends the sending."""

    response: WireResponse | None
    rule: FaultRule | None = None


class Dispatcher:
    """Turns requests into deliveries. Used by every thread of a server, and by the in-memory mount."""

    def __init__(self, emulator: Emulator, faults: FaultPlan) -> None:
        """Answer for this emulator, spoiled by these faults."""
        self.emulator = emulator
        self.faults = faults
        self.traffic = Traffic(emulator)
        self._clock: Clock = getattr(emulator, "clock", None) or SystemClock()
        self._late: list[tuple[float, WireRequest]] = []
        self._lock = threading.Lock()
        self._control = ControlEndpoints(emulator, faults, self.traffic)

    def counted(self, path: str) -> AbstractContextManager[None]:
        """Count a request to the CRM as in flight while the block runs."""
        return nullcontext() if path.startswith(PREFIX) else self.traffic.count(path)

    def early_fault(self, method: str, path: str, query: str) -> FaultRule | None:
        """Return the fault that strikes before the body is read, and remember it."""
        if path.startswith(PREFIX):
            return None
        rule = self.faults.early_for(method, _target(path, query))
        if rule is not None:
            self.traffic.note_fault(rule, method, path, acted=False, status=0)
        return rule

    def _land(self) -> None:
        """Carry out what was held back until now, before anything that came after it."""
        with self._lock:
            if not self._late:
                return
            now = self._clock.monotonic()
            due = [request for at, request in self._late if at <= now]
            self._late = [(at, request) for at, request in self._late if at > now]
        for request in due:
            self.emulator.handle(request)

    def deliver(self, request: WireRequest) -> Delivery:
        """Answer one request."""
        if request.path.startswith(PREFIX):
            return Delivery(self._control.handle(request))
        self._land()
        rule = self.faults.next_for(request.method, _target(request.path, request.query), request.body)
        if rule is None:
            return Delivery(self.emulator.handle(request))
        if rule.kind == "late":
            seconds = float(rule.arguments.get("seconds", _LATE_SECONDS))
            with self._lock:
                self._late.append((self._clock.monotonic() + seconds, request))
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
