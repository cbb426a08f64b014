"""The fixtures with which people test their own scripts: a CRM, a state directory, a clock that stands."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_bridge import Bridge, UsageError, where
from crm_bridge.testing.pytest_plugin import MakeSandbox
from crm_bridge.testing.stand_in import StandIn

NOW = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)


def clean_up(connection: str) -> int:
    """Stand for somebody's script: it knows nothing of tests."""
    with Bridge.open() as bridge:
        crm = bridge.connect(connection)
        plan = crm.plan(where.amount > 0, reason="old")
        return crm.apply(plan, confirm=plan.digest).exit_code


def test_a_script_meets_the_stand_in_of_zoho(zoho_sandbox: StandIn) -> None:
    zoho_sandbox.assert_no_effects()
    assert clean_up("zoho-sandbox") == 0
    assert {effect.id for effect in zoho_sandbox.effects("trashed")}.isdisjoint(zoho_sandbox.ids())
    with pytest.raises(AssertionError, match="changed something"):
        zoho_sandbox.assert_no_effects()


def test_a_script_meets_the_stand_in_of_fxiaoke(fxiaoke_sandbox: StandIn) -> None:
    assert clean_up("fxiaoke-sandbox") == 0
    assert fxiaoke_sandbox.ids() == []


@pytest.mark.parametrize(("adapter", "removals"), [("zoho", {"method": "DELETE"}), ("fxiaoke", {"pattern": "nvalid"})])
def test_a_connection_is_called_as_in_the_script_and_answers_are_lost_as_asked(
    crm_sandbox: MakeSandbox, adapter: str, removals: dict[str, object]
) -> None:
    crm = crm_sandbox(adapter, name="prod", count=6, faults=[{"kind": "drop_after", "match": removals}])
    clean_up("prod")
    assert [one["kind"] for one in crm.running.servers[adapter].exchange.traffic.faults()] == ["drop_after"]
    assert crm.crm.resume().exit_code == 0


def test_the_clock_stands_where_it_was_put(crm_sandbox: MakeSandbox) -> None:
    zoho = crm_sandbox("zoho", count=3, now=NOW)
    plan = zoho.crm.plan("everything")
    assert plan.head.made_at == NOW
    with Bridge.open() as bridge:
        assert bridge.env.clock.now() == zoho.clock.now()


def test_a_time_without_a_zone_is_refused(crm_sandbox: MakeSandbox) -> None:
    with pytest.raises(UsageError, match="time zone"):
        crm_sandbox("zoho", now=NOW.replace(tzinfo=None))


def test_somebody_else_may_act_at_the_crm(zoho_sandbox: StandIn) -> None:
    plan = zoho_sandbox.crm.plan("everything")
    changed = zoho_sandbox.ids()[0]
    zoho_sandbox.edit(changed, "title", "edited by somebody else")
    (held,) = zoho_sandbox.crm.apply(plan, confirm=plan.digest).not_removed
    assert held.contract.id == changed
    with pytest.raises(AssertionError, match="lock"):
        zoho_sandbox.control("lock", id="none")


def test_a_fault_that_does_not_exist_is_refused(zoho_sandbox: StandIn) -> None:
    with pytest.raises(UsageError, match="known kind"):
        zoho_sandbox.inject({"kind": "earthquake"})


def test_another_process_finds_the_stand_in_too(zoho_sandbox: StandIn) -> None:
    words = [sys.executable, "-m", "crm_bridge", "find", zoho_sandbox.name, "--where", "everything"]
    told = subprocess.run(words, env=dict(os.environ), capture_output=True, text=True, check=True).stdout
    assert told.count("HT-") == len(zoho_sandbox.ids())


def test_contracts_of_a_file_take_the_place_of_made_up_ones(crm_sandbox: MakeSandbox, tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_text("number,title,status\nC-1,First,Active\nC-2,Second,Expired\n")
    zoho = crm_sandbox("zoho", load=file)
    assert sorted(one.number or "" for one in zoho.crm.find("everything")) == ["C-1", "C-2"]
