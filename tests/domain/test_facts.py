"""A fact stands for an assumption for 90 days; it may choose a setting and overrules none that was written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_bridge.domain.planning.facts import (
    FACT_LIFE,
    FactSheet,
    Observed,
    Setting,
    Standing,
    TenantFact,
    standing_of,
    with_settings,
)

NOW = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)


def fact(question: str, value: str = "yes", *, age: timedelta = timedelta(), **more: object) -> TenantFact:
    found = Observed(question, value, **more)  # type: ignore[arg-type]
    return TenantFact(found, NOW - age, standing_of(found, {"a.limit": 100}))


def sheet(*facts: TenantFact) -> FactSheet:
    return FactSheet("org", "Contracts", {one.found.question: one for one in facts})


def test_an_observation_that_agrees_with_the_assumption_is_observed_and_another_one_contradicts_it() -> None:
    assert fact("Q-1", settings={"a.limit": 100}).standing is Standing.OBSERVED
    assert fact("Q-1", settings={"a.limit": 20}).standing is Standing.CONTRADICTED
    assert fact("Q-1", "", why="nothing to look at").standing is Standing.NOT_OBSERVABLE


def test_an_observation_without_a_setting_that_the_adapter_relies_on_contradicts_and_holds() -> None:
    one = fact("Q-1", holds=True)
    assert one.standing is Standing.CONTRADICTED
    assert sheet(one).holding() == (one,)


@pytest.mark.parametrize(
    ("age", "stays"),
    [(timedelta(), True), (FACT_LIFE, True), (FACT_LIFE + timedelta(seconds=1), False), (timedelta(-1), False)],
)
def test_a_fact_is_in_force_for_90_days_and_never_before_it_was_observed(age: timedelta, stays: bool) -> None:
    assert bool(sheet(fact("Q-1", age=age)).fresh(NOW).facts) is stays


def test_what_was_observed_is_no_assumption_any_more() -> None:
    known = sheet(fact("Q-1"), fact("Q-2", ""))
    assert known.left(["Q-1 limit=100", "Q-2 total=exact", "Q-3 lag=0"]) == ("Q-2 total=exact", "Q-3 lag=0")


def test_facts_are_counted_with_the_day_of_the_oldest_observation() -> None:
    count = sheet(fact("Q-1"), fact("Q-2", age=timedelta(days=3)), fact("Q-3", "")).count()
    assert count is not None
    assert (count.known, count.observed, count.on) == (3, 2, "2026-11-30")
    assert sheet(fact("Q-3", "")).count() is None


def test_a_fact_sets_what_the_configuration_leaves_open_and_overrules_nothing_that_it_says() -> None:
    told: dict[str, Setting] = {"assumptions.limit": 20, "assumptions.total": "none", "batch": 10}
    merged, overruled = with_settings({"assumptions": {"total": "exact"}, "url": "x"}, told)
    assert merged == {"assumptions": {"total": "exact", "limit": 20}, "url": "x", "batch": 10}
    assert overruled == {"assumptions.total": "none"}
    assert with_settings({"batch": 10}, {"batch": 10})[1] == {}


def test_a_fact_is_read_back_as_it_was_written() -> None:
    one = fact("Q-1", "cut to 20", settings={"a.limit": 20, "b": True}, calls=("POST /query: 0",))
    assert TenantFact.from_json(one.as_json()) == one
