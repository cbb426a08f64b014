"""`--format`: the rows of a command as a table, JSON, CSV or Markdown, and nothing else on standard output."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Shell

NAME = "zoho-sandbox"


@pytest.fixture
def done(shell: Shell) -> Iterator[dict[str, tuple[object, ...]]]:
    """The commands that list rows, by name, in a home with a run and a restore of one of its contracts."""
    with sandbox(SandboxOptions(home=shell.home, count=8, only=("zoho",))):
        plan = shell.home / "three.plan"
        made = shell("--json", "plan", NAME, "--ids-from", ids(shell), "-o", plan).document()
        assert shell("apply", plan, "--confirm", made["digest"]).code == 0
        assert shell("restore", NAME, "HT-2024-0002").code == 0
        (one, *_more) = shell("--json", "vault", "list").document()["sets"]
        yield {
            "find": ("find", NAME),
            "plan show": ("plan", "show", plan),
            "status": ("status", "--all"),
            "status --runs": ("status", "--runs"),
            "restore --dry-run": ("restore", "--last", "--dry-run"),
            "vault list": ("vault", "list"),
            "vault show": ("vault", "show", one["set"]),
            "vault check": ("vault", "check"),
            "journal list": ("journal", "list", "--limit", "9"),
            "connections list": ("connections", "list"),
            "restore": ("restore", "--last"),
        }


def schemas(text: str) -> list[str]:
    """Return the schemas of the JSON documents in a text."""
    return re.findall(r'"schema": ?"([^"]+)"', text)


def ids(shell: Shell) -> object:
    """Write the ids of three contracts to a file."""
    path = shell.home / "ids.txt"
    chosen = [row["id"] for row in shell("--json", "find", NAME).lines() if row["number"][-1] in "236"]
    path.write_text("\n".join(chosen))
    return path


ROWS = {
    "find": 6,
    "plan show": 3,
    "status": 3,
    "status --runs": 1,
    "restore --dry-run": 3,
    "vault list": 1,
    "vault show": 3,
    "vault check": 1,
    "journal list": 9,
    "connections list": 1,
    "restore": 3,
}


def test_rows_are_written_in_every_form(shell: Shell, done: dict[str, tuple[object, ...]]) -> None:
    for name, command in done.items():
        said = shell(*command, "--format", "csv")
        rows = list(csv.reader(said.out.splitlines()))
        assert len(rows) == 1 + ROWS[name], (name, said.out)
        assert len({len(row) for row in rows}) == 1, name
        marked = shell(*command, "--format", "md").out.splitlines()
        assert len(marked) == 2 + ROWS[name], (name, marked)
        assert all(line.startswith("| ") and line.endswith(" |") for line in marked), name
        assert set(marked[1]) <= set("| -:"), name
        asked, same = shell(*command, "--format", "json"), shell("--json", *command)
        assert schemas(asked.out) == schemas(same.out) != [], name
        table = shell(*command, "--format", "table")
        assert table.out == shell(*command).out, name
