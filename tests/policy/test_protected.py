"""A protected contract is planned by nobody; what a rule needs and the CRM does not tell protects as well."""

from __future__ import annotations

import pytest

from crm_bridge.errors import ConfigError, GuardError
from tests.policy.conftest import Ruled


def statuses(ruled: Ruled) -> dict[str, str | None]:
    return {one.id: one.status for one in ruled.under("").crm.find("everything")}


def test_protected_statuses_are_left_out_and_named(ruled: Ruled) -> None:
    before = statuses(ruled)
    plan = ruled.under('protected_statuses = ["active", "Renewed"]').crm.plan("everything")
    protected = {key for key, status in before.items() if status in ("Active", "Renewed")}
    assert {one.id for one in plan} == set(before) - protected
    assert plan.notes.protected_count == len(protected) > 0
    assert all("protected_status" in line for line in plan.notes.protected)


def test_a_hold_list_protects_by_id_and_by_number(ruled: Ruled) -> None:
    tenant = ruled.under("")
    first, second, *_rest = tenant.crm.find("everything")
    (ruled.house.home / "holds.csv").write_text(f"number,reason\n{first.number},litigation 4711\n{second.id},audit\n")
    plan = ruled.under('hold_list = "holds.csv"').crm.plan("everything")
    assert {first.id, second.id}.isdisjoint(one.id for one in plan)
    assert "litigation 4711" in "".join(plan.notes.protected)
    with pytest.raises(GuardError) as caught:
        ruled.under('hold_list = "holds.csv"').crm.plan(ids=[first.id])
    assert (caught.value.reason, caught.value.exit_code) == ("protected", 4)
    assert "litigation 4711" in caught.value.hint


def test_without_its_hold_list_nothing_is_planned_and_everything_can_come_back(ruled: Ruled) -> None:
    free = ruled.under("")
    plan = free.crm.plan(ids=free.ids()[:2])
    free.crm.apply(plan, confirm=plan.digest)
    held = ruled.under('hold_list = "lost.csv"')
    with pytest.raises(GuardError) as caught:
        held.crm.plan(ids=held.ids()[:1])
    assert caught.value.reason == "policy_unreadable"
    assert [step.result for step in held.crm.restore(last=True)] == ["restored"] * 2


def test_owners_customers_names_and_age_protect(ruled: Ruled) -> None:
    one = next(iter(ruled.under("").crm.find("everything")))
    for policy in (
        f'protected_owners = ["{one.owner}"]',
        f'protected_customers = ["{one.customer}"]',
        f'protected_names = ["{(one.number or "")[:7]}*"]',
        "min_age_days = 30000",
    ):
        with pytest.raises(GuardError) as caught:
            ruled.under(policy).crm.plan(ids=[one.id])
        assert caught.value.reason == "protected", policy


def test_an_unknown_key_of_the_policy_names_its_line(ruled: Ruled) -> None:
    with pytest.raises(ConfigError) as caught:
        ruled.under("max_contract = 7")
    assert "max_contract" in caught.value.message
    assert "config.toml:" in caught.value.message


def test_a_connection_sets_its_own_caps(ruled: Ruled) -> None:
    tenant = ruled.under("max_contracts = 3")
    assert [one.limit for one in tenant.crm.plan("everything").notes.refusals] == [3]
    path = ruled.house.home / "config.toml"
    path.write_text(path.read_text() + f"\n[connections.{ruled.name}-sandbox.policy]\nmax_contracts = 4\n")
    with ruled.house.reopened() as bridge:
        assert [one.limit for one in bridge.connect(tenant.crm.name).plan("everything").notes.refusals] == [4]
