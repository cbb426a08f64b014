"""Caps: a plan beyond one is written and shown whole with every reason inside, and nothing takes it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_bridge.errors import GuardError, UsageError
from crm_bridge.pipeline.receipt import payload_of
from tests.policy.conftest import Ruled


def test_every_cap_that_is_broken_is_named_in_the_plan(ruled: Ruled) -> None:
    counts = "max_contracts = 3\nmax_share = 10\nshare_from = 10\nmax_per_customer = 1\n"
    caps = counts + 'max_amount = { CNY = 5, EUR = "0.5" }'
    tenant = ruled.under(caps)
    plan = tenant.crm.plan("everything")
    assert plan.count == len(tenant.ids())
    broken = [one.rule for one in plan.notes.refusals]
    assert broken[:2] == ["max_contracts", "max_share"]
    assert {"max_amount"} <= set(broken)
    with pytest.raises(GuardError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert caught.value.exit_code == 4
    assert tenant.removals() == []


def test_a_cap_is_raised_for_one_plan_and_named_in_plan_journal_and_receipt(ruled: Ruled) -> None:
    tenant = ruled.under("max_contracts = 1\nmax_amount = { CNY = 0, EUR = 0, USD = 0 }")
    ids = tenant.ids()[:2]
    high = dict.fromkeys(("CNY", "EUR", "USD"), Decimal(10) ** 9)
    plan = tenant.crm.plan(ids=ids, max_contracts=2, max_amount=high)
    assert plan.notes.refusals == ()
    assert plan.notes.raised[0] == "max_contracts=2"
    assert "max_amount=CNY:1000000000" in plan.notes.raised
    run = tenant.crm.apply(plan, confirm=plan.digest)
    (start,) = tenant.crm.context.journal.entries(op="run.start")
    assert start.body["raised"] == list(plan.notes.raised)
    assert "max_contracts=2" in str(payload_of(run.receipt().issued.envelope)["predicate"]["policy"])


def test_what_goes_along_is_counted_before_anything_is_deleted(ruled: Ruled) -> None:
    tenant = ruled.under("max_leaves = 5")
    plan = tenant.crm.plan(ids=tenant.ids()[:5])
    with pytest.raises(GuardError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert (caught.value.reason, caught.value.exit_code) == ("max_leaves", 4)
    assert tenant.removals() == []
    again = tenant.crm.plan(ids=tenant.ids()[:5], max_leaves=500)
    assert sum(tenant.crm.apply(again, confirm=again.digest).counts.values()) == 5


def test_a_policy_that_changed_since_the_plan_stops_it_and_a_run(ruled: Ruled) -> None:
    plan = ruled.under("max_contracts = 50").crm.plan(ids=ruled.under("max_contracts = 50").ids()[:2])
    stricter = ruled.under("max_contracts = 49")
    with pytest.raises(GuardError) as caught:
        stricter.crm.apply(plan.path, confirm=plan.digest)
    assert caught.value.reason == "policy_changed"
    assert stricter.removals() == []


def test_only_users_whom_the_policy_names_carry_plans_out(ruled: Ruled) -> None:
    tenant = ruled.under('may_apply = ["somebody"]')
    plan = tenant.crm.plan(ids=tenant.ids()[:1])
    with pytest.raises(GuardError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert caught.value.reason == "may_apply"
    me = tenant.crm.profile().user_id
    allowed = ruled.under(f'may_apply = ["{me}"]')
    plan = allowed.crm.plan(ids=allowed.ids()[:1])
    allowed.crm.apply(plan, confirm=plan.digest)


@pytest.mark.parametrize("bad", [{"CNY": -1}, {"CNY": "1"}, {"CNY": Decimal("NaN")}, {"CNY": 1.5}])
def test_money_is_given_exactly(ruled: Ruled, bad: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ruled.under("").crm.plan("everything", max_amount=bad)  # type: ignore[arg-type]
