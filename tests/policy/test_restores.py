"""No limit stands between a person and a way back: the strictest policy there is refuses no restore."""

from __future__ import annotations

import pytest

from crm_bridge.domain.capabilities import Step
from tests.policy.conftest import Ruled
from tests.policy.test_never_exceeded import STRICTEST


@pytest.mark.parametrize("step", list(Step))
def test_what_was_deleted_comes_back_under_a_policy_that_allows_nothing(ruled: Ruled, step: Step) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[1:4]
    plan = tenant.crm.plan(ids=ids, step=step)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    lost = ruled.under(STRICTEST + 'hold_list = "lost.csv"\n', release=False)
    (ruled.house.home / "stop").touch()
    back = lost.crm.restore(run.id)
    assert [one.result for one in back] == ["restored"] * 3
    assert len(lost.ids()) == 30


def test_a_restore_of_more_than_any_plan_may_have_is_one_restore(ruled: Ruled) -> None:
    tenant = ruled.under("")
    plan = tenant.crm.plan("everything", max_contracts=40)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert tenant.ids() == []
    back = ruled.under(STRICTEST, release=False).crm.restore(run.id)
    assert len(back) == 30
    assert {one.result for one in back} == {"restored"}
