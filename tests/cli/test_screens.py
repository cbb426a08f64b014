"""What a person reads on a terminal, word by word, in both languages and two widths; and that it stays short.

The tasks are those of everyday: one wrong contract, regretting it, and eighty-five contracts of a rule.
`CRM_BRIDGE_WRITE_SCREENS=1` writes the files again.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

from crm_bridge.bridge import Bridge
from crm_bridge.cli.main import main
from crm_bridge.i18n import use_language
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Shell

SCREENS = Path(__file__).parent / "screens"
RULE = 'status = "Expired" or status = "Active"'
CHANGING = (
    (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "R" * 26),
    (r"\b20\d\d-\d\d-\d\dT[0-9:+]+", "2026-01-01T00:00+00:00"),
    (r"\b20[3-9]\d-\d\d-\d\d\b|\b202[6-9]-\d\d-\d\d\b", "2026-01-01"),
    (r"receipt: .*|回执：.*", "receipt: PATH"),
    (r"(DELETE \d+ \S+) [0-9a-f]{6}", r"\1 a67bbe"),
    (r"crm-bridge (plan show|apply) \S+", r"crm-bridge \1 FILE"),
)
"""Ids, times and places that differ from run to run, each as long as it was where that matters."""
MOST = {
    "one: card and question": 8 + 3,
    "one: result": 4,
    "one: regret": 2,
    "many: find": 30,
    "many: plan": 15,
    "many: card and question": 15,
    "many: result": 10,
}
"""Lines of a screen, besides those of warnings and of rules of the policy that release something."""


class Terminal(io.StringIO):
    """A terminal that remembers what was written on it."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Work:
    """A contract and a set that were planned, and others that were deleted."""

    home: Path
    one_plan: Path
    one_run: str
    many_plan: Path
    many_run: str
    ids: Path


@pytest.fixture
def work(shell: Shell) -> Iterator[Work]:
    ids = shell.home.parent / "ids.txt"
    with sandbox(SandboxOptions(home=shell.home, count=300)):
        with Bridge.open(shell.home) as bridge:
            zoho, fxiaoke = bridge.connect("zoho-sandbox"), bridge.connect("fxiaoke-sandbox")
            first, second = (one.id for one in zoho.find(RULE, limit=2))
            matching = [one.id for one in fxiaoke.find(RULE, limit=170)]
            done, rest = matching[:85], matching[85:]
            ids.write_text("\n".join(rest), encoding="utf-8")
            one_plan, many_plan = zoho.plan(ids=[second]).path, fxiaoke.plan(RULE, ids=rest).path
            one_run = zoho.delete(first, confirm=lambda plan: plan.digest).id
            many_run = fxiaoke.apply(plan := fxiaoke.plan(ids=done), confirm=plan.digest).id
        yield Work(shell.home, one_plan, one_run, many_plan, many_run, ids)


def screen(monkeypatch: pytest.MonkeyPatch, language: str, width: int, *words: object) -> list[str]:
    """Return the lines that a command shows on a terminal; of one that asks, those up to the question."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        for stream in ("stdin", "stdout", "stderr"):
            patched.setattr(sys, stream, terminal)
        patched.setattr("builtins.input", lambda: "")
        patched.setenv("COLUMNS", str(width))
        patched.setenv("LINES", "200")
        patched.setenv("TERM", "dumb")
        with pytest.raises(SystemExit):
            main(["--lang", language, *map(str, words)])
    use_language("en")
    # A bar that went leaves an empty line here, and none on a terminal that moves its cursor.
    return [line for line in terminal.getvalue().partition("\n> ")[0].splitlines() if line]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screens_are_short_and_as_they_were(
    work: Work, monkeypatch: pytest.MonkeyPatch, language: str, width: int
) -> None:
    def shows(*words: object) -> list[str]:
        return screen(monkeypatch, language, width, *words)

    monkeypatch.chdir(work.home.parent)
    planning = ("plan", "fxiaoke-sandbox", "--where", RULE, "--ids-from", work.ids, "-o", "x.plan")
    shown = {
        "one: card and question": shows("apply", work.one_plan),
        "one: result": shows("status", work.one_run),
        "one: regret": shows("restore", work.one_run),
        "many: find": shows("find", "fxiaoke-sandbox", "--where", RULE),
        "many: plan": shows(*planning),
        "many: card and question": shows("apply", work.many_plan),
        "many: result": shows("status", work.many_run),
    }
    assert {name: line for name, lines in shown.items() for line in lines if _too_wide(line, width)} == {}
    long = {name: len(_plain(lines)) for name, lines in shown.items() if len(_plain(lines)) > MOST[name]}
    text = "".join(f"== {name}\n" + "".join(f"{line}\n" for line in lines) for name, lines in shown.items())
    for pattern, constant in CHANGING:
        text = re.sub(pattern, constant, text)
    file = SCREENS / f"{language}-{width}.txt"
    if "CRM_BRIDGE_WRITE_SCREENS" in os.environ:
        file.write_text(text, encoding="utf-8")
    assert long == {}
    assert text == file.read_text(encoding="utf-8")


def _plain(lines: list[str]) -> list[str]:
    """Return the lines without warnings and their continuations: each warning adds its own."""
    kept, warned = [], False
    for line in lines:
        warned = line.startswith(WARNINGS) or (warned and line.startswith(" " * 4))
        kept += [] if warned else [line]
    return kept


WARNINGS = ("warning", "警告", "released", "放行")


def _too_wide(line: str, width: int) -> bool:
    """Return whether a line is wider than the terminal; a command or a path is printed whole."""
    return cell_len(line) > width and not re.search(r"receipt\.json|crm-bridge ", line)
