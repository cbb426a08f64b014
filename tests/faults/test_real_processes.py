"""The command line as a process of its own: documented exit codes, no traceback, nothing in the process list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from crm_bridge.sandbox.faults import FaultRule, Match
from tests.faults.conftest import Known
from tests.faults.kinds import BY_NAME, FAULTS, Fault
from tests.faults.overhear import hits
from tests.faults.rig import Rig

pytestmark = pytest.mark.timing

SLOW = ("too_many", "redirect_30", "missing", "duplicate")
QUICK = [
    *[fault.name for fault in FAULTS if not fault.slow and not fault.name.startswith(SLOW)][::2],
    "redirect_307",
]
REMOVE = {"fxiaoke": ("POST", "data/invalid"), "zoho": ("DELETE", "Contracts?ids")}
TOKEN = {"fxiaoke": "corpAccessToken", "zoho": "/oauth/v2/token"}


def command(rig: Rig, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "crm_bridge.cli.main", "--home", str(rig.home), "--json", *arguments]


def environment(rig: Rig) -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'adapters'}"}


def run(rig: Rig, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(rig, *arguments), env=environment(rig), capture_output=True, text=True, timeout=600, check=False
    )


def planned(rig: Rig) -> tuple[str, str, str]:
    """Make a plan for one contract; return its id, the plan's path and its digest."""
    rig.fresh()
    one = rig.contracts()[0]
    with rig.bridge() as bridge:
        plan = bridge.connect(rig.name).plan(ids=[one])
    return one, str(plan.path), plan.digest


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_while_deleting_ends_a_process_with_a_documented_code(known: Mapping[str, Known], name: str) -> None:
    adapter = ("fxiaoke", "zoho")[QUICK.index(name) % 2]
    rig, fault = known[adapter].rig, BY_NAME[name]
    one, path, digest = planned(rig)
    rig.server.inject(_rule(adapter, fault, rig))
    done = run(rig, "apply", path, "--confirm", digest)
    rig.calm()
    assert (done.returncode in (0, 3, 7, 9), "Traceback" in done.stderr) == (True, False), done.stderr
    (outcome,) = json.loads(done.stdout)["outcomes"]
    gone = rig.control("record", id=one)["place"] == "bin"
    assert outcome["outcome"] != "removed" or gone
    assert done.returncode != 0 or gone


def _rule(adapter: str, fault: Fault, rig: Rig) -> FaultRule:
    method, path = REMOVE[adapter]
    arguments = {**fault.arguments, **({"location": rig.decoy.address} if fault.kind == "redirect" else {})}
    return FaultRule(fault.kind, Match(method=method, path=path), arguments)


@pytest.mark.parametrize("adapter", ["fxiaoke", "zoho"])
def test_no_secret_is_in_the_arguments_or_environment_of_a_running_process(
    known: Mapping[str, Known], adapter: str
) -> None:
    rig = known[adapter].rig
    rig.fresh()
    rig.server.inject(FaultRule("hang", Match(path=TOKEN[adapter]), {"seconds": 300}))
    secrets = {name: value for name, value in rig.emulator.connection()[1].items() if len(value) > 6}
    running = subprocess.Popen(
        command(rig, "connections", "test", rig.name),
        env=environment(rig),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        ends = time.monotonic() + 300
        while not rig.faults.struck and running.poll() is None and time.monotonic() < ends:
            time.sleep(0.02)
        assert rig.faults.struck == 1
        seen = b"".join(Path(f"/proc/{running.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    finally:
        running.kill()
        running.communicate()
    assert hits(secrets, seen) == []
    assert b"connections" in seen
