"""A request can only narrow: what was not said is not meant, what was said twice is not dropped."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.domain.filters.where import where
from crm_bridge.errors import UsageError
from tests.journeys.conftest import House, Tenant


def test_a_plan_of_every_contract_is_asked_for_by_name(tenant: Tenant) -> None:
    filters: list[str] = []
    with pytest.raises(UsageError) as caught:
        tenant.crm.plan(*filters, reason="bug")
    assert (caught.value.reason, caught.value.exit_code) == ("no_selection", 2)
    assert "everything" in caught.value.hint
    assert tenant.crm.plan("everything").count == len(tenant.ids())


@pytest.mark.parametrize("ids", ["554023000003700000", ["a b"], [""], ["1", None], ["../x"], ["1' or 1"]])
def test_what_is_no_id_is_refused(tenant: Tenant, ids: Any) -> None:
    for ask in (tenant.crm.plan, tenant.crm.find):
        with pytest.raises(UsageError) as caught:
            ask(ids=ids)
        assert caught.value.reason == "not_an_id"


def test_no_ids_are_no_contracts(tenant: Tenant) -> None:
    assert list(tenant.crm.find(ids=[])) == []


def test_filters_words_and_ids_all_narrow(tenant: Tenant) -> None:
    ids = tenant.ids()
    wanted = ids[:20]
    filters = ('status = "Expired"', where.amount > 1000)
    alone = [{one.id for one in tenant.crm.find(each)} for each in filters]
    assert {one.id for one in tenant.crm.find(*filters, ids=wanted)} == set(wanted) & alone[0] & alone[1]


def test_a_limit_counts_what_matches_and_not_what_was_read(tenant: Tenant) -> None:
    ids = tenant.ids()
    expired = [one.id for one in tenant.crm.find('status = "Expired"')]
    first = [one for one in ids if one not in expired][:5] + expired[:3]
    assert [one.id for one in tenant.crm.find('status = "Expired"', ids=first, limit=2)] == expired[:2]
    assert len(list(tenant.crm.find('status = "Expired"', limit=3))) == 3


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(tenant: Tenant, limit: int) -> None:
    with pytest.raises(UsageError):
        tenant.crm.find(limit=limit)


def test_a_restore_is_told_which_run_or_that_it_is_the_last(tenant: Tenant) -> None:
    plan = tenant.crm.plan(ids=tenant.ids()[:2])
    tenant.crm.apply(plan, confirm=plan.digest)
    with pytest.raises(UsageError) as caught:
        tenant.crm.restore()
    assert caught.value.reason == "no_selection"
    assert [step.result for step in tenant.crm.restore(last=True)] == ["restored"] * 2


@pytest.mark.parametrize("days", [0, -1, 40_000])
def test_a_backup_is_kept_for_a_number_of_days_that_makes_sense(tenant: Tenant, days: int) -> None:
    with pytest.raises(UsageError):
        tenant.crm.backup(tenant.crm.find(limit=1), keep_days=days)


@pytest.mark.parametrize("most", [0, -1, True, 2.5, "9"])
def test_a_cap_is_a_whole_number_from_one_on(tenant: Tenant, most: Any) -> None:
    with pytest.raises(UsageError):
        tenant.crm.plan("everything", max_contracts=most)


def test_the_cap_stands_at_500_and_in_the_configuration(house: House, tenant: Tenant) -> None:
    assert tenant.crm.context.rules.caps.max_contracts == 500
    path = house.home / "config.toml"
    path.write_text(path.read_text() + "\n[policy]\nmax_contracts = 7\n")
    with Bridge.open(house.home, clock=house.clock, environ={}) as bridge:
        plan = bridge.connect(tenant.crm.name).plan("everything")
        assert [one.limit for one in plan.notes.refusals] == [7]
