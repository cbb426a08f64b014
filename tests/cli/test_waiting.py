"""Another process has the plan: exit 16 with its name at once, or `--wait` until it has finished."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from crm_bridge.bridge.waiting import wait_for_others
from crm_bridge.errors import JournalBusyError
from crm_bridge.locks import hold
from tests.cli.conftest import Shell


@pytest.fixture
def planned(shell: Shell, name: str, tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "a.plan"
    digest = shell("plan", name, "--where", 'status = "Expired"', "-o", path, "--json").document()["digest"]
    return path, digest


def test_the_holder_is_named_and_nothing_is_sent(shell: Shell, planned: tuple[Path, str]) -> None:
    path, digest = planned
    lock = shell.home / "locks" / f"plan-{digest[:32]}.lock"
    with hold(lock, what="the other run"):
        said = shell("apply", path, "--confirm", digest)
    assert said.code == 16
    assert f"process {os.getpid()}" in said.err
    assert "the other run" in said.err
    assert "--wait" in said.err
    assert shell("apply", path, "--confirm", digest).code == 0, "the plan was not used up"


def test_a_run_that_waits_goes_on_when_the_other_has_finished(shell: Shell, planned: tuple[Path, str]) -> None:
    path, digest = planned
    lock = shell.home / "locks" / f"plan-{digest[:32]}.lock"
    held, finish = threading.Event(), threading.Event()

    def other() -> None:
        with hold(lock, what="the other run"):
            held.set()
            finish.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(30)
    timer = threading.Timer(0.2, finish.set)
    timer.start()
    said = shell("apply", path, "--confirm", digest, "--wait", 60)
    thread.join()
    timer.join()
    assert said.code == 0
    assert "waiting: " in said.err


@pytest.mark.parametrize("reason", ["journal_busy", "locked"])
def test_what_comes_in_the_middle_of_a_run_is_not_waited_for(reason: str) -> None:
    def busy() -> None:
        raise JournalBusyError("busy", reason=reason)

    with pytest.raises(JournalBusyError):
        wait_for_others(busy, seconds=60, warn=lambda _text: None)
