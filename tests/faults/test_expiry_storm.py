"""64 threads in 4 processes meet an expired token at once, through the whole stack: one new one is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.faults.conftest import ADAPTERS

pytestmark = pytest.mark.timing

PROCESSES, THREADS = 4, 16
TOKEN = {"fxiaoke": "corpAccessToken", "zoho": "/oauth/v2/token"}
PROGRAM = Path(__file__).with_name("expiry_storm.py")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_expired_token_is_renewed_once_for_all_threads_and_processes(tmp_path: Path, adapter: str) -> None:
    home, go = tmp_path / "home", tmp_path / "go"
    with sandbox(SandboxOptions(home=home, count=5, only=(adapter,))) as running:
        emulator = running.servers[adapter].exchange.emulator
        wanted = str(emulator.control("contracts", {})["ids"][0])

        def tokens() -> int:
            return sum(TOKEN[adapter] in line.path for line in emulator.ledger())

        command = [sys.executable, str(PROGRAM), str(home), f"{adapter}-sandbox", wanted, str(go)]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
        ends = time.monotonic() + 600
        while len(list(tmp_path.glob("go.*"))) < PROCESSES and time.monotonic() < ends:
            time.sleep(0.01)
        assert tokens() == 1  # four processes signed in with one
        emulator.control("expire_tokens", {})
        go.touch()
        answers = [one.communicate(timeout=600)[0] for one in processes]
        assert tokens() == 2
    assert [value for answer in answers for value in json.loads(answer)] == [wanted] * PROCESSES * THREADS
