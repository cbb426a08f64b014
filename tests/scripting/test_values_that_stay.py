"""What a script gets: values that outlive the bridge, one kind of contract, plans bound to what was seen."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path

import pytest

from crm_bridge import (
    Bridge,
    Contract,
    InterruptedRunError,
    NothingMatchedError,
    Outcome,
    StopFlag,
    UsageError,
    where,
)
from crm_bridge.testing.stand_in import StandIn


def some(shared: StandIn, count: int) -> list[Contract]:
    """Return live contracts that no other test has taken."""
    return list(shared.crm.find(ids=shared.ids()[:count]))


def test_what_a_run_says_stays_when_the_bridge_is_closed(shared: StandIn, tmp_path: Path) -> None:
    held, *others = some(shared, 4)
    with Bridge.open(shared.home, clock=shared.clock) as bridge:
        crm = bridge.connect(shared.name)
        plan = crm.plan(contracts=[held, *others])
        shared.edit(held.id, "title", "edited by somebody else")
        run = crm.apply(plan, confirm=plan.digest)
    assert (run.counts, run.exit_code, len(run)) == ({Outcome.REMOVED: 3, Outcome.HELD: 1}, 3, 4)
    assert [item.contract.id for item in run.not_removed] == run.follow_up() == [held.id]
    assert {item.contract.number for item in run} == {one.number for one in (held, *others)}
    receipt = run.receipt()
    assert receipt.statement["predicate"]["run"] == run.id
    assert sorted(line["outcome"] for line in receipt.lines()) == ["held", "removed", "removed", "removed"]
    receipt.write(tmp_path / "later.json")
    assert len(list(tmp_path.iterdir())) == 2


def test_leaving_the_block_closes_everything(shared: StandIn) -> None:
    def work() -> None:
        with Bridge.open(shared.home, clock=shared.clock) as bridge:
            crm = bridge.connect(shared.name)
            plan = crm.plan(contracts=some(shared, 1))
            crm.apply(plan, confirm=plan.digest)

    work()  # what is opened once for the process stays
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    work()
    gc.collect()
    assert len(os.listdir("/dev/fd")) == before


def test_reading_a_run_again_leaves_nothing_open(shared: StandIn) -> None:
    (one,) = some(shared, 1)
    with Bridge.open(shared.home, clock=shared.clock) as bridge:
        crm = bridge.connect(shared.name)
        plan = crm.plan(contracts=[one])
        run = crm.apply(plan, confirm=plan.digest)
    del plan
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    assert len(list(run)) == 1
    gc.collect()
    assert len(os.listdir("/dev/fd")) == before


def test_a_contract_is_the_same_kind_wherever_it_comes_from(shared: StandIn) -> None:
    (found,) = some(shared, 1)
    plan = shared.crm.plan(contracts=[found])
    (planned,) = plan
    assert isinstance(planned, Contract)
    shown = ("id", "number", "title", "customer", "status", "amount", "currency", "start", "end", "digest", "ref")
    assert [getattr(planned, name) for name in shown] == [getattr(found, name) for name in shown]
    assert planned.untold == {}
    run = shared.crm.apply(plan, confirm=plan.digest)
    assert [item.contract for item in run] == [planned]


def test_a_plan_of_chosen_contracts_is_bound_to_what_was_seen(shared: StandIn) -> None:
    seen, other = some(shared, 2)
    shared.edit(seen.id, "title", "edited before the plan")
    plan = shared.crm.plan(contracts=[seen, other])
    (warning,) = [text for text in plan.notes.warnings if "chosen" in text]
    assert seen.id in warning
    run = shared.crm.apply(plan, confirm=plan.digest)
    assert [(item.contract.id, item.reason) for item in run.not_removed] == [(seen.id, "changed_since_plan")]
    again = shared.crm.plan(ids=run.follow_up())
    assert shared.crm.apply(again, confirm=again.digest).exit_code == 0


def test_chosen_contracts_only_narrow(shared: StandIn) -> None:
    first, second, third = some(shared, 3)
    assert [one.id for one in shared.crm.plan(contracts=[first, second], ids=[second.id, third.id])] == [second.id]
    for filters in ((), ("everything",)):
        with pytest.raises(NothingMatchedError):
            shared.crm.plan(*filters, contracts=[])
    with pytest.raises(NothingMatchedError):
        shared.crm.plan(contracts=[first], ids=[])
    for wrong in ([first.id], [replace(first, digest="")]):
        with pytest.raises(UsageError, match="no contract that was read"):
            shared.crm.plan(contracts=wrong)  # type: ignore[arg-type]


def test_plans_and_runs_have_a_length_and_a_short_repr(shared: StandIn) -> None:
    plan = shared.crm.plan(contracts=some(shared, 2))
    run = shared.crm.apply(plan, confirm=plan.digest)
    assert (len(plan), len(run)) == (2, 2)
    assert repr(plan) == f"Plan(2 in zoho-sandbox, trash, {plan.digest[:12]})"
    assert repr(run) == f"Run({run.id}, zoho-sandbox: 2 removed)"


def test_a_connection_takes_its_own_progress_and_stop(shared: StandIn) -> None:
    told: list[str] = []
    crm = shared.bridge.connect(shared.name, progress=lambda stage, _done, _total: told.append(stage))
    plan = crm.plan(where.amount > 0, ids=shared.ids()[:2])
    assert "find" in told
    stop = StopFlag()
    stop.set()
    with pytest.raises(InterruptedRunError):
        shared.bridge.connect(shared.name, stop=stop).apply(plan, confirm=plan.digest)
    assert shared.crm.resume().counts == {Outcome.REMOVED: 2}
