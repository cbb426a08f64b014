"""`review`: what was deleted, by whom and why, what deserves a look, and up to which entry somebody looked."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.sandbox.serve import Sandbox
from crm_bridge.spi.emulator import Emulator
from tests.browser import browser, needs_browser
from tests.cli.conftest import Said, Shell
from tests.cli.test_deletions_outside import delete_past_the_journal, live


def delete(shell: Shell, name: str, tmp_path: Path, *options: str, where: str = 'status = "Expired"') -> dict[str, Any]:
    """Plan and apply; return the run's document."""
    path = tmp_path / "x.plan"
    shell("plan", name, "--where", where, "-o", path, "--force", "--reason", "imported twice", *options)
    digest = shell("plan", "show", path, "--json").document()["digest"]
    return shell("apply", path, "--confirm", digest, "--json").document()


def reviewed(shell: Shell, *options: object) -> tuple[Said, dict[str, Any]]:
    said = shell("review", "--json", *options)
    return said, said.document()


def topics(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["topic"]: one for one in document["concerns"]}


def test_a_review_says_who_deleted_what_where_why_and_with_which_approval(
    shell: Shell, name: str, tmp_path: Path
) -> None:
    run = delete(shell, name, tmp_path, "--max-contracts", "700")
    said, document = reviewed(shell)
    assert (said.code, document["urgent"]) == (0, 0)
    (told,) = document["runs"]
    assert (told["run_id"], told["connection"], told["reason"]) == (run["run_id"], name, "imported twice")
    assert (told["confirmed_how"], told["outcomes"], told["evidence"]) == (
        "digest",
        {"removed": len(run["outcomes"])},
        {"E2": len(run["outcomes"])},
    )
    planned = shell("plan", "show", tmp_path / "x.plan", "--json").document()
    assert {k: float(v) for k, v in told["money"].items()} == {k: float(v) for k, v in planned["amounts"].items()}
    assert topics(document)["raised_cap"]["says"] == "max_contracts=700"


def test_the_next_review_begins_after_the_last_sign_off(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    first = delete(shell, "zoho-sandbox", tmp_path)
    _said, before = reviewed(shell)
    signed = shell("review", "--up-to", before["last_entry"], "--sign-off", "--json").document()
    assert signed["signed_off"]["up_to"] == before["last_entry"]
    second = delete(shell, "fxiaoke-sandbox", tmp_path)
    _said, after = reviewed(shell)
    assert after["first_entry"] == before["last_entry"] + 1
    assert after["signed_off_before"] == signed["signed_off"]
    assert [run["run_id"] for run in after["runs"]] == [second["run_id"]]
    _said, again = reviewed(shell, "--since", "30d")
    assert [run["run_id"] for run in again["runs"]] == [first["run_id"], second["run_id"]]


def test_what_was_signed_off_is_not_signed_off_again(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    delete(shell, "zoho-sandbox", tmp_path)
    assert shell("review", "--sign-off").code == 0
    refused = shell("review", "--since", "1d", "--up-to", "5", "--sign-off", "--json")
    assert (refused.code, refused.error()["reason"]) == (2, "reviewed_already")


def test_a_review_up_to_an_entry_knows_nothing_of_what_came_later(shell: Shell, name: str, tmp_path: Path) -> None:
    run = delete(shell, name, tmp_path)
    _said, before = reviewed(shell)
    assert shell("restore", run["run_id"], "--confirm", _restore_digest(shell, run["run_id"])).code == 0
    _said, then = reviewed(shell, "--up-to", before["last_entry"])
    assert (then["outcomes"], topics(then)) == (before["outcomes"], topics(before))
    _said, now = reviewed(shell)
    assert topics(now)["restored"]["count"] == len(run["outcomes"])


def _restore_digest(shell: Shell, run: str) -> str:
    document = shell("restore", run, "--dry-run", "--json").document()
    return str(document.get("digest", ""))


def test_what_was_held_is_shown_with_its_reason(shell: Shell, name: str, tmp_path: Path, emulator: Emulator) -> None:
    path = tmp_path / "x.plan"
    shell("plan", name, "--where", 'status = "Expired"', "-o", path)
    chosen = shell("find", name, "--where", 'status = "Expired"', "--json").lines()[0]["id"]
    emulator.control("lock", {"id": chosen})
    shell("apply", path, "--confirm", shell("plan", "show", path, "--json").document()["digest"])
    _said, document = reviewed(shell)
    held = topics(document)["held"]
    assert (held["count"], held["ids"], held["urgent"]) == (1, [chosen], False)
    assert held["says"]


def test_what_came_back_asks_for_a_deed(shell: Shell, name: str, tmp_path: Path, emulator: Emulator) -> None:
    run = delete(shell, name, tmp_path)
    chosen = run["outcomes"][0]["id"]
    emulator.control("restore", {"id": chosen})
    shell("verify", run["run_id"])
    said, document = reviewed(shell)
    assert said.code == 3
    back = topics(document)["reappeared"]
    assert (back["ids"], back["urgent"], back["run"]) == ([chosen], True, run["run_id"])


def test_a_deletion_outside_that_a_reconcile_found_is_in_the_review(
    shell: Shell, name: str, tmp_path: Path, emulator: Emulator
) -> None:
    delete(shell, name, tmp_path)
    outside = delete_past_the_journal(shell, name, live(emulator))
    assert shell("journal", "reconcile", name).code == 9
    said, document = reviewed(shell)
    assert said.code == 3
    assert topics(document)["outside"]["ids"] == [outside]


def test_without_its_plan_a_run_is_reviewed_without_names_and_money(shell: Shell, name: str, tmp_path: Path) -> None:
    run = delete(shell, name, tmp_path)
    (shell.home / "plans" / f"{run['plan']}.plan").unlink()
    _said, document = reviewed(shell)
    (told,) = document["runs"]
    assert (told["reason"], told["money"]) == ("", {})
    assert told["outcomes"] == {"removed": len(run["outcomes"])}


def test_every_contract_is_a_row_that_no_spreadsheet_takes_for_a_formula(
    shell: Shell, name: str, tmp_path: Path, emulator: Emulator
) -> None:
    field = {"zoho": "Contract_Number", "fxiaoke": "name"}[name.removesuffix("-sandbox")]
    chosen = live(emulator)[0]
    emulator.control("edit", {"id": chosen, "field": field, "value": "=cmd|' /C calc'!A0"})
    run = delete(shell, name, tmp_path, where="everything")
    assert shell("review", "-o", tmp_path / "all.csv").code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text("utf-8-sig"))))
    assert sorted(row["Id"] for row in rows) == sorted(one["id"] for one in run["outcomes"])
    assert {row["Outcome"] for row in rows} == {"removed"}
    assert [row["Number"] for row in rows if row["Id"] == chosen] == ["'=cmd|' /C calc'!A0"]
    assert shell("review", "-o", tmp_path / "all.xlsx").code == 0
    sheet = zipfile.ZipFile(tmp_path / "all.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


def test_a_file_of_another_kind_is_left_alone(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    delete(shell, "zoho-sandbox", tmp_path)
    path = tmp_path / "mine.csv"
    path.write_text("my,own\n")
    said = shell("review", "-o", path, "--json")
    assert (said.code, said.error()["reason"]) == (2, "would_overwrite")
    assert shell("review", "-o", tmp_path / "mine.txt").code == 2
    assert path.read_text() == "my,own\n"


def test_an_overdue_review_is_named_by_doctor(
    shell: Shell, running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said() -> list[str]:
        checks = shell("doctor", "zoho-sandbox", "--json").document()["checks"]
        return [one["says"] for one in checks if one["check"] == "review"]

    delete(shell, "zoho-sandbox", tmp_path)
    assert said() == []
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(timedelta(days=33, hours=1).total_seconds()))
    assert said() == ["a review of what was deleted is overdue by 3 days"]
    assert shell("review", "--sign-off").code == 0
    assert said() == []


def test_people_see_runs_points_and_the_command_that_signs_off(shell: Shell, name: str, tmp_path: Path) -> None:
    run = delete(shell, name, tmp_path, "--max-contracts", "700")
    said = shell("review")
    assert run["run_id"] in said.out
    assert "imported twice" in said.out
    assert "cap raised" in said.out
    last = json.loads(shell("review", "--json").out)["last_entry"]
    assert f"crm-bridge review --up-to {last} --sign-off" in said.err


def test_a_span_that_is_none_is_named(shell: Shell, running: Sandbox) -> None:
    said = shell("review", "--since", "30 monkeys", "--json")
    assert said.code == 2
    assert "30 monkeys" in said.error()["message"]


@needs_browser
def test_the_page_opens_without_a_network_is_filtered_by_its_charts_and_leads_to_each_run(
    shell: Shell, running: Sandbox, tmp_path: Path
) -> None:
    first = delete(shell, "zoho-sandbox", tmp_path)
    second = delete(shell, "fxiaoke-sandbox", tmp_path)
    path = tmp_path / "review.html"
    assert shell("review", "-o", path).code == 0
    assert shell("review", "-o", path).code == 0, "an older page is replaced"
    with browser() as tab:
        for width in (1280, 390):
            tab.open(path, width=width)
            assert (tab.requests, tab.complaints) == ([], [])
            assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
        shown = "[...document.querySelectorAll('#rows1 tbody tr')].filter(row => !row.hidden).length"
        assert tab.ask(shown) == len(first["outcomes"]) + len(second["outcomes"])
        tab.ask("[...document.querySelectorAll('button')].find(one => one.innerText === 'zoho-sandbox').click()")
        assert tab.ask(shown) == len(first["outcomes"])
        tab.ask("[...document.querySelectorAll('button')].find(one => one.innerText === 'removed').click()")
        assert tab.ask(shown) == len(first["outcomes"]) + len(second["outcomes"])
        tab.type_into("input[type=search]", second["outcomes"][0]["id"])
        assert tab.ask(shown) == 1
        tab.ask("document.querySelector('#rows1 tbody tr:not([hidden]) a').click()")
        assert tab.ask("document.querySelector(':target summary').innerText").startswith(second["run_id"])
        assert tab.printed().startswith(b"%PDF")
