"""Traffic of the sandbox: the ledger with requests that never reached the CRM, and how busy it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crm_bridge.sandbox.faults import FaultRule
from crm_bridge.spi.emulator import Emulator, LedgerEntry

MOST_PATHS = 2000
"""Paths that are counted one by one; the rest is counted together."""


@dataclass(slots=True)
class Busy:
    """Requests of one path: so far, at this moment, and most at one moment."""

    requests: int = 0
    in_flight: int = 0
    peak: int = 0

    def enter(self) -> None:
        """Count one in."""
        self.requests += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def as_json(self) -> dict[str, int]:
        """Return the three figures."""
        return {"requests": self.requests, "in_flight": self.in_flight, "peak": self.peak}


@dataclass(frozen=True, slots=True)
class Spoiled:
    """One request that met a fault. `position` is the length of the emulator's ledger at that moment."""

    position: int
    entry: LedgerEntry
    kind: str
    acted: bool
    changed: bool
    """Whether the answer differs from what the CRM would have said: a fault about lists changes no other answer."""


class Traffic:
    """The book of one mounted emulator; shared by the threads of its server."""

    def __init__(self, emulator: Emulator) -> None:
        """Start with nothing seen."""
        self._emulator = emulator
        self._lock = threading.Lock()
        self._all = Busy()
        self._paths: dict[str, Busy] = {}
        self._spoiled: list[Spoiled] = []

    @contextmanager
    def count(self, path: str) -> Iterator[None]:
        """Count one request while it is being answered."""
        with self._lock:
            if path not in self._paths and len(self._paths) >= MOST_PATHS:
                path = ""
            both = (self._all, self._paths.setdefault(path, Busy()))
            for busy in both:
                busy.enter()
        try:
            yield
        finally:
            with self._lock:
                for busy in both:
                    busy.in_flight -= 1

    def note_fault(
        self, rule: FaultRule, method: str, path: str, *, acted: bool, status: int, changed: bool = True
    ) -> None:
        """Remember a request that met a fault; `status` 0: no answer went out."""
        with self._lock:
            position = len(self._emulator.ledger())
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            entry = LedgerEntry(0, at, method, path, "", status, f"fault:{rule.kind}")
            self._spoiled.append(Spoiled(position, entry, rule.kind, acted, changed))

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the ledger from number `after`+1 on: the emulator's lines, and those that it never saw.

        A line that the emulator never saw has a `fault` and no effects. Numbers are those of this list and stay.
        """
        with self._lock:
            lines = _merged(self._emulator.ledger(), [one for one in self._spoiled if not one.acted])
        return [{**line, "seq": number} for number, line in enumerate(lines, start=1) if number > after]

    def faults(self) -> list[dict[str, Any]]:
        """Return every fault that was met, in order, whether the CRM acted all the same, and whether it told on."""
        with self._lock:
            return [
                {
                    "kind": one.kind,
                    "method": one.entry.method,
                    "path": one.entry.path,
                    "acted": one.acted,
                    "changed": one.changed,
                }
                for one in self._spoiled
            ]

    def stats(self) -> dict[str, Any]:
        """Return how busy it was: all together and by path."""
        with self._lock:
            by_path: Mapping[str, Any] = {path: busy.as_json() for path, busy in sorted(self._paths.items())}
            return {**self._all.as_json(), "by_path": by_path}


def _merged(ledger: Sequence[LedgerEntry], unseen: Sequence[Spoiled]) -> Iterator[dict[str, Any]]:
    rest = iter(unseen)
    waiting = next(rest, None)
    for position, entry in enumerate(ledger):
        while waiting is not None and waiting.position <= position:
            yield {**waiting.entry.as_json(), "fault": waiting.kind}
            waiting = next(rest, None)
        yield entry.as_json()
    while waiting is not None:
        yield {**waiting.entry.as_json(), "fault": waiting.kind}
        waiting = next(rest, None)
