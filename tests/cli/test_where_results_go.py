"""A result goes where standard output goes, whatever the other streams are; the exit code is that of the command."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from tests.cli.stream_matrix import KINDS

ROOT = Path(__file__).resolve().parents[2]
EVERY = "CRM_BRIDGE_WHOLE_MATRIX" in os.environ
"""All 64 ways to send three streams, for every command; else a few for each."""
USUAL = ("pipe", "file", "terminal")
"""`command > file` at a terminal: bars are drawn beside a result that goes elsewhere."""


@dataclass(frozen=True)
class Case:
    """One command, and what must be read on one of its streams."""

    words: Sequence[str]
    kinds: tuple[str, str, str]
    code: int
    out: str = ""
    err: str = ""

    def losses(self, done: dict[str, Any]) -> list[str]:
        """Return what went wrong, in words."""
        found = [] if done["code"] == self.code else [f"exit {done['code']}, not {self.code}"]
        for name, kind, wanted in (("out", self.kinds[1], self.out), ("err", self.kinds[2], self.err)):
            if kind == "closed" and done[name]:
                found.append(f"something on a closed {name}")
            if kind != "closed" and wanted not in done[name]:
                found.append(f"{wanted} is not on {name}")
        if self.out and self.out in done["err"]:
            found.append("the result is on err")
        if "defect" in done["err"]:
            found.append("a defect")
        return found


def ways(place: int) -> list[tuple[str, str, str]]:
    """Return how the three streams of one command are sent."""
    if EVERY:
        return list(itertools.product(KINDS, KINDS, KINDS))
    return [USUAL, tuple(KINDS[(place + stream * (place // 4 + 1)) % len(KINDS)] for stream in range(3))]  # type: ignore[list-item]


def run_all(home: Path, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Run the cases in one process that forks, on one state directory."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    env = {**os.environ, "PYTHONPATH": paths, "CRM_BRIDGE_HOME": str(home), "CRM_BRIDGE_LANG": "en"}
    given = json.dumps([{"words": list(case.words), "kinds": case.kinds} for case in cases])
    program = [sys.executable, "-m", "tests.cli.stream_matrix"]
    done = subprocess.run(program, input=given, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


@pytest.fixture
def running(tmp_path: Path) -> Any:
    with sandbox(SandboxOptions(home=tmp_path / "home", count=80, only=("zoho",))) as running:
        yield running


def test_no_result_is_lost_and_no_exit_code_changes(tmp_path: Path, running: Sandbox) -> None:
    home, name = tmp_path / "home", "zoho-sandbox"
    with Bridge.open(home) as bridge:
        crm = bridge.connect(name)
        found = list(crm.find())
        run = crm.apply(plan := crm.plan(ids=[found[0].id]), confirm=lambda plan: plan.digest)
        fresh = [crm.plan(ids=[one.id]) for one in found[1 : 1 + len(ways(0))]]
    number = found[-1].number or ""
    commands: list[tuple[tuple[str, ...], int, str, str]] = [
        (("find", name, "--number", number), 0, number, ""),
        (("find", name, "--number", number, "--json"), 0, number, ""),
        (("show", name, number), 0, number, ""),
        (("plan", name, "--number", number), 0, number, "crm-bridge apply"),
        (("plan", "show", str(plan.path)), 0, found[0].number or "", ""),
        (("delete", name, number), 5, "", "--confirm"),
        (("verify", run.id), 0, run.id, ""),
        (("status", "--runs"), 0, run.id[:8], ""),
        (("find", "no-such-connection"), 2, "", "no-such-connection"),
    ]
    cases = [
        Case(words, kinds, code, out, err)
        for place, (words, code, out, err) in enumerate(commands)
        for kinds in ways(place)
        # On two terminals `delete` asks; nothing is typed here.
        if not (words[0] == "delete" and kinds[0] == kinds[2] == "terminal")
    ]
    cases += [
        Case(("apply", str(one.path), "--confirm", one.digest), kinds, 0, "removed")
        for kinds, one in zip(ways(len(commands)), fresh, strict=True)
    ]
    lost = {
        (" ".join(case.words[:2]), *case.kinds): wrong
        for case, done in zip(cases, run_all(home, cases), strict=True)
        if (wrong := case.losses(done))
    }
    assert lost == {}
