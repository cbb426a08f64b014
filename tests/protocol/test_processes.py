"""Several processes on one plan, and a process that is asked to stop."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from crm_bridge.exit_codes import ExitCode
from crm_bridge.sandbox.faults import FaultRule, Match
from tests.protocol.conftest import Desk

pytestmark = pytest.mark.timing
HELD = {"seconds": 25}
"""Longer than anything that a test waits for, shorter than the patience of a client; let go of as soon as possible."""


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something happened; the limit of the whole test ends what never does."""
    while not happened():
        time.sleep(0.02)


def ended(processes: list[subprocess.Popen[str]]) -> int:
    """Return how many of the processes have ended."""
    return sum(process.poll() is not None for process in processes)


def test_of_eight_processes_on_one_plan_one_executes_and_the_others_say_who(context: Desk) -> None:
    path, digest = context.plan("zoho")
    # The one that executes is held up at its first removal, so that the others find it at work.
    server = context.running.servers["zoho"]
    server.inject(FaultRule("delay", Match(method="DELETE"), HELD))
    processes = [context.start("apply", path, "--confirm", digest, "--json") for _number in range(8)]
    wait_for(lambda: ended(processes) >= 7)
    server.inject()
    ends = [context.end(process) for process in processes]
    winners = [one for one in ends if one.code == 0]
    assert len(winners) == 1, [(one.code, one.err) for one in ends]
    others = [one for one in ends if one.code != 0]
    (pid,) = (process.pid for process, end in zip(processes, ends, strict=True) if end.code == 0)
    assert [one.err for one in others if f"process {pid} " not in one.err or digest[:12] not in one.err] == []
    contracts = [one["id"] for one in winners[0].document()["outcomes"]]
    assert sorted(one for one in context.removed("zoho") if one in set(contracts)) == sorted(contracts)


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_ctrl_c_finishes_the_call_in_flight_and_leaves_a_run_that_resumes(context: Desk, name: str) -> None:
    path, digest = context.plan(name)
    pattern = r"/Contracts\?.*ids=" if name == "zoho" else "/data/invalid"
    server = context.running.servers[name]
    server.inject(FaultRule("delay", Match(pattern=pattern), HELD))
    process = context.start("apply", path, "--confirm", digest, "--json")
    wait_for(lambda: bool(context.removed(name)) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("stopping after the call in flight" in line for line in iter(process.stderr.readline, ""))
    server.inject()
    end = context.end(process)
    assert end.code == 7, end.err
    stopped = end.document()
    outcomes = {one["id"]: one["outcome"] for one in stopped["outcomes"]}
    assert set(outcomes.values()) == {"removed", "waiting"}
    assert not stopped["complete"]
    resumed = context.run("resume", "--json")
    assert resumed.code == 0, resumed.err
    assert {one["outcome"] for one in resumed.document()["outcomes"]} == {"removed"}
    contracts = set(outcomes)
    removed = [one for one in context.removed(name) if one in contracts]
    assert sorted(removed) == sorted(contracts)


def test_two_plans_with_one_contract_in_common_do_not_run_side_by_side(context: Desk) -> None:
    first, digest = context.plan("zoho")
    both = context.run("plan", "zoho-sandbox", "--where", "amount > 0", "--json").document()
    server = context.running.servers["zoho"]
    server.inject(FaultRule("delay", Match(method="DELETE"), HELD))
    process = context.start("apply", first, "--confirm", digest, "--json")
    wait_for(lambda: bool(context.removed("zoho")) or process.poll() is not None)
    other = context.run("apply", both["file"], "--confirm", both["digest"], "--json")
    server.inject()
    assert other.code == ExitCode.BUSY
    assert "another run" in other.err
    assert context.end(process).code == 0
