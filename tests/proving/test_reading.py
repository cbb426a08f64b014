"""The reading part: what is observed without writing anything, and what plans make of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge.card import card_text
from crm_bridge.domain.planning.facts import Standing
from crm_bridge.errors import GuardError
from tests.journeys.conftest import House, Tenant, served


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with served(tmp_path / "home", count=12) as house:
        yield house


def values(tenant: Tenant) -> dict[str, str]:
    """Prove the reading part and return the observed values."""
    return {one.found.question: one.found.value for one in tenant.crm.prove().facts if one.found.value}


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_nothing_is_changed_and_every_question_has_an_answer_or_a_reason(house: House, name: str) -> None:
    tenant = house.tenant(name)
    proof = tenant.crm.prove()
    assert [one for line in tenant.lines() for one in line.effects] == []
    assert proof.calls == len(tenant.lines()) <= 80
    assert [one.found.question for one in proof.facts] == [one.id for one in proof.questions]
    assert all(bool(one.found.value) != bool(one.found.why) for one in proof.facts)
    assert proof.of(Standing.CONTRADICTED) == []


@pytest.mark.parametrize(
    ("switch", "value", "question", "told"),
    [
        ("max_query_limit", 50, "A-01", "cut to 50"),
        ("total_by_default", "zero", "A-02", "none; exact when asked"),
        ("id_conversion", "never", "A-04", "never"),
        ("trace_id_required", True, "A-05", "required"),
        ("absent_record", "empty", "A-09", "no data"),
        ("unknown_operator", "error", "A-15", "error"),
        ("path_families", "any", "A-16", "any"),
        ("describe_details", True, "A-17", "brings them"),
        ("missing_user_code", 10010, "A-19", "10010"),
    ],
)
def test_a_turned_switch_of_fxiaoke_is_told(house: House, switch: str, value: object, question: str, told: str) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.switch(switch, value)
    assert values(tenant)[question] == told


@pytest.mark.parametrize(
    ("switch", "value", "question", "told"),
    [
        ("coql_max_rows", 200, "Z-01", "refused above 200"),
        ("coql_in_limit", 100, "Z-02", "100 or more"),
        ("bare_lookups", True, "Z-07", "bare"),
        ("missing_as", 404, "Z-09", "404"),
        ("children_in_queries", "yes", "Z-11", "taken"),
        ("coql_subforms", False, "Z-12", "refused"),
    ],
)
def test_a_turned_switch_of_zoho_is_told(house: House, switch: str, value: object, question: str, told: str) -> None:
    tenant = house.tenant("zoho")
    tenant.switch(switch, value)
    assert values(tenant)[question] == told


def test_a_contradicted_assumption_sets_its_switch_for_this_process_and_the_next(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.switch("max_query_limit", 20)
    tenant.switch("over_limit", "error")
    fact = next(one for one in tenant.crm.prove().facts if one.found.question == "A-01")
    assert (fact.standing, fact.found.settings) == (Standing.CONTRADICTED, {"assumptions.max_query_limit": 20})
    assert len(list(tenant.crm.find())) == 12
    with house.reopened() as bridge:
        assert len(list(bridge.connect("fxiaoke-sandbox").find())) == 12


def test_a_plan_says_how_much_was_observed_and_lists_what_was_not(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    before = tenant.crm.plan(ids=tenant.ids()[:1])
    tenant.crm.prove()
    plan = tenant.crm.plan(ids=tenant.ids()[:1])
    assert "30 facts, 10 observed on 2026-08-03" in card_text(plan)
    assert len(before.head.assumptions) - len(plan.head.assumptions) == 11  # one question has two settings
    assert not [one for one in plan.head.assumptions if one.startswith("A-01 ")]


def test_facts_are_forgotten_after_90_days(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.crm.prove()
    house.clock.advance(91 * 86_400)
    with house.reopened() as bridge:
        assert bridge.known_facts("fxiaoke-sandbox").facts == {}


def test_facts_of_another_module_are_not_used(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.crm.prove()
    config = house.home / "config.toml"
    config.write_text(config.read_text().replace('"SaleContractObj"', '"object_9Kx2p__c"'))
    with house.reopened() as bridge:
        assert bridge.known_facts("fxiaoke-sandbox").facts
        assert bridge.profile("fxiaoke-sandbox").module == "object_9Kx2p__c"
        assert bridge.known_facts("fxiaoke-sandbox").facts == {}


def test_what_was_written_down_otherwise_holds_the_plan(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.switch("unknown_operator", "error")
    config = house.home / "config.toml"
    config.write_text(
        config.read_text() + '\n[connections.fxiaoke-sandbox.assumptions]\nunknown_operator = "ignored"\n'
    )
    with house.reopened() as bridge:
        crm = bridge.connect("fxiaoke-sandbox")
        crm.prove()
        plan = crm.plan(ids=tenant.ids()[:1])
        assert [(one.rule, one.of) for one in plan.notes.refusals] == [
            ("fact_overruled", "assumptions.unknown_operator")
        ]
        with pytest.raises(GuardError, match="says otherwise"):
            crm.apply(plan, confirm=plan.digest)
    assert tenant.removals() == []
