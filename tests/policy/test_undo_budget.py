"""The way back must last: a full bin, a short one and an empty quota refuse a run before it starts."""

from __future__ import annotations

from crm_bridge.domain.lifecycle import Outcome
from tests.policy.conftest import Ruled


def test_a_bin_that_is_full_pushes_out_the_oldest(ruled: Ruled) -> None:
    tenant = ruled.under("")
    tenant.switch("bin_capacity", 2)
    ids = tenant.ids()[:3]
    for one in ids:
        plan = tenant.crm.plan(ids=[one])
        tenant.crm.apply(plan, confirm=plan.digest)
    assert [tenant.place(one) for one in ids] == ["gone", "bin", "bin"]


def test_a_run_that_would_push_out_what_others_deleted_is_refused_and_a_smaller_one_is_not(ruled: Ruled) -> None:
    tenant = ruled.under("bin_capacity = 5")
    tenant.switch("bin_capacity", 5)
    ids = tenant.ids()
    for one in ids[20:23]:
        tenant.emulator.control("delete", {"id": one, "actor": "somebody"})
    plan = tenant.crm.plan(ids=ids[:3])
    assert [(one.rule, one.limit) for one in plan.notes.refusals] == [("bin_full", 2)]
    small = tenant.crm.plan(ids=ids[:2])
    assert tenant.crm.apply(small, confirm=small.digest).counts == {Outcome.REMOVED: 2}
    assert [tenant.place(one) for one in ids[20:23]] == ["bin"] * 3


def test_a_bin_that_empties_too_soon_refuses_a_plan(ruled: Ruled) -> None:
    tenant = ruled.under("min_undo_days = 90")
    days = tenant.crm.profile().limits.bin_days
    rules = [one.rule for one in tenant.crm.plan(ids=tenant.ids()[:1]).notes.refusals]
    assert rules == (["undo_too_short"] if days is not None else [])
