"""What a plan says of the CRM's rate and quota, before anybody confirms."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace

from crm_bridge.bridge import Plan
from crm_bridge.cli.views.plan_view import plan_card, plan_details, plan_json
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.planning.cost import Pace
from tests.journeys.conftest import House

EVERYTHING = "everything"


def card(plan: Plan) -> str:
    shown = io.StringIO()
    plan_card(plan, shown)
    with contextlib.redirect_stdout(shown):
        plan_details(plan)
    return " ".join(shown.getvalue().split())


def test_a_plan_says_how_many_calls_delete_it_at_least(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    plan = tenant.crm.plan(EVERYTHING, step=Step.PURGE)
    calls = plan.count + -(-plan.count // 20)  # one call voids one contract, one deletes twenty
    assert f"calls at least {calls} " in card(plan)
    assert plan_json(plan)["notes"]["pace"] == {"calls": calls, "seconds": 0, "calls_per_day": 100_000, "days": 1}


def test_a_plan_that_takes_days_says_so(house: House) -> None:
    plan = house.tenant("fxiaoke").crm.plan(EVERYTHING)
    plan.file.plan = replace(plan.deletion_plan, notes=replace(plan.notes, pace=Pace(250_000, 49_980, 100_000)))
    said = card(plan)
    assert "at least 250,000, in 49,980 s or more" in said
    assert "the CRM takes 100,000 a day: go on with `crm-bridge resume` for 3 days" in said


def test_a_crm_whose_limits_do_not_tell_has_no_pace(house: House) -> None:
    plan = house.tenant("zoho").crm.plan(EVERYTHING)
    assert plan_json(plan)["notes"]["pace"] is None
    assert "calls at least" not in card(plan)
