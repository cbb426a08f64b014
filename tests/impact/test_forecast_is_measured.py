"""What a plan counted exactly is what hangs on its contracts, and nothing of it is left after the deletion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.records.impact import Consequence, Exactness
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_the_forecast_of_every_exact_edge_is_measured(adapter: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=40, only=(adapter,))), Bridge.open(home) as one:
        crm = one.connect(f"{adapter}-sandbox")
        plan = crm.plan(contracts=list(crm.find(limit=20)), max_share=100)
        exact = {edge.name: edge for edge in plan.notes.along.edges if edge.exactness is Exactness.EXACT}
        assert exact
        assert all(edge.calls >= 1 and edge.effect is Consequence.ALONG for edge in exact.values())
        seen = dict.fromkeys(exact, 0)
        for contract in plan:
            copy = crm.show(contract.id).snapshot
            lists = {part.name: json.loads(part.raw) for part in copy.parts} | json.loads(copy.record)
            seen = {name: count + len(lists.get(name, ())) for name, count in seen.items()}
        assert {name: edge.count for name, edge in exact.items()} == seen
        run = crm.apply(plan, confirm=plan.digest)
        measured = crm.impact(run.id)
        assert all(edge.agrees for edge in measured)
        assert {edge.edge.name for edge in measured} == {name for name, edge in exact.items() if edge.count}


def test_the_first_contracts_halt_a_run_whose_details_stay(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=40, only=("fxiaoke",))) as running, Bridge.open(home) as one:
        running.servers["fxiaoke"].exchange.emulator.control("switch", {"name": "cascade", "value": "none"})
        crm = one.connect("fxiaoke-sandbox")
        plan = crm.plan(contracts=list(crm.find(limit=20)), max_share=100)
        run = crm.apply(plan, confirm=plan.digest)
        assert run.halted is not None
        assert run.halted.reason == "impact"
        assert run.counts == {Outcome.REMOVED: 5, Outcome.WAITING: 15}
        assert [edge.agrees for edge in crm.impact(run.id)] == [False]
