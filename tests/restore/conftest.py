"""One CRM at a time behind a real port on loopback, a state directory, and time that only moves when told to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge, Connection, Run
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import Emulator


@dataclass
class Tenant:
    """One CRM, a home that is connected to it, and what happens there."""

    name: str
    home: Path
    clock: ManualClock
    running: Sandbox
    bridge: Bridge

    @property
    def crm(self) -> Connection:
        """Return the connection."""
        return self.bridge.connect(f"{self.name}-sandbox")

    @property
    def emulator(self) -> Emulator:
        """Return the stand-in."""
        return self.running.servers[self.name].exchange.emulator

    def ids(self) -> list[str]:
        """Return the ids of the live contracts."""
        return [str(one) for one in self.emulator.control("contracts", {})["ids"]]

    def place(self, record_id: str) -> str:
        """Return where the stand-in keeps a record."""
        return str(self.emulator.control("record", {"id": record_id})["place"])

    def removed(self, *ids: str, step: Step = Step.TRASH) -> Run:
        """Delete contracts, confirmed and backed up."""
        plan = self.crm.plan(ids=ids, step=step, reason="a test")
        return self.crm.apply(plan, confirm=plan.digest)

    def effects(self, *kinds: str) -> list[str]:
        """Return the ids of everything that happened in one of these ways."""
        return [e.id for line in self.emulator.ledger() for e in line.effects if e.kind in kinds]

    def with_switch(self, failpoint: str) -> Bridge:
        """Return a second bridge on the same directory with a failpoint armed, as another process would have it."""
        return Bridge.open(self.home, clock=self.clock, environ={"CRM_BRIDGE_FAILPOINT": failpoint})

    def again(self) -> Bridge:
        """Return a bridge that signs in anew."""
        return Bridge.open(self.home, clock=self.clock, environ={})

    def elsewhere(self, home: Path, *, secrets: Path) -> Bridge:
        """Return a bridge on another directory."""
        return Bridge.open(home, clock=self.clock, environ={}, secrets_file=secrets)

    def entries(self, op: str) -> list[Mapping[str, Any]]:
        """Return the bodies of the journal entries of one kind."""
        return [entry.body for entry in self.bridge.journal.entries(op=op)]


@pytest.fixture(params=["zoho", "fxiaoke"])
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    """One CRM after the other, with thirty contracts."""
    clock, home = ManualClock(), tmp_path / "home"
    options = SandboxOptions(home=home, count=30, only=(request.param,))
    with (
        sandbox(options, clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        yield Tenant(request.param, home, clock, running, bridge)
