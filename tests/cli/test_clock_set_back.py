"""A clock that is set back by a day while 25 hours pass prolongs no plan: nothing is removed, exit code 5."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Said, Shell

pytestmark = pytest.mark.timing

HOUR = 3600
SENTENCE = {
    "en": "error: the plan has expired: since it was made, more time has passed than this machine's clock shows",
    "zh": "错误：计划已过期：自制定计划以来，实际经过的时间比本机时钟显示的更长",
}
SetBack = Callable[[], None]


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> SetBack:
    """Let 25 hours pass of which the wall clock shows one."""
    counted = time.clock_gettime

    def pass_unseen() -> None:
        monkeypatch.setattr(time, "clock_gettime", lambda clock: counted(clock) + 25 * HOUR)
        monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(HOUR))

    return pass_unseen


def removals(emulator: Emulator) -> list[str]:
    """Return the ids of everything that disappeared."""
    return [e.id for line in emulator.ledger() for e in line.effects if e.kind in ("trashed", "purged")]


def refused(said: Said, language: str) -> None:
    assert (said.code, SENTENCE[language] in said.err.splitlines()) == (5, True), said.err


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reader's language; the shell's own is English."""
    monkeypatch.setenv("CRM_BRIDGE_LANG", request.param)
    return str(request.param)


def test_apply_refuses(shell: Shell, name: str, emulator: Emulator, language: str, set_back: SetBack) -> None:
    plan = shell.home / "old.plan"
    digest = shell("plan", name, "--where", 'status = "Expired"', "-o", plan, "--json").document()["digest"]
    set_back()
    refused(shell("apply", plan, "--confirm", digest), language)
    assert removals(emulator) == []


def test_delete_refuses(shell: Shell, name: str, emulator: Emulator, language: str, set_back: SetBack) -> None:
    contract = emulator.control("contracts", {})["ids"][0]
    digest = shell("delete", name, contract, "--json").document()["digest"]
    set_back()
    refused(shell("delete", name, contract, "--confirm", digest), language)
    assert removals(emulator) == []


def test_resume_refuses(
    shell: Shell,
    name: str,
    emulator: Emulator,
    language: str,
    set_back: SetBack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = shell.home / "old.plan"
    digest = shell("plan", name, "--where", 'status = "Expired"', "-o", plan, "--json").document()["digest"]
    monkeypatch.setenv("CRM_BRIDGE_FAILPOINT", "remove.after:1:raise")
    assert shell("apply", plan, "--confirm", digest).code != 0
    monkeypatch.delenv("CRM_BRIDGE_FAILPOINT")
    removed = removals(emulator)
    set_back()
    refused(shell("resume"), language)
    assert removals(emulator) == removed != []
