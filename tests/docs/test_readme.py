"""The READMEs, typed by somebody who has nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crm_bridge.domain.lifecycle import Outcome
from tests.docs.conftest import ROOT, User, blocks, commands

PAGES = [("README.md", "en"), ("README.zh-CN.md", "zh")]


@pytest.mark.parametrize(("page", "user"), PAGES, indirect=["user"])
def test_the_tutorial_works_as_it_is_written(user: User, page: str) -> None:
    serve, *rest = commands(page)
    user.serve(serve)
    shown = {command: user.confirm(command) if " apply " in command else user.type(command) for command in rest}
    assert "\tE2\t" in shown["crm-bridge status --all"]
    restored = next(text for command, text in shown.items() if command.endswith("restore --last"))
    assert ("restored" if page == "README.md" else "已恢复") in restored
    assert len(rest) >= 10


@pytest.mark.parametrize(("page", "user"), PAGES, indirect=["user"])
def test_the_python_example_works_as_it_is_written(user: User, page: str) -> None:
    serve, export, *_rest = commands(page)
    user.serve(serve)
    user.type(export)
    (example,) = blocks(page, "python")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=user.folder, env=user.env, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert " removed E2" in done.stdout


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    last = [block.strip() for block in blocks("README.md", "sh")][-1]
    assert last == "scripts/check"
    assert f"sh {last}" in (ROOT / ".ci" / "run").read_text()


def test_every_outcome_is_explained() -> None:
    told = {Outcome.REMOVED, Outcome.ALREADY_ABSENT, Outcome.HELD, Outcome.PENDING, Outcome.REFUSED}
    told |= {Outcome.IN_DOUBT, Outcome.REAPPEARED}
    for page, _language in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [outcome.value for outcome in told if f"| `{outcome.value}` |" not in text] == []


def test_the_tables_say_what_the_adapters_say() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/readme.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'adapters'}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
