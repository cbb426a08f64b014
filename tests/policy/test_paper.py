"""Paper outlives the record: what was ordered, paid, invoiced or signed is held unless a named rule releases it."""

from __future__ import annotations

import pytest

from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.reasons import Reason
from tests.journeys.conftest import Tenant
from tests.policy.conftest import Ruled


def deleted(tenant: Tenant, ids: list[str]) -> dict[str, tuple[Outcome, Reason | None, str]]:
    plan = tenant.crm.plan(ids=ids)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    return {item.contract.id: (item.outcome, item.reason, item.remark) for item in run}


def test_ordered_and_paid_contracts_are_held_with_the_name_of_the_rule(ruled: Ruled) -> None:
    tenant = ruled.under("", release=False)
    ids = tenant.ids()[:9]
    told = deleted(tenant, ids)
    # Every fourth seeded contract has an order, every eighth payments as well.
    for place, record_id in enumerate(ids):
        outcome, reason, remark = told[record_id]
        if place % 4 == 0:
            assert (outcome, reason) == (Outcome.HELD, Reason.PAPER)
            assert "paper.order" in remark
            assert ("paper.payment" in remark) == (place % 8 == 0)
        else:
            assert outcome is Outcome.REMOVED
    assert {key for kind, key in tenant.removals() if key in ids} == {i for n, i in enumerate(ids) if n % 4}


def test_a_named_rule_releases_what_it_names_and_the_plan_says_so(ruled: Ruled) -> None:
    rule = '[policy.retention.ten-years]\nreleases = ["order"]\n'
    tenant = ruled.under(rule, release=False)
    ids = tenant.ids()[:9]
    plan = tenant.crm.plan(ids=ids)
    assert plan.notes.released == ("ten-years: order",)
    told = deleted(tenant, ids)
    assert [told[ids[n]][0] for n in (0, 4, 8)] == [Outcome.HELD, Outcome.REMOVED, Outcome.HELD]
    assert "paper.payment" in told[ids[0]][2]
    assert "paper.order" not in told[ids[0]][2]


def test_a_rule_with_years_wants_an_end_date_that_is_old_enough(ruled: Ruled) -> None:
    late = '[policy.retention.late]\nreleases = ["order", "payment"]\nended_days = 36500\n'
    tenant = ruled.under(late, release=False)
    ids = tenant.ids()[:1]
    assert deleted(tenant, ids)[ids[0]][0] is Outcome.HELD


@pytest.mark.parametrize(("policy", "held"), [('no_paper = ["*order*", "*Order*", "销售订单"]', False), ("", True)])
def test_what_counts_can_be_configured(ruled: Ruled, policy: str, held: bool) -> None:
    tenant = ruled.under(policy, release=False)
    ids = tenant.ids()[4:5]
    assert (deleted(tenant, ids)[ids[0]][0] is Outcome.HELD) == held


def test_a_signed_copy_holds_its_contract(ruled: Ruled) -> None:
    tenant = ruled.under('paper_sources = { signed_copy = ["*扫描件*"] }', release=False)
    ids = tenant.ids()
    with_file = ids[6]  # every sixth has a file, and the seventh contract no order
    outcome, reason, remark = deleted(tenant, [with_file])[with_file]
    assert (outcome, reason) == (Outcome.HELD, Reason.PAPER)
    assert "paper.signed_copy" in remark


PAPER = ("invoice", "envelope", "signed_copy")


def on_paper(tenant: Tenant) -> dict[str, str]:
    """Give contracts without order, payment or file one kind of paper each; return the kind by id."""
    made = dict(zip([tenant.ids()[place] for place in (1, 2, 3)], PAPER, strict=True))
    for record_id, kind in made.items():
        told = tenant.emulator.control("add", {"id": record_id, "what": kind, "text": f"{kind} of 2024"})
        assert "error" not in told
    return made


def test_invoiced_sent_out_for_signing_and_signed_contracts_are_held_with_the_name_of_the_rule(ruled: Ruled) -> None:
    made = on_paper(ruled.under(""))
    tenant = ruled.under("", release=False)
    told = deleted(tenant, [*made, tenant.ids()[5]])
    for record_id, kind in made.items():
        outcome, reason, remark = told[record_id]
        assert (outcome, reason) == (Outcome.HELD, Reason.PAPER)
        assert remark.startswith(f"paper.{kind}: ")
    assert [outcome for outcome, *_why in told.values()].count(Outcome.REMOVED) == 1
    assert {key for _kind, key in tenant.removals()} & set(made) == set()


@pytest.mark.parametrize("released", PAPER)
def test_a_release_lets_go_of_its_own_kind_alone(ruled: Ruled, released: str) -> None:
    made = on_paper(ruled.under(""))
    tenant = ruled.under(f'[policy.retention.named]\nreleases = ["{released}"]\n', release=False)
    told = deleted(tenant, list(made))
    assert {kind for one, kind in made.items() if told[one][0] is Outcome.REMOVED} == {released}


def test_paper_that_comes_after_the_plan_holds_as_well(ruled: Ruled) -> None:
    tenant = ruled.under("", release=False)
    ids = tenant.ids()[1:4]
    plan = tenant.crm.plan(ids=ids)
    made = on_paper(tenant)
    later = ruled.under("", release=False)
    run = later.crm.apply(plan.path, confirm=plan.digest)
    assert {item.contract.id: item.outcome for item in run} == dict.fromkeys(made, Outcome.HELD)
    assert later.removals() == []
