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

from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox

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
        out, err = process.communicate(timeout=120)
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
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Both CRMs with thirty contracts each."""
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=30)) as running:
        yield Desk(home, running)
