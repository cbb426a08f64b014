"""A CRM that goes away in the middle of a deletion interrupts the run; `resume` ends it, and nothing is sent twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import InterruptedRunError
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox

COUNT = 12
ADAPTERS = ("fxiaoke", "zoho")
AWAY: dict[str, tuple[str, dict[str, Any]]] = {
    "resets": ("drop_before", {}),
    "refuses connections": ("refuse", {}),
    "is down": ("server_error", {"status": 503}),
    "wants fewer calls": ("too_many", {"retry_after": 60}),
}


class House:
    """A sandbox, a state directory, and the moment at which the CRM goes away."""

    def __init__(self, home: Path, running: Sandbox, clock: ManualClock, adapter: str) -> None:
        self.home, self.clock = home, clock
        self.server = running.servers[adapter]
        self.name = f"{adapter}-sandbox"
        self.how = ""

    def away(self, how: str) -> None:
        """Let every request fail from now on."""
        kind, arguments = AWAY[how]
        self.server.inject(FaultRule(kind, Match(count=None), arguments))
        if kind == "refuse":
            self.server._listener.hang_up()

    def after_the_first_contracts(self, stage: str, _done: int, _total: int | None) -> None:
        """Go away when the first contracts were removed and looked at."""
        if stage == "verify" and self.how:
            self.away(self.how)
            self.how = ""

    def bridge(self) -> Bridge:
        """Open the state directory."""
        return Bridge.open(self.home, clock=self.clock, environ={}, progress=self.after_the_first_contracts)

    def removals(self) -> Counter[str]:
        """Return how often each contract went into the bin."""
        ledger = self.server.exchange.emulator.ledger()
        return Counter(e.id for line in ledger for e in line.effects if e.kind == "trashed")


@pytest.fixture(params=ADAPTERS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    clock, home = ManualClock(), tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=40), clock=clock) as running:
        yield House(home, running, clock, str(request.param))


@pytest.mark.parametrize("how", AWAY)
def test_a_run_whose_crm_goes_away_is_interrupted_and_resumes(house: House, how: str) -> None:
    house.how = how
    with house.bridge() as bridge:
        crm = bridge.connect(house.name)
        plan = crm.plan(ids=[contract.id for contract in crm.find(limit=COUNT)])
        run = crm.apply(plan, confirm=plan.digest)
        assert isinstance(run.halted, InterruptedRunError)
        assert (run.exit_code, "resume" in run.halted.hint) == (7, True)
        assert run.counts == {Outcome.REMOVED: 5, Outcome.WAITING: COUNT - 5}
    house.server.inject()
    with house.bridge() as bridge:
        run = bridge.connect(house.name).resume(run.id)
        assert (run.exit_code, run.counts) == (0, {Outcome.REMOVED: COUNT})
    assert set(house.removals().values()) == {1}
