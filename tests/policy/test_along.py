"""What goes along with contracts is counted in the plan, as far as the CRM counts it, and the rest when it is saved."""

from __future__ import annotations

import pytest

from crm_bridge.errors import GuardError
from tests.journeys.conftest import Tenant
from tests.policy.conftest import Ruled


def lines_of(tenant: Tenant, plan_ids: list[str]) -> int:
    """Return how many lines the seeded contracts have: three each."""
    return 3 * len(plan_ids)


def test_lines_beyond_the_cap_are_refused_inside_the_plan(ruled: Ruled) -> None:
    tenant = ruled.under("max_leaves = 11")
    ids = tenant.ids()[:4]
    plan = tenant.crm.plan(ids=ids)
    assert [(one.rule, one.count, one.limit) for one in plan.notes.refusals] == [("max_leaves", 12, 11)]
    assert plan.notes.along.counted == lines_of(tenant, ids)
    with pytest.raises(GuardError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert caught.value.exit_code == 4
    raised = tenant.crm.plan(ids=ids, max_leaves=200)
    assert raised.notes.refusals == ()


def test_what_the_crm_does_not_count_is_named_and_stopped_before_anything_is_deleted(ruled: Ruled) -> None:
    tenant = ruled.under("max_leaves = 3")
    (first, *_rest) = tenant.ids()  # three lines, a file, and where the CRM has notes a note
    plan = tenant.crm.plan(ids=[first])
    assert plan.notes.refusals == ()
    assert plan.notes.along.counted == 3
    assert plan.notes.along.uncounted
    with pytest.raises(GuardError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert caught.value.reason == "max_leaves"
    assert tenant.removals() == []


def test_a_module_that_has_no_more_than_the_cap_is_counted_once(ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_bridge.pipeline.planning.policing._COUNTED_AT_ONCE", 10)
    tenant = ruled.under("")
    ids = tenant.ids()[:20]
    whole = tenant.crm.plan(ids=ids).notes.along
    assert (whole.counted, whole.at_most) == (lines_of(tenant, tenant.ids()), True)
    exact = ruled.under("max_leaves = 80").crm.plan(ids=ids).notes.along
    assert (exact.counted, exact.at_most) == (lines_of(tenant, ids), False)


def test_a_crm_that_counts_nothing_leaves_it_to_the_backup(ruled: Ruled) -> None:
    ruled.under("").switch("coql_subforms", False) if ruled.name == "zoho" else ruled.assume('query_total = "none"')
    tenant = ruled.under("max_leaves = 5")
    plan = tenant.crm.plan(ids=tenant.ids()[:4])
    assert plan.notes.along.counted == 0
    with pytest.raises(GuardError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert caught.value.reason == "max_leaves"
    assert tenant.removals() == []
