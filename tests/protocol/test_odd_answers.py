"""Answers that name an id twice, or leave one out, settle nothing about that id."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.mark.parametrize(("kind", "doubtful"), [("duplicate_ids", {0, 3}), ("missing_ids", {3})])
def test_what_was_not_answered_once_is_looked_for(tmp_path: Path, kind: str, doubtful: set[int]) -> None:
    # The first fault names the first id twice and leaves the last one out, the second only leaves it out.
    clock = ManualClock()
    with sandbox(SandboxOptions(home=tmp_path / "home", count=20), clock=clock) as running:
        server = running.servers["zoho"]
        with Bridge.open(tmp_path / "home", clock=clock, environ={}) as bridge:
            crm = bridge.connect("zoho-sandbox")
            ids = server.exchange.emulator.control("contracts", {})["ids"][:4]
            plan = crm.plan(ids=ids)
            server.inject(FaultRule(kind, Match(method="DELETE")))
            run = crm.apply(plan, confirm=plan.digest)
            assert run.counts == {Outcome.REMOVED: 4}
            lines = [line for _entry, line in bridge.journal.events(run=run.id)]
            unknown = {line.record_id for line in lines if line.facts["event"] == "outcome.unknown"}
            found = {line.record_id for line in lines if line.facts["event"] == "reconcile.done"}
        deletes = [line for line in server.exchange.emulator.ledger() if line.method == "DELETE"]
    assert len(deletes) == 1
    assert unknown == found == {ids[place] for place in doubtful}
