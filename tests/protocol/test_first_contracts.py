"""The first five contracts are deleted and verified before the rest, and more than one percent in doubt ends a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

REMOVAL = {"zoho": r"/Contracts\?.*ids=", "fxiaoke": "/data/invalid"}


def events(bridge: Bridge, run: str) -> list[tuple[str, str, str]]:
    """Return (event, step, id) of everything that happened to contracts, in order."""
    return [
        (str(line.facts["event"]), str(line.facts["step"]), line.record_id)
        for _entry, line in bridge.journal.events(run=run)
    ]


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_in_each_step_five_are_verified_before_the_sixth_is_sent(tmp_path: Path, name: str) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=20), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        crm = bridge.connect(f"{name}-sandbox")
        ids = running.servers[name].exchange.emulator.control("contracts", {})["ids"][:9]
        plan = crm.plan(ids=ids, step=Step.PURGE)
        run = crm.apply(plan, confirm=plan.digest)
        assert run.counts == {Outcome.REMOVED: 9}
        happened = events(bridge, run.id)
    for step in ("trash", "purge"):
        words = [event for event, of, _id in happened if of == step and event in ("intent", "verify.absent")]
        sent_before_the_first_look = words.index("verify.absent")
        assert sent_before_the_first_look == 5
        assert words[5:10] == ["verify.absent"] * 5


def test_when_the_first_are_still_there_the_rest_is_left_alone(tmp_path: Path, monkeypatch: Any) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=20), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers["fxiaoke"].exchange.emulator
        crm = bridge.connect("fxiaoke-sandbox")
        ids = emulator.control("contracts", {})["ids"][:9]
        plan = crm.plan(ids=ids)
        handle = emulator.handle

        def lying(request: Any) -> Any:
            answer = handle(request)
            if request.path.endswith("/data/invalid"):
                for one in ids:
                    if emulator.control("record", {"id": one})["place"] == "bin":
                        emulator.control("restore", {"id": one})
            return answer

        monkeypatch.setattr(emulator, "handle", lying)
        run = crm.apply(plan, confirm=plan.digest)
        assert run.halted is not None
        assert run.halted.reason == "canary_failed"
        assert run.exit_code == 9
        assert run.counts == {Outcome.REAPPEARED: 5, Outcome.WAITING: 4}
        sent = [line for line in emulator.ledger() if line.path.endswith("/data/invalid")]
        assert len(sent) == 5


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_what_cannot_be_looked_at_stays_in_doubt_and_ends_the_run(tmp_path: Path, name: str) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=20), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        server = running.servers[name]
        crm = bridge.connect(f"{name}-sandbox")
        ids = server.exchange.emulator.control("contracts", {})["ids"][:9]
        plan = crm.plan(ids=ids)
        reads = r"/Contracts|/coql|recycle_bin|deleted" if name == "zoho" else "/data/(get|query)"
        method = "DELETE" if name == "zoho" else "POST"
        lost = FaultRule("drop_after", Match(method=method, pattern=REMOVAL[name]))
        run = blinded(crm, plan, server, lost, reads)
        removed = {e.id for line in server.exchange.emulator.ledger() for e in line.effects if e.kind == "trashed"}
        doubtful = [item.contract.id for item in run if item.outcome is Outcome.IN_DOUBT]
        assert run.halted is not None
        assert (run.halted.reason, run.exit_code) == ("in_doubt", 9)
        assert set(doubtful) == removed & set(ids)
        server.inject()
        clock.advance(60)
        again = crm.resume(run.id)
        assert again.counts == {Outcome.REMOVED: 9}
        removed_in_all = [
            e.id for line in server.exchange.emulator.ledger() for e in line.effects if e.kind == "trashed"
        ]
        assert sorted(one for one in removed_in_all if one in set(ids)) == sorted(ids)


def blinded(crm: Any, plan: Any, server: Any, lost: FaultRule, reads: str) -> Any:
    """Carry a plan out; from the first removal on, its answer is lost and nothing can be read."""
    adapter = crm.context.adapter
    remove = adapter.remove

    def and_then_dark(*arguments: Any, **options: Any) -> Any:
        server.inject(lost, FaultRule("server_error", Match(pattern=reads, nth=1, count=None)))
        return remove(*arguments, **options)

    adapter.remove = and_then_dark
    try:
        return crm.apply(plan, confirm=plan.digest)
    finally:
        del adapter.remove
