"""What a run left: listed by outcome, planned again, and contracts shown with what the CRM calls its fields."""

from __future__ import annotations

import csv

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def run(shell: Shell, running: object) -> str:
    """The id of a run that held one contract of three, because it changed."""
    emulator = running.servers["zoho"].exchange.emulator  # type: ignore[attr-defined]
    ids = emulator.control("contracts", {})["ids"][1:4]
    file = shell.home / "ids.txt"
    file.write_text("\n".join(ids))
    plan = shell.home / "x.plan"
    digest = shell("--json", "plan", "zoho-sandbox", "--ids-from", file, "-o", plan).document()["digest"]
    emulator.control("edit", {"id": ids[0], "field": "Name", "value": "renamed"})
    said = shell("--json", "apply", plan, "--confirm", digest)
    assert said.code == 3
    return str(said.document()["run_id"])


def listed(shell: Shell, *options: str) -> list[list[str]]:
    return list(csv.reader(shell("status", *options, "--format", "csv").out.splitlines()))[1:]


def test_status_lists_the_contracts_of_an_outcome(shell: Shell, run: str) -> None:
    assert len(listed(shell, run)) == 3
    assert len(listed(shell, run, "--outcome", "removed")) == 2
    assert listed(shell, run, "--held") == listed(shell, run, "--outcome", "held")
    (held,) = listed(shell, run, "--held")
    assert held[0] == "HT-2024-0002"
    both = listed(shell, run, "--held", "--outcome", "removed")
    assert len(both) == 3
    shown = shell("status", run, "--held").out
    assert shown.count("HT-") == 1
    assert "renamed" in shell("status", run, "--held").out


def test_plan_again_takes_what_a_run_left_with_a_new_look(shell: Shell, run: str) -> None:
    again = shell("--json", "plan", "zoho-sandbox", "--again", run).document()
    assert again["count"] == 1
    done = shell("--json", "apply", again["file"], "--confirm", again["digest"])
    assert done.code == 0
    nothing = shell("plan", "zoho-sandbox", "--again", done.document()["run_id"])
    assert (nothing.code, "left no contract" in nothing.err) == (8, True)
    elsewhere = shell("plan", "fxiaoke-sandbox", "--again", run)
    assert (elsewhere.code, "was on zoho-sandbox" in elsewhere.err) == (2, True)


def test_show_names_vendor_fields_only_where_they_are_asked_for(shell: Shell, running: object) -> None:
    assert running
    plain, raw = (shell("show", "zoho-sandbox", "HT-2024-0002", *more).out for more in ((), ("--raw",)))
    assert "Contract_Status" not in plain
    assert "Contract_Status" in raw
    assert raw.startswith(plain)
