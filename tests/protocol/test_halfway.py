"""A deletion for good that stops between its steps claims nothing removed, says what is missing, and can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.mark.parametrize("then", ["resume", "restore"])
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_what_lies_in_the_bin_is_not_called_removed(tmp_path: Path, name: str, then: str) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    stop: list[Path] = []

    def between(stage: str, _done: int, _total: int | None) -> None:
        if stage == "verify" and stop:
            stop.pop().touch()

    with (
        sandbox(SandboxOptions(home=home, count=8, only=(name,)), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}, progress=between) as bridge,
    ):
        emulator = running.servers[name].exchange.emulator
        ids = emulator.control("contracts", {})["ids"][:2]
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=ids, step=Step.PURGE)
        flag = crm.context.stop_file
        assert flag is not None
        stop.append(flag)
        run = crm.apply(plan, confirm=plan.digest)
        flag.unlink()
        assert {emulator.control("record", {"id": one})["place"] for one in ids} == {"bin"}
        told = [(item.outcome.value, item.reason and item.reason.value, item.evidence) for item in run]
        assert told == [("waiting", "last_step_missing", "E2")] * 2
        assert (run.exit_code, run.info.complete, run.follow_up()) == (7, False, [])
        lines = list(run.receipt().lines())
        assert {(line["outcome"], line["reason"]) for line in lines} == {("waiting", "last_step_missing")}
        if then == "resume":
            after = crm.resume(run.id)
            assert [(item.outcome.value, item.reason) for item in after] == [("removed", None)] * 2
            assert after.exit_code == 0
        else:
            assert {step.result for step in crm.restore(run.id)} == {"restored"}
            assert set(ids) <= set(emulator.control("contracts", {})["ids"])
