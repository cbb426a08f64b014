"""Contracts that could not be judged, at the command line: said, never selected, left out only when asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Shell

WHERE = 'status != "Active" or number ~ "1"'


@pytest.fixture
def blind(shell: Shell, name: str, emulator: Emulator) -> int:
    """Hide the status from the user; return how many contracts the filter can still select."""
    mapped = shell("connections", "show", name, "--json").document()["field_map"]
    assert "error" not in emulator.control("switch", {"name": "hidden_fields", "value": [mapped["status"]]})
    return len(shell("find", name, "--where", 'number ~ "1"', "--json").lines())


def test_find_shows_what_is_certain_and_warns_of_the_rest(shell: Shell, name: str, blind: int) -> None:
    said = shell("find", name, "--where", WHERE, "--json")
    assert (said.code, len(said.lines())) == (0, blind)
    assert f"{40 - blind} could not be judged: status" in said.err
    nothing = shell("find", name, "--where", 'status != "Active"')
    assert nothing.code == 8
    assert "40 could not be judged" in nothing.err


def test_a_plan_is_made_without_them_only_when_that_is_asked_for(
    shell: Shell, name: str, blind: int, tmp_path: Path
) -> None:
    path = tmp_path / "x.plan"
    refused = shell("plan", name, "--where", WHERE, "-o", path, "--json")
    assert (refused.code, refused.error()["reason"], path.exists()) == (4, "undecided", False)
    assert "--leave-out-undecided" in refused.error()["hint"]
    made = shell("plan", name, "--where", WHERE, "-o", path, "--leave-out-undecided", "--json")
    assert (made.code, made.document()["count"]) == (0, blind)
    shown = shell("plan", "show", path, "--json").document()
    assert shown["notes"]["undecided"] == 40 - blind
    card = shell("plan", "show", path)
    assert f"{40 - blind} could not be judged" in " ".join(card.out.split())


def test_a_backup_says_what_it_does_not_hold(shell: Shell, name: str, blind: int) -> None:
    said = shell("backup", name, "--where", WHERE, "--json")
    assert said.document()["count"] == blind
    assert f"{40 - blind} could not be judged" in said.err


def test_the_field_map_is_shown_with_what_is_missing(shell: Shell, running: object) -> None:
    renamed = running.servers["zoho"].exchange.emulator.control(  # type: ignore[attr-defined]
        "rename_field", {"field": "Contract_Status", "name": "Lifecycle"}
    )
    assert "error" not in renamed
    shown = shell("connections", "show", "zoho-sandbox").out
    assert "missing: name it with fields.status" in shown
    lines = {one["says"]: one["level"] for one in shell("doctor", "zoho-sandbox", "--json").document()["checks"]}
    assert lines["no field is taken for: status"] == "warning"
    assert any("status=-" in says and "number=Contract_Number" in says for says in lines)
    refused = shell("find", "zoho-sandbox", "--where", 'status != "Active"', "--json")
    assert (refused.code, refused.error()["reason"]) == (2, "no_such_field")
    assert 'fields = { status = "..." }' in refused.error()["hint"]
