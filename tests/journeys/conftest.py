"""Whole journeys: both CRMs behind real ports on loopback, one state directory, time that only moves when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.clock import ManualClock
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import Emulator, LedgerEntry

DESTRUCTIVE = frozenset({"trashed", "purged"})


@dataclass(frozen=True)
class Tenant:
    """One CRM with a connection to it."""

    crm: Connection
    emulator: Emulator

    def ids(self) -> list[str]:
        """Return the ids of the live contracts."""
        return list(self.emulator.control("contracts", {})["ids"])

    def place(self, record_id: str) -> str:
        """Return where the emulator keeps a record."""
        return str(self.emulator.control("record", {"id": record_id})["place"])

    def field_of(self, meaning: str) -> str:
        """Return the vendor's name of a contract field."""
        return next(field.name for field in self.crm.profile().fields if field.meaning == meaning)

    def edit(self, record_id: str, meaning: str = "title", value: object = "edited by somebody else") -> None:
        """Let somebody else edit a contract."""
        told = self.emulator.control("edit", {"id": record_id, "field": self.field_of(meaning), "value": value})
        assert "error" not in told

    def switch(self, name: str, value: object) -> None:
        """Move a switch of the emulator."""
        assert "error" not in self.emulator.control("switch", {"name": name, "value": value})

    def lines(self) -> list[LedgerEntry]:
        """Return every request so far."""
        return list(self.emulator.ledger())

    def removals(self) -> list[tuple[str, str]]:
        """Return (effect, id) of everything that disappeared, children included."""
        return [(e.kind, e.id) for line in self.lines() for e in line.effects if e.kind in DESTRUCTIVE]


@dataclass(frozen=True)
class House:
    """A running sandbox with a bridge on its state directory."""

    home: Path
    clock: ManualClock
    running: Sandbox
    bridge: Bridge

    def tenant(self, name: str) -> Tenant:
        """Return one CRM."""
        return Tenant(self.bridge.connect(f"{name}-sandbox"), self.running.servers[name].exchange.emulator)

    def reopened(self) -> Bridge:
        """Return a second bridge on the same directory, as a second process would open it."""
        return Bridge.open(self.home, clock=self.clock, environ={})


@contextmanager
def served(home: Path, *, count: int) -> Iterator[House]:
    """Serve both CRMs and open a bridge on their state directory."""
    clock = ManualClock()
    with (
        sandbox(SandboxOptions(home=home, count=count), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        yield House(home, clock, running, bridge)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Both CRMs with forty contracts each."""
    with served(tmp_path / "home", count=40) as house:
        yield house


@pytest.fixture(params=["zoho", "fxiaoke"])
def tenant(request: pytest.FixtureRequest, house: House) -> Tenant:
    """One CRM after the other."""
    return house.tenant(request.param)


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[Callable[[int], House]]:
    """Serve with another number of contracts."""
    opened: list[Any] = []

    def make(count: int) -> House:
        context = served(tmp_path / f"home-{count}", count=count)
        opened.append(context)
        return context.__enter__()

    yield make
    for context in opened:
        context.__exit__(None, None, None)
