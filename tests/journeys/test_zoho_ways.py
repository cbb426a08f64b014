"""Zoho's own ways through a whole journey: the fast path, ids that are too long, purges, scheduled jobs, credits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from crm_bridge.bridge.connection import RaisedCaps
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.errors import PermissionDeniedError
from tests.journeys.conftest import House, Tenant

EVERYTHING = "everything"
MANY: RaisedCaps = {"max_contracts": 5000, "max_leaves": 100_000, "max_share": 100}
OAUTH = "/oauth/v2/token"


@pytest.fixture
def zoho(house: House) -> Tenant:
    return house.tenant("zoho")


def calls(tenant: Tenant, part: str) -> int:
    return sum(part in f"{line.method} {line.path}" for line in tenant.lines())


def removed(tenant: Tenant, count: int, **options: object) -> PlanNotes:
    """Plan and apply everything; return the notes of the plan."""
    plan = tenant.crm.plan(EVERYTHING, **MANY, **options)  # type: ignore[arg-type]
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.counts == Counter({Outcome.REMOVED: count})
    return plan.notes


def test_the_fast_path_takes_five_hundred_contracts_a_call_and_the_plan_names_what_it_cannot_switch_off(
    make_house: Callable[[int], House],
) -> None:
    zoho = make_house(1000).tenant("zoho")
    zoho.switch("plain_module", True)
    plan = zoho.crm.plan(EVERYTHING, fast=True, **MANY)
    assert any("mass_delete" in effect for effect in plan.head.side_effects)
    run = zoho.crm.apply(plan, confirm=plan.digest)
    assert run.counts == Counter({Outcome.REMOVED: 1000})
    assert calls(zoho, "POST /crm/v8/Contracts/actions/mass_delete") == 3  # five first contracts, 500, 495
    assert calls(zoho, "DELETE ") == 0


def test_the_ordinary_path_names_no_side_effect_of_the_fast_one(zoho: Tenant) -> None:
    assert not any("mass_delete" in effect for effect in zoho.crm.plan(EVERYTHING, **MANY).head.side_effects)


def test_without_the_right_to_mass_delete_the_fast_path_is_refused_before_anything_is_removed(zoho: Tenant) -> None:
    zoho.emulator.control("profile", {"mass_delete": False})
    plan = zoho.crm.plan(EVERYTHING, fast=True, **MANY)
    assert any("Mass Delete" in warning for warning in plan.notes.warnings)
    run = zoho.crm.apply(plan, confirm=plan.digest)
    assert isinstance(run.halted, PermissionDeniedError)
    assert zoho.removals() == []


@pytest.mark.parametrize("longest", [1024, 200, 20])
def test_a_zoho_that_takes_fewer_ids_a_call_gets_fewer_until_all_are_gone(
    make_house: Callable[[int], House], longest: int
) -> None:
    zoho = make_house(120).tenant("zoho")
    zoho.switch("plain_module", True)
    zoho.switch("ids_max_length", longest)
    removed(zoho, 120)
    kinds = Counter(kind for kind, _id in zoho.removals())
    assert kinds["trashed"] == 120


def test_a_purge_goes_through_the_bin_and_is_seen_there(zoho: Tenant) -> None:
    ids = zoho.ids()[:30]
    plan = zoho.crm.plan(ids=ids, step=Step.PURGE)
    run = zoho.crm.apply(plan, confirm=plan.digest)
    assert run.counts == Counter({Outcome.REMOVED: 30})
    assert {item.evidence.value for item in run if item.evidence} == {"E3"}
    assert {zoho.place(one) for one in ids} == {"gone"}


def test_without_the_right_to_the_bin_no_purge_is_planned(zoho: Tenant) -> None:
    zoho.emulator.control("profile", {"recycle_bin": False})
    with pytest.raises(PermissionDeniedError):
        zoho.crm.plan(ids=zoho.ids()[:3], step=Step.PURGE)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("fast", [True, False])
def test_calls_and_credits_are_predicted_within_a_tenth(
    make_house: Callable[[int], House], plain: bool, fast: bool
) -> None:
    count = 700 if plain else 60
    zoho = make_house(count).tenant("zoho")
    zoho.switch("plain_module", plain)
    predicted = removed(zoho, count, fast=fast).predicted
    assert predicted is not None
    sent = [line for line in zoho.lines() if line.path.startswith("/crm/")]
    files = sum("/Attachments/" in line.path or "download_fields" in line.path for line in sent)
    spent = 75_000 - zoho.emulator.control("credits", {})["remaining"]
    assert predicted.calls == pytest.approx(len(sent) - files, rel=0.1)
    assert predicted.credits == pytest.approx(spent - files, rel=0.1)


def test_a_plan_that_needs_more_credits_than_are_left_is_refused_before_it_starts(house: House) -> None:
    zoho = house.tenant("zoho")
    zoho.emulator.control("credits", {"remaining": 60})
    (refusal,) = zoho.crm.plan(EVERYTHING, **MANY).notes.refusals
    assert (refusal.rule, int(refusal.limit) <= 60) == ("quota", True)
    assert "left today" in refusal.text()


def test_applying_a_plan_of_two_thousand_plain_contracts_stays_within_its_calls_and_credits(
    make_house: Callable[[int], House],
) -> None:
    house = make_house(2000)
    zoho = house.tenant("zoho")
    zoho.switch("plain_module", True)
    plan = zoho.crm.plan(EVERYTHING, **MANY)
    sent, left = len(zoho.lines()), zoho.emulator.control("credits", {})["remaining"]
    run = house.reopened().connect("zoho-sandbox").apply(plan.path, confirm=plan.digest)
    assert {item.evidence.value for item in run if item.evidence} == {"E2"}
    assert len(zoho.lines()) - sent <= 60  # metadata, backup, looks, 21 deletes, and the bin included
    assert left - zoho.emulator.control("credits", {})["remaining"] <= 62
