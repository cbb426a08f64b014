"""At a terminal: a slip in the phrase may be put right twice, and what is longer than the screen goes to a pager."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from crm_bridge.cli.terminal.screen import page
from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Shell

LINES = [f"line {number}" for number in range(500)]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person types, line by line, at a terminal."""
    answers: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda: answers.pop(0))
    return answers


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is a terminal that can page."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")


def planned(shell: Shell) -> tuple[Path, str]:
    file = shell.home / "x.plan"
    return file, shell("--json", "plan", "zoho-sandbox", "--number", "HT-2024-0002", "-o", file).document()["phrase"]


@pytest.mark.parametrize("slips", [0, 1, 2])
def test_the_phrase_may_be_tried_three_times(
    shell: Shell, running: Sandbox, typed: list[str], monkeypatch: pytest.MonkeyPatch, slips: int
) -> None:
    file, phrase = planned(shell)
    typed += [*(["DELETE 1"] * slips), phrase]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    said = shell("apply", file)
    assert said.code == 0
    assert said.err.count("That is not the phrase; nothing was sent.") == slips
    assert said.err.count(phrase) == 1
    assert running.servers


@pytest.mark.parametrize(("answers", "asked"), [(["no"] * 3, 3), ([""], 1), (["no", ""], 2)])
def test_three_slips_or_an_empty_line_send_nothing(
    shell: Shell,
    running: Sandbox,
    typed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    answers: list[str],
    asked: int,
) -> None:
    file, _phrase = planned(shell)
    typed += [*answers, "never asked for"]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    said = shell("apply", file)
    assert (said.code, len(typed)) == (5, len(answers) + 1 - asked)
    ledger = running.servers["zoho"].exchange.emulator.ledger()
    assert [line for line in ledger if line.effects] == []


@pytest.mark.usefixtures("at_terminal")
def test_a_pager_gets_every_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_BRIDGE_PAGER", f"dd of={tmp_path / 'paged'} status=none")
    page(LINES, io.StringIO())
    assert (tmp_path / "paged").read_text().splitlines() == LINES


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize("pager", ["true", "sh -c 'exit 3'"])
def test_a_pager_that_is_left_early_ends_nothing(monkeypatch: pytest.MonkeyPatch, pager: str) -> None:
    monkeypatch.setenv("CRM_BRIDGE_PAGER", pager)
    page(LINES * 100, io.StringIO())


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize(
    ("name", "value"), [("TERM", "dumb"), ("CRM_BRIDGE_PAGER", ""), ("CRM_BRIDGE_PAGER", "/no/such")]
)
def test_without_a_pager_the_lines_are_printed(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    stream = io.StringIO()
    page(LINES, stream)
    assert stream.getvalue().splitlines() == LINES


def test_what_is_read_by_a_program_is_never_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    monkeypatch.setenv("CRM_BRIDGE_PAGER", "false")
    stream = io.StringIO()
    page(LINES, stream)
    assert stream.getvalue().splitlines() == LINES
