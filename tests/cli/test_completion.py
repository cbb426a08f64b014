"""The Tab key: connections, runs, plans, sets, adapters and fields, as the three shells ask for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Shell

Offered = Callable[..., list[str]]


@pytest.fixture
def offered(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Offered:
    """Return what a shell is offered for the last of some words."""

    def offer(*words: str, asked_by: str = "bash") -> list[str]:
        line = " ".join(("crm-bridge", *(word if " " not in word else f"'{word}'" for word in words)))
        monkeypatch.setenv("_CRM_BRIDGE_COMPLETE", f"{asked_by}_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", words[-1] if asked_by == "fish" else str(len(words)))
        out = shell().out
        monkeypatch.delenv("_CRM_BRIDGE_COMPLETE")
        lines = [line for line in out.splitlines() if line]
        if asked_by == "zsh":
            return lines[1::3]
        return [row.partition(",")[2].partition("\t")[0] for row in lines]

    return offer


@pytest.mark.parametrize("asked_by", ["bash", "zsh", "fish"])
def test_every_shell_is_offered_what_the_state_directory_knows(
    shell: Shell, offered: Offered, asked_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with sandbox(SandboxOptions(home=shell.home, count=4, only=("zoho",))):
        made = shell("--json", "plan", "zoho-sandbox", "--number", "HT-2024-0002", "-o", "one.plan").document()
        run = shell("--json", "apply", "one.plan", "--confirm", made["digest"]).document()["run_id"]
    (kept,) = shell("--json", "vault", "list").document()["sets"]

    def asked(*words: str) -> list[str]:
        return offered(*words, asked_by=asked_by)

    for command in ("find", "plan", "delete", "show", "backup", "doctor", "restore"):
        assert asked(command, "zo") == ["zoho-sandbox"], command
    assert asked("policy", "show", "zo") == ["zoho-sandbox"]
    for words in (("status",), ("resume",), ("verify",), ("receipt", "issue"), ("receipt", "show")):
        assert asked(*words, run[:6]) == [run], words
    assert asked("plan", "zoho-sandbox", "--again", run[:6]) == [run]
    assert asked("vault", "show", kept["set"][:4]) == [kept["set"]]
    assert asked("apply", "on") == ["one.plan"]
    assert asked("adapters", "show", "f") == ["fxiaoke"]
    assert asked("connections", "add", "x", "--adapter", "zo") == ["zoho"]
    assert asked("find", "zoho-sandbox", "--where", "sta") == ["status", "start"]
    assert asked("journal", "rot") == ["rotate-key"]


def test_a_filter_is_completed_at_its_end_and_not_in_a_value(offered: Offered) -> None:
    assert offered("find", "x", "--where", "amount < 5 and own") == ["amount < 5 and owner"]
    assert offered("find", "x", "--where", 'status = "own') == []


def test_without_a_state_directory_nothing_is_offered_and_nothing_made(shell: Shell, offered: Offered) -> None:
    assert offered("find", "zo") == []
    assert offered("status", "0") == []
    assert not shell.home.exists()
