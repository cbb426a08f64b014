"""Drift is named field by field: the old value, the new one, who and when; noise by a rule holds nothing."""

from __future__ import annotations

import pytest

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import UsageError
from tests.policy.conftest import Ruled


def test_every_changed_field_is_named_with_both_values(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[1:4]
    before = {one.id: one for one in tenant.crm.find(ids=ids)}
    plan = tenant.crm.plan(ids=ids)
    tenant.edit(ids[0], "title", "renamed")
    tenant.edit(ids[0], "amount", 4711)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    told = {item.contract.id: item for item in run}
    changed = told[ids[0]]
    assert (changed.outcome, changed.reason) == (Outcome.HELD, Reason.CHANGED_SINCE_PLAN)
    assert f"title: {before[ids[0]].title} → renamed" in changed.remark
    assert f"amount: {before[ids[0]].amount} → 4711" in changed.remark.replace("4711.00", "4711")
    assert [told[i].outcome for i in ids[1:]] == [Outcome.REMOVED] * 2
    journal = b"".join(entry.raw for entry in tenant.crm.desk.journal.entries())
    assert b"renamed" not in journal
    assert str(before[ids[0]].title).encode() not in journal


def test_a_change_after_the_backup_is_told_from_the_backup(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[1:3]
    (before,) = tenant.crm.find(ids=ids[:1])
    plan = tenant.crm.plan(ids=ids)
    path = ruled.house.home
    with Bridge.open(path, clock=ruled.house.clock, environ={failpoints.VARIABLE: "gate.before:1:raise"}) as bridge:
        try:
            halted = bridge.connect(tenant.crm.name).apply(plan.path, confirm=plan.digest).halted
        except failpoints.FailpointError as stopped:
            halted = stopped
        assert halted is not None
    failpoints.arm(None)
    tenant.edit(ids[0], "title", "renamed late")
    run = tenant.crm.resume()
    told = {item.contract.id: item for item in run}
    assert f"title: {before.title} → renamed late" in told[ids[0]].remark
    assert told[ids[1]].outcome is Outcome.REMOVED


def test_noise_by_a_rule_passes_and_is_named_in_the_plan(ruled: Ruled) -> None:
    title = ruled.under("").field_of("title")
    tenant = ruled.under(f'noise = ["{title}"]')
    ids = tenant.ids()[1:3]
    plan = tenant.crm.plan(ids=ids)
    assert plan.notes.noise == (title,)
    tenant.edit(ids[0], "title", "renamed")
    tenant.edit(ids[1], "amount", 1)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    told = {item.contract.id: (item.outcome, item.remark) for item in run}
    assert told[ids[0]] == (Outcome.REMOVED, "")
    assert told[ids[1]][0] is Outcome.HELD


@pytest.mark.parametrize("meaning", ["number", "status", "amount", "customer", "end"])
def test_what_makes_a_contract_another_one_is_never_noise(ruled: Ruled, meaning: str) -> None:
    name = ruled.under("").field_of(meaning)
    with pytest.raises(UsageError) as caught:
        ruled.under(f'noise = ["{name}"]').crm.plan("everything")
    assert caught.value.reason == "never_noise"
