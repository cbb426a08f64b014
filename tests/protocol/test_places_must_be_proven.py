"""A tenant whose void names nobody, or whose voided rows no query shows: our own void is ours, and comes back once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

NAME = "fxiaoke-sandbox"
TENANTS: dict[str, dict[str, Any]] = {
    "a void leaves who changed the record last": {"void_marks": "nobody"},
    "a workflow runs after a void": {"void_marks": "system"},
    "queries omit voided rows": {"query_invalid_rows": "omitted"},
    "queries want the state named": {"query_invalid_rows": "with_filter"},
    "a voided record is not given by its id": {"get_voided": "refused"},
    "nothing shows a voided record": {"query_invalid_rows": "omitted", "get_voided": "refused"},
}
BLIND = "nothing shows a voided record"


@pytest.mark.parametrize("step", [Step.TRASH, Step.PURGE])
@pytest.mark.parametrize("tenant", TENANTS)
def test_our_own_void_is_ours_and_comes_back_once(tmp_path: Path, tenant: str, step: Step) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=26, only=("fxiaoke",)), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers["fxiaoke"].exchange.emulator
        for name, value in TENANTS[tenant].items():
            assert "error" not in emulator.control("switch", {"name": name, "value": value})
        every = list(emulator.control("contracts", {})["ids"])
        # More than a look asks for one by one, where queries do not show them.
        count = 22 if TENANTS[tenant].get("query_invalid_rows") == "omitted" else 4
        crm = bridge.connect(NAME)
        plan = crm.plan(ids=every[:count], step=step)
        run = crm.apply(plan, confirm=plan.digest)
        if (tenant, step) == (BLIND, Step.PURGE):
            # Nobody can look at what would be lost for good: it stays in the bin, and nobody is blamed.
            assert {(item.outcome.value, item.reason) for item in run} == {("held", "not_visible")}
            assert run.exit_code == 3
            assert {emulator.control("record", {"id": one})["place"] for one in every[:count]} == {"bin"}
        else:
            assert {(item.outcome.value, item.reason) for item in run} == {("removed", None)}
            assert run.exit_code == 0
        crm.restore(run.id)
        assert len(emulator.control("contracts", {})["ids"]) == len(every)


def test_the_whole_module_is_purged_and_comes_back(tmp_path: Path) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=4, only=("fxiaoke",)), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers["fxiaoke"].exchange.emulator
        crm = bridge.connect(NAME)
        plan = crm.plan(ids=emulator.control("contracts", {})["ids"], step=Step.PURGE)
        run = crm.apply(plan, confirm=plan.digest)
        # What is gone from everywhere leaves nothing to prove it by: said, and in doubt.
        assert {(item.outcome.value, item.reason) for item in run} == {("in_doubt", "no_control_record")}
        assert {step.result for step in crm.restore(run.id)} == {"restored"}
        assert len(emulator.control("contracts", {})["ids"]) == 4
