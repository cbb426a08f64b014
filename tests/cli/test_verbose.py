"""`--verbose` tells steps and repetitions, `--debug-http` the calls: one JSON object a line, never content."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.cli.terminal.logs import log_to_stderr, say_less
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Said, Shell

LISTING = {"fxiaoke-sandbox": "data/query", "zoho-sandbox": "/coql"}
FIELDS = {"stage", "done", "total", "route", "purpose", "again", "after_seconds"}


def lines(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.err.splitlines()]


def spoil(running: Sandbox, name: str, kind: str, **arguments: Any) -> None:
    server = running.servers[name.removesuffix("-sandbox")]
    server.inject(FaultRule(kind, Match(path=LISTING[name]), arguments))


def test_steps_are_told(shell: Shell, name: str, tmp_path: Path) -> None:
    said = shell("plan", name, "--where", "everything", "--output", tmp_path / "a.plan", "--verbose", "--json")
    told = lines(said)
    assert said.code == 0
    assert told[-1] == {"stage": "find", "done": 40, "total": 40}
    assert {key for line in told for key in line} <= FIELDS


def test_repetitions_are_told_with_reason_and_pause(
    shell: Shell, running: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    spoil(running, name, "too_many", retry_after=7)
    said = shell("find", name, "--verbose", "--json")
    (again,) = [line for line in lines(said) if "again" in line]
    assert said.code == 0
    assert (again["again"], again["after_seconds"], again["purpose"]) == ("limited", 7.0, "read")


def test_without_it_nothing_is_said(shell: Shell, name: str) -> None:
    shell("find", name, "--verbose", "--json")
    assert shell("find", name, "--json").err == ""


def test_calls_are_told_only_where_they_were_asked_for(shell: Shell, name: str) -> None:
    routes = [line["route"] for line in lines(shell("find", name, "--debug-http", "--json"))]
    assert len(routes) >= 2
    assert not any("status" in line for line in lines(shell("find", name, "--verbose", "--json")))


def test_a_command_that_ended_leaves_neither_its_loudness_nor_its_stream_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr(verbose=True, http=True)
    say_less()
    logging.getLogger("crm_bridge.http").debug("{}")
    assert capsys.readouterr().err == ""
    logging.getLogger("crm_bridge").warning("still heard")
    assert capsys.readouterr().err == "still heard\n"
