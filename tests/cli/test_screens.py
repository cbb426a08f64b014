"""What a person reads on a terminal, word by word, in both languages and two widths; and that it stays short.

`CRM_BRIDGE_WRITE_SCREENS=1` writes the files again.
"""

from __future__ import annotations

import io
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

from crm_bridge.bridge import Bridge
from crm_bridge.cli.main import main
from crm_bridge.i18n import use_language
from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Shell

SCREENS = Path(__file__).parent / "screens"
CHANGING = (
    (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "R" * 26),
    (r"\b20\d\d-\d\d-\d\dT[0-9:+]+", "2026-01-01T00:00+00:00"),
    (r"\b20[3-9]\d-\d\d-\d\d\b|\b202[6-9]-\d\d-\d\d\b", "2026-01-01"),
    (r"receipt: .*|回执：.*", "receipt: PATH"),
)
"""Ids, times and places that differ from run to run, each as long as it was where that matters."""


class Terminal(io.StringIO):
    """A terminal that remembers what was written on it."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Work:
    """A contract and a set that were deleted, with their plans."""

    one_plan: Path
    one_run: str
    many_plan: Path
    many_run: str


@pytest.fixture
def work(shell: Shell, running: Sandbox) -> Work:
    made: list[tuple[Path, str]] = []
    with Bridge.open(shell.home) as bridge:
        for name, count in (("zoho-sandbox", 1), ("fxiaoke-sandbox", 12)):
            crm = bridge.connect(name)
            contracts = [one.id for one in crm.find('status = "Expired" or status = "Active"', limit=count)]
            plan = crm.plan('status = "Expired" or status = "Active"', ids=contracts)
            made.append((plan.path, crm.apply(plan, confirm=plan.digest).id))
    return Work(*made[0], *made[1])


def screen(monkeypatch: pytest.MonkeyPatch, language: str, width: int, *words: object) -> list[str]:
    """Return the lines that a command shows on a terminal."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        patched.setenv("COLUMNS", str(width))
        patched.setenv("LINES", "200")
        with pytest.raises(SystemExit):
            main(["--lang", language, *map(str, words)])
    use_language("en")
    return terminal.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screens_are_short_and_as_they_were(
    work: Work, monkeypatch: pytest.MonkeyPatch, language: str, width: int
) -> None:
    shown = {
        "card of one": screen(monkeypatch, language, width, "plan", "show", work.one_plan),
        "result of one": screen(monkeypatch, language, width, "status", work.one_run),
        "card of many": screen(monkeypatch, language, width, "plan", "show", work.many_plan),
        "result of many": screen(monkeypatch, language, width, "status", work.many_run),
        "find": screen(monkeypatch, language, width, "find", "fxiaoke-sandbox", "--where", 'status = "Draft"'),
    }
    assert {name: line for name, lines in shown.items() for line in lines if _too_wide(line, width)} == {}
    # What a rule of the policy releases adds its line, as every warning does.
    assert len([line for line in shown["card of one"] if not line.startswith(("released", "放行"))]) <= 8
    assert len(shown["result of one"]) <= 4
    assert len(shown["result of many"]) <= 4
    warnings = [line for line in shown["card of many"] if line.startswith(("warning", "警告", " " * 5))]
    assert len(shown["card of many"]) - len(warnings) <= 10
    text = "".join(f"== {name}\n" + "".join(f"{line}\n" for line in lines) for name, lines in shown.items())
    for pattern, constant in CHANGING:
        text = re.sub(pattern, constant, text)
    file = SCREENS / f"{language}-{width}.txt"
    if "CRM_BRIDGE_WRITE_SCREENS" in os.environ:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def _too_wide(line: str, width: int) -> bool:
    """Return whether a line is wider than the terminal; the path of a receipt is printed whole."""
    return cell_len(line) > width and "receipt.json" not in line
