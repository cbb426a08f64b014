"""The exit code of a run is about the run: it does not depend on whether its report could be printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Shell

pytestmark = pytest.mark.timing

ROOT = Path(__file__).resolve().parents[2]


def at_a_shell(home: Path, line: str, *words: object) -> tuple[int, str, str]:
    """Run a line of sh in which `"$@"` is crm-bridge with these words; return its exit code and what it printed."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    env = {**os.environ, "PYTHONPATH": path, "CRM_BRIDGE_HOME": str(home), "CRM_BRIDGE_LANG": "en"}
    program = [sys.executable, "-m", "crm_bridge.cli.main", *map(str, words)]
    command = ["bash", "-o", "pipefail", "-c", line, "sh", *program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


LINES = {
    "stdout closed": '"$@" >&-',
    "stderr closed": '"$@" 2>&-',
    "all closed": '"$@" <&- >&- 2>&-',
    "nobody reads": '"$@" | true',
    "one line is read": '"$@" | head -1',
    "nobody reads errors": '"$@" 2> >(true)',
    "disk full": '"$@" >/dev/full',
    "errors on a full disk": '"$@" 2>/dev/full',
}


CASES = [*((line, False) for line in LINES), ("all closed", True), ("one line is read", True)]


@pytest.mark.parametrize(("line", "held"), CASES)
def test_a_run_ends_with_its_own_code_whoever_listens(shell: Shell, running: Sandbox, line: str, held: bool) -> None:
    with Bridge.open(shell.home) as bridge:
        crm = bridge.connect("zoho-sandbox")
        plan = crm.plan(ids=[one.id for one in crm.find(limit=2)])
        title = next(field.name for field in crm.profile().fields if field.meaning == "title")
    emulator = running.servers["zoho"].exchange.emulator
    wanted = [item.id for item in plan]
    if held:
        emulator.control("edit", {"id": wanted[0], "field": title, "value": "edited"})
    code, _out, err = at_a_shell(shell.home, LINES[line], "apply", plan.path, "--confirm", plan.digest)
    assert code == (3 if held else 0), err
    assert "defect" not in err
    assert "Traceback" not in err
    places = [emulator.control("record", {"id": one})["place"] for one in wanted]
    assert places == ["live" if held else "bin", "bin"]


@pytest.mark.parametrize("line", ["stdout closed", "stderr closed", "one line is read", "nobody reads errors"])
def test_a_list_without_a_reader_is_no_error(shell: Shell, running: Sandbox, line: str) -> None:
    code, _out, err = at_a_shell(shell.home, LINES[line], "find", "zoho-sandbox", "--json")
    assert (code, err) == (0, "")


def test_half_a_list_on_a_full_disk_is_an_error(shell: Shell, running: Sandbox) -> None:
    code, _out, err = at_a_shell(shell.home, LINES["disk full"], "find", "zoho-sandbox", "--json")
    assert code == 1
    assert "No space left" in err
    assert "defect" not in err


def test_a_mistake_keeps_its_code_without_streams(shell: Shell, running: Sandbox) -> None:
    assert at_a_shell(shell.home, LINES["all closed"], "find", "no-such-connection")[0] == 2
    assert at_a_shell(shell.home, LINES["all closed"], "--no-such-option")[0] == 2
