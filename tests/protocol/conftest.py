"""Real processes of `crm-bridge` against a served sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import LedgerEntry

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    def document(self) -> dict[str, Any]:
        """Return the JSON document on standard output."""
        value: dict[str, Any] = json.loads(self.out)
        return value


class Desk:
    """A state directory, a sandbox, and processes that work on both."""

    def __init__(self, home: Path, running: Sandbox) -> None:
        self.home = home
        self.running = running

    def start(self, *arguments: object, **variables: str) -> subprocess.Popen[str]:
        """Start `crm-bridge ARGUMENTS`."""
        path = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
        env = {
            **os.environ,
            "PYTHONPATH": path,
            "CRM_BRIDGE_HOME": str(self.home),
            "CRM_BRIDGE_LANG": "en",
            **variables,
        }
        command = [sys.executable, "-m", "crm_bridge.cli.main", *map(str, arguments)]
        return subprocess.Popen(
            command, cwd=self.home.parent, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: object, **variables: str) -> Ended:
        """Run `crm-bridge ARGUMENTS` to its end."""
        return self.end(self.start(*arguments, **variables))

    @staticmethod
    def end(process: subprocess.Popen[str]) -> Ended:
        """Wait for a process."""
        out, err = process.communicate(timeout=600)
        return Ended(process.returncode, out, err)

    def plan(self, name: str, where: str = "everything") -> tuple[Path, str]:
        """Make a plan; return its file and its digest."""
        path = self.home.parent / f"{name}.plan"
        said = self.run("plan", f"{name}-sandbox", "--where", where, "-o", path, "--json")
        assert said.code == 0, said.err
        return path, said.document()["digest"]

    def removed(self, name: str) -> list[str]:
        """Return the ids of everything that disappeared, in order."""
        return [
            effect.id
            for line in self.running.servers[name].exchange.emulator.ledger()
            for effect in line.effects
            if effect.kind in ("trashed", "purged")
        ]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Desk]:
    """Both CRMs with thirty contracts each."""
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=30)) as running:
        yield Desk(home, running)


class Reopened:
    """A sandbox with a state directory that is opened anew for every step, as processes do."""

    def __init__(self, home: Path, clock: ManualClock, running: Sandbox) -> None:
        self.home, self.clock, self.running = home, clock, running

    def opened(self, failpoint: str = "") -> Bridge:
        """Open the state directory with a failpoint, or none."""
        return Bridge.open(self.home, clock=self.clock, environ={failpoints.VARIABLE: failpoint})

    def ids(self, name: str) -> list[str]:
        """Return the ids of the live contracts."""
        return list(self.running.servers[name].exchange.emulator.control("contracts", {})["ids"])

    def lines(self, name: str) -> list[LedgerEntry]:
        """Return every request so far."""
        return list(self.running.servers[name].exchange.emulator.ledger())

    def removals(self, name: str) -> list[str]:
        """Return the ids of everything that disappeared."""
        effects = (effect for line in self.lines(name) for effect in line.effects)
        return [effect.id for effect in effects if effect.kind in ("trashed", "purged")]

    def leave_in_doubt(self, name: str, ids: list[str]) -> str:
        """Begin a deletion that dies between its intent and its call; return the run."""
        with self.opened("remove.before:1:raise") as bridge:
            crm = bridge.connect(f"{name}-sandbox")
            plan = crm.plan(ids=ids)
            run = crm.apply(plan, confirm=plan.digest)
            assert isinstance(run.halted, failpoints.FailpointError)
            return run.id


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Reopened]:
    """Both CRMs with a dozen contracts."""
    clock = ManualClock()
    with sandbox(SandboxOptions(home=tmp_path / "home", count=12), clock=clock) as running:
        yield Reopened(tmp_path / "home", clock, running)
    failpoints.arm(None)
