"""A slice of the sweep: switches at random, kills, two proofs at once, a tenant with ten switches turned."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crm_bridge.domain.lifecycle import Outcome
from sweeps import prove_sweep
from tests.journeys.conftest import served

TEN = {
    "max_query_limit": 20,
    "over_limit": "error",
    "max_batch_ids": 5,
    "query_invalid_rows": "with_filter",
    "list_rows": "truncated",
    "index_lag": 2,
    "batch_failure": "per_id",
    "unknown_operator": "error",
    "describe_details": True,
    "missing_user_code": 10010,
    "voided_is_deleted": False,
}


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_every_observable_switch_that_is_turned_is_told_right(adapter: str, tmp_path: Path) -> None:
    tally = prove_sweep.sweep(adapter, tmp_path, rounds=1, dice=random.Random(5))
    assert tally.problems == []
    assert tally.counts["wrong"] == 0
    assert tally.told >= prove_sweep.FEWEST_TOLD


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_nothing_is_left_after_a_kill(adapter: str, tmp_path: Path) -> None:
    tally = prove_sweep.kills(adapter, tmp_path, every=130)
    assert tally.problems == []
    assert tally.counts["killed"] >= 2


def test_two_proofs_at_once_do_not_meet(tmp_path: Path) -> None:
    with prove_sweep.stand("fxiaoke", tmp_path) as proving:
        first, second = proving.read(), proving.read()
        found = []

        def other(plan: prove_sweep.ProvingPlan) -> str:
            with proving.bridge(second) as bridge:
                found.append(bridge.connect(proving.name).prove(confirm=lambda plan: plan.phrase))
            return plan.phrase

        with proving.bridge(first) as bridge:
            found.append(bridge.connect(proving.name).prove(confirm=other))
        assert [(one.worked, one.left) for one in found] == [(True, 0), (True, 0)]
        assert (proving.strangers(), proving.left()) == ([], [])


def test_clean_leaves_a_proof_alone_that_goes_on(tmp_path: Path) -> None:
    with served(tmp_path / "home", count=12) as house:
        house.tenant("zoho").crm.prove()
        cleaned: list[tuple[int, int]] = []

        def meanwhile(stage: str, _done: int, _total: int | None) -> None:
            if stage == "backup" and not cleaned:
                with house.reopened() as bridge:
                    cleaned.append(bridge.connect("zoho-sandbox").clean())

        crm = house.bridge.connect("zoho-sandbox", progress=meanwhile)
        assert crm.prove(confirm=lambda plan: plan.phrase).worked
        assert cleaned == [(1, 0)]


def test_a_tenant_that_differs_in_ten_switches_plans_and_deletes_right_without_settings_by_hand(tmp_path: Path) -> None:
    with served(tmp_path / "home", count=40) as house:
        tenant = house.tenant("fxiaoke")
        for name, value in TEN.items():
            tenant.switch(name, value)
        tenant.crm.prove()
        assert tenant.crm.prove(confirm=lambda plan: plan.phrase).worked
        with house.reopened() as bridge:
            crm = bridge.connect("fxiaoke-sandbox")
            wanted = tenant.ids()[:25]
            run = crm.apply(plan := crm.plan(ids=wanted), confirm=plan.digest)
            assert run.counts == {Outcome.REMOVED: 25}
            assert {tenant.place(one) for one in wanted} == {"bin"}
            assert {step.result for step in crm.restore(run.id)} == {"restored"}
            assert {tenant.place(one) for one in wanted} == {"live"}
