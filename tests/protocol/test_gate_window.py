"""Between the last look at a contract and its delete there are at most five seconds, or it is looked at again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge.spi.emulator import WireRequest, WireResponse


@pytest.mark.parametrize(("slow", "held"), [(6.0, 1), (1.0, 0)])
def test_a_batch_that_waited_for_the_one_before_is_looked_at_again(
    tmp_path: Path, slow: float, held: int, monkeypatch: Any
) -> None:
    # 205 contracts: five first ones, then batches of a hundred that share one look.
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=205, only=("zoho",)), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers["zoho"].exchange.emulator
        emulator.control("switch", {"name": "plain_module", "value": True})
        crm = bridge.connect("zoho-sandbox")
        plan = crm.plan("everything")
        last = [item.id for item in plan][-1]
        field = next(field.name for field in crm.profile().fields if field.meaning == "title")
        handle, removals = emulator.handle, []

        def slowly(request: WireRequest) -> WireResponse:
            answer = handle(request)
            if request.method == "DELETE":
                removals.append(request)
                clock.advance(slow)
                if len(removals) == 2 and slow > 5:
                    emulator.control("edit", {"id": last, "field": field, "value": "edited meanwhile"})
            return answer

        monkeypatch.setattr(emulator, "handle", slowly)
        run = crm.apply(plan, confirm=plan.digest)
        held_ids = [(item.contract.id, item.reason) for item in run if item.outcome is Outcome.HELD]
        looks = sum(1 for _line in bridge.journal.events(run=run.id, op="gate"))
    assert held_ids == [(last, "changed_since_plan")][:held]
    assert len(removals) == 3
    assert looks == 205 + (100 if held else 0)


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_what_somebody_else_put_into_the_bin_again_is_not_purged(tmp_path: Path, name: str, monkeypatch: Any) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=12), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers[name].exchange.emulator
        crm = bridge.connect(f"{name}-sandbox")
        ids = emulator.control("contracts", {})["ids"][:2]
        plan = crm.plan(ids=ids, step=Step.PURGE)
        append = bridge.journal.append

        def and_then_somebody(new_entries: Any) -> Any:
            written = append(new_entries)
            if any(new_entry.op == "verify" and new_entry.body["step"] == "trash" for new_entry in new_entries):
                emulator.control("restore", {"id": ids[0]})
                emulator.control("delete", {"id": ids[0]})
            return written

        monkeypatch.setattr(bridge.journal, "append", and_then_somebody)
        run = crm.apply(plan, confirm=plan.digest)
        said = {item.contract.id: (item.outcome, item.reason) for item in run}
        assert said == {ids[0]: (Outcome.HELD, "deleted_by_somebody_else"), ids[1]: (Outcome.REMOVED, None)}
        assert emulator.control("record", {"id": ids[0]})["place"] == "bin"
        assert run.exit_code == 3


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_what_changes_after_its_backup_is_left_alone(tmp_path: Path, name: str, monkeypatch: Any) -> None:
    # Plan and backup agree: only the last look can notice.
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=12), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers[name].exchange.emulator
        crm = bridge.connect(f"{name}-sandbox")
        ids = emulator.control("contracts", {})["ids"][:2]
        field = next(field.name for field in crm.profile().fields if field.meaning == "title")
        plan = crm.plan(ids=ids)
        append = bridge.journal.append

        def and_then_edited(new_entries: Any) -> Any:
            written = append(new_entries)
            if any(new_entry.op == "backup" for new_entry in new_entries):
                emulator.control("edit", {"id": ids[0], "field": field, "value": "edited by somebody else"})
            return written

        monkeypatch.setattr(bridge.journal, "append", and_then_edited)
        said = {item.contract.id: (item.outcome, item.reason) for item in crm.apply(plan, confirm=plan.digest)}
    assert said == {ids[0]: (Outcome.HELD, "changed_since_plan"), ids[1]: (Outcome.REMOVED, None)}
    assert emulator.control("record", {"id": ids[0]})["place"] == "live"
