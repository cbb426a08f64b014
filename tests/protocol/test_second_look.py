"""A delete whose answer was lost may still land: two looks must agree before anything is concluded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

REMOVAL = {"zoho": r"/Contracts\?.*ids=", "fxiaoke": r"/data/invalid"}


class BusyClock(ManualClock):
    """A manual clock on which something happens while the program waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.meanwhile: Callable[[int], None] = lambda _number: None

    def sleep(self, seconds: float) -> None:
        """Move forward, and let it happen."""
        super().sleep(seconds)
        if seconds > 0:
            self.waits.append(seconds)
            self.meanwhile(len(self.waits))


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_delete_that_lands_between_two_looks_is_not_sent_again(tmp_path: Path, name: str) -> None:
    clock = BusyClock()
    with sandbox(SandboxOptions(home=tmp_path / "home", count=12), clock=clock) as running:
        server = running.servers[name]
        emulator = server.exchange.emulator
        with Bridge.open(tmp_path / "home", clock=clock, environ={}) as bridge:
            crm = bridge.connect(f"{name}-sandbox")
            target = crm.get(emulator.control("contracts", {})["ids"][0])
            plan = crm.plan(ids=[target.id])
            user = crm.profile().user_id
            server.inject(FaultRule("drop_before", Match(pattern=REMOVAL[name], count=1)))

            def lands_late(number: int) -> None:
                # The first wait is for the request to land, the second stands between the looks.
                if number == 2:
                    assert "error" not in emulator.control("delete", {"id": target.id, "actor": user})

            clock.meanwhile = lands_late
            run = crm.apply(plan, confirm=plan.digest)
            clock.meanwhile = lambda _number: None
            if not run.info.complete:
                run = crm.resume(run.id)
            assert {item.outcome for item in run} == {Outcome.REMOVED}
            said = {line.facts["event"] for _entry, line in bridge.journal.events(run=run.id) if "event" in line.facts}
        assert "reconcile.not_done" not in said
        sent = [line for line in emulator.ledger() if line.method == "DELETE" or line.path.endswith("/invalid")]
        assert len(sent) <= 1
    assert len(clock.waits) >= 2
