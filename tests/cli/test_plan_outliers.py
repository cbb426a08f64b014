"""Outliers of a plan: shown with the reason, left out or acknowledged by name, and never more than twenty calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from tests.cli.conftest import Shell

NAME = "zoho-sandbox"


@pytest.fixture
def running(shell: Shell) -> Iterator[Sandbox]:
    with sandbox(SandboxOptions(home=shell.home, count=300, only=("zoho",))) as running:
        yield running


@pytest.fixture
def plan(shell: Shell, running: Sandbox) -> Path:
    """Every active contract, and one draft that got among them."""
    path = shell.home / "mixed.plan"
    draft = shell("find", NAME, "--where", 'status = "Draft"', "--limit", "1", "--json").lines()[0]["number"]
    rule = f'status = "Active" or number = "{draft}"'
    made = shell("plan", NAME, "--where", rule, "--max-share", "100", "-o", path, "--no-rehearse")
    assert made.code == 0, made.err
    assert "not like the others" in made.out
    (shell.home / "draft").write_text(draft)
    return path


def test_an_outlier_is_named_with_its_reason_and_how_many_the_module_has(shell: Shell, plan: Path) -> None:
    draft = (shell.home / "draft").read_text()
    told = {one["number"]: one for one in shell("plan", "outliers", plan, "--json").lines()}
    (why,) = [one["message"] for one in told[draft]["reasons"] if one["rule"] == "status"]
    assert why == "status Draft (38 in the module), usual: Active"
    assert len(told) <= 0.05 * shell("plan", "show", plan, "--json").document()["count"]


def test_an_outlier_is_left_out_by_name_or_by_rule(shell: Shell, plan: Path) -> None:
    draft, less = (shell.home / "draft").read_text(), plan.with_name("less.plan")
    before = shell("plan", "show", plan, "--json").document()
    for what in (draft, "status"):
        made = shell("plan", "outliers", plan, "--drop", what, "-o", less, "--json").document()
        assert (made["count"], made["notes"]["dropped_count"]) == (before["count"] - 1, 1)
        assert made["digest"] != before["digest"]
        assert made["made_at"] == before["made_at"]
        assert draft in made["notes"]["dropped"][0]
    assert shell("apply", less, "--confirm", made["digest"]).code in (0, 3)
    assert shell("find", NAME, "--number", draft, "--json").lines()[0]["number"] == draft


def test_an_outlier_that_is_acknowledged_stays_and_is_told(shell: Shell, plan: Path) -> None:
    draft, kept = (shell.home / "draft").read_text(), plan.with_name("kept.plan")
    made = shell("plan", "outliers", plan, "--keep", draft, "-o", kept)
    assert "acknowledged" in made.out
    told = {one["number"]: one["acknowledged"] for one in shell("plan", "outliers", kept, "--json").lines()}
    assert [number for number, seen in told.items() if seen] == [draft]


def test_what_is_no_outlier_is_not_left_out(shell: Shell, plan: Path) -> None:
    said = shell("plan", "outliers", plan, "--drop", "nobody", "-o", plan.with_name("x.plan"), "--json")
    assert (said.code, said.error()["reason"]) == (2, "no_outlier")
    assert not plan.with_name("x.plan").exists()


def test_comparing_with_the_module_costs_twenty_calls_at_most(shell: Shell, running: Sandbox) -> None:
    with Bridge.open(shell.home) as bridge:
        crm = bridge.connect(NAME)
        calls: list[object] = []
        bridge.on_call = calls  # type: ignore[assignment]
        crm.plan('status = "Active"', max_share=100)
        counting = [one for one in calls if "COUNT" in str(one) or "count" in str(one)]
        assert len(counting) <= 20
