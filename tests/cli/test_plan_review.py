"""A plan that people can review: as a page, a ticket and a table, and on the machines of named colleagues."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.browser import browser, needs_browser
from tests.cli.conftest import Said, Shell

NAME = "zoho-sandbox"
At = Callable[..., Said]


@pytest.fixture
def plan(shell: Shell) -> Iterator[Path]:
    """A plan of every contract of a sandbox."""
    with sandbox(SandboxOptions(home=shell.home, count=30, only=("zoho",))):
        path = shell.home / "all.plan"
        made = shell("plan", NAME, "--where", 'title != "秘密"', "--max-share", "100", "-o", path, "--no-rehearse")
        assert made.code == 0, made.err
        yield path


@pytest.fixture
def colleague(shell: Shell, tmp_path: Path) -> At:
    """Commands on another state directory, which has keys and nothing else."""
    home = tmp_path / "colleague"

    def run(*words: object) -> Said:
        return shell("--home", home, "--secrets-file", tmp_path / "colleague.toml", *words)

    assert run("keys", "init").code == 0
    return run


def reader_of(colleague: At) -> str:
    keys = {one["name"]: one["public"] for one in colleague("keys", "show", "--json").document()["keys"]}
    return str(keys["backup-identity"])


@needs_browser
def test_the_page_of_a_plan_has_every_contract_and_asks_no_network(shell: Shell, plan: Path, tmp_path: Path) -> None:
    page, rows = tmp_path / "review.html", shell("plan", "show", plan, "--json").document()
    assert shell("plan", "show", plan, "--format", "html", "-o", page).code == 0
    assert page.stat().st_mode & 0o777 == 0o600
    with browser() as tab:
        for width in (390, 1280):
            tab.open(page, width=width)
            assert tab.ask("document.documentElement.scrollWidth") <= width
            assert (tab.requests, tab.complaints) == ([], [])
        rest = "#rows1 tbody tr:not([hidden]) td:last-child"
        shown = f"[...document.querySelectorAll({rest!r})].map(cell => cell.textContent.trim())"
        assert sorted(tab.ask(shown)) == sorted(one["id"] for one in rows["contracts"])
        tab.ask("document.querySelector('button[data-column=\"3\"]').click()")
        status = tab.ask("document.querySelector('button[data-column=\"3\"]').innerText")
        chosen = sorted(one["id"] for one in rows["contracts"] if one["status"] == status)
        assert sorted(tab.ask(shown)) == chosen
        assert 0 < len(chosen) < rows["count"]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_page_has_both_languages_and_is_overwritten_only_by_a_page(
    shell: Shell, plan: Path, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_BRIDGE_LANG", language)
    page = tmp_path / "review.html"
    for _time in "12":
        assert shell("plan", "show", plan, "--format", "html", "-o", page).code == 0
    text = page.read_text()
    assert "Largest amounts" in text
    assert "金额最大" in text
    page.write_text("<html>mine")
    assert shell("plan", "show", plan, "--format", "html", "-o", page).code == 2


def test_a_ticket_has_the_card_the_figures_and_every_contract(shell: Shell, plan: Path) -> None:
    document = shell("plan", "show", plan, "--json").document()
    said = shell("plan", "show", plan, "--format", "md", "--details").out
    assert said.startswith(f"## {document['phrase']}\n")
    assert document["digest"] in said
    assert "| owner | contracts |" in said
    assert all(one["id"] in said for one in document["contracts"])


def test_a_table_has_dates_and_owners(shell: Shell, plan: Path) -> None:
    rows = list(csv.DictReader(shell("plan", "show", plan, "--format", "csv").out.splitlines()))
    assert all(row["owner"] and row["created"] for row in rows)


def test_without_its_key_a_plan_shows_counts_rule_and_ids(plan: Path, colleague: At, shell: Shell) -> None:
    known = shell("plan", "show", plan, "--json").document()
    seen = colleague("plan", "show", plan, "--json")
    outline = seen.document()
    assert outline["ids"] == [one["id"] for one in known["contracts"]]
    assert (outline["count"], outline["rule"], outline["digest"]) == (30, 'title != "…"', known["digest"])
    assert "秘密" not in seen.out
    assert "cannot be checked or carried out here" in colleague("plan", "show", plan).err
    assert known["contracts"][0]["number"] not in colleague("plan", "show", plan, "--all").out


def test_a_plan_that_was_sealed_for_a_colleague_is_read_there_and_carried_out_here_alone(
    shell: Shell, plan: Path, colleague: At
) -> None:
    known = shell("plan", "show", plan, "--json").document()
    shared = plan.with_name("shared.plan")
    assert shell("plan", "share", plan, "--to", reader_of(colleague), "-o", shared).code == 0
    seen = colleague("plan", "show", shared, "--json").document()
    assert {**seen, "file": ""} == {**known, "file": ""}
    assert "not carried out" in colleague("plan", "show", shared).err
    assert colleague("apply", shared, "--confirm", known["digest"]).code == 5
    assert shell("apply", shared, "--confirm", known["digest"]).code == 0


@pytest.mark.parametrize("edit", ["id", "card", "digest", "readers"])
def test_a_shared_plan_that_was_edited_is_not_read_by_its_reader(
    shell: Shell, plan: Path, colleague: At, edit: str
) -> None:
    assert shell("plan", "share", plan, "--to", reader_of(colleague)).code == 0
    head, *rows = [json.loads(line) for line in plan.read_bytes().splitlines()]
    match edit:
        case "id":
            rows[0]["id"] = rows[1]["id"]
        case "card":
            rows[0]["sealed"], rows[1]["sealed"] = rows[1]["sealed"], rows[0]["sealed"]
        case "digest":
            rows[-2]["digest"] = "0" * 64
        case "readers":
            rows[-1]["schema"] = "crm-bridge.anything/1"
    plan.write_bytes(b"".join(canonical(one) for one in (head, *rows)))
    said = colleague("plan", "show", plan, "--json")
    assert (said.code, said.error()["reason"]) == (5, "plan_altered")


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def test_a_reader_is_named_by_an_age_key(shell: Shell, plan: Path) -> None:
    said = shell("plan", "share", plan, "--to", "lina", "--json")
    assert (said.code, said.error()["reason"]) == (2, "not_a_recipient")
