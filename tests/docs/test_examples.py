"""The examples, run as their first lines say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from tests.docs.conftest import ROOT


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the state directory will be."""
    return tmp_path / "home"


def run(home: Path, *arguments: object, **variables: str) -> str:
    """Run an example to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'adapters'}", "CRM_BRIDGE_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ids(running: Sandbox, name: str) -> list[str]:
    return list(running.servers[name].exchange.emulator.control("contracts", {})["ids"])


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_an_erasure_request_removes_one_customer_and_leaves_a_receipt(home: Path, tmp_path: Path, name: str) -> None:
    with sandbox(SandboxOptions(home=home, count=40, only=(name,))) as running:
        before = len(ids(running, name))
        example = ("examples/erase_customer.py", f"{name}-sandbox", "Acme Tools Ltd", tmp_path / "DSR-17.json")
        planned = run(home, *example)
        assert len(ids(running, name)) == before
        digest = re.findall(r"CONFIRM=(\w{64})", planned)[0]
        run(home, *example, CONFIRM=digest)
        assert len(ids(running, name)) < before
    assert '"payload"' in (tmp_path / "DSR-17.json").read_text()


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_migration_is_cleaned_up_by_its_ids(home: Path, tmp_path: Path, name: str) -> None:
    with sandbox(SandboxOptions(home=home, count=40, only=(name,))) as running:
        chosen = ids(running, name)[5:15]
        file = tmp_path / "migrated.txt"
        file.write_text("\n".join(chosen))
        digest = re.findall(r"digest (\w{64})", run(home, "examples/clean_up_migration.py", f"{name}-sandbox", file))[0]
        said = run(home, "examples/clean_up_migration.py", f"{name}-sandbox", file, digest)
        assert "'removed': 10" in said
        assert not set(chosen) & set(ids(running, name))
