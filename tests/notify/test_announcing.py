"""Announced plans: people are told before, object in time, and what they object to is left out of the next plan."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from tests.cli.conftest import Shell
from tests.notify.conftest import MailServer, configure, mail_channel

EXPIRED = ("plan", "zoho-sandbox", "--where", "everything", "--force", "-o")


@pytest.fixture
def announced(shell: Shell, mail: MailServer, tmp_path: Path) -> Any:
    """A plan that people may object to for three days."""
    with sandbox(SandboxOptions(home=shell.home, count=6, only=("zoho",))) as served:
        (shell.home / "holds.csv").write_text("id,reason\n")
        configure(shell.home, '[policy]\nhold_list = "holds.csv"\n' + mail_channel(mail.port))
        said = shell(*EXPIRED, tmp_path / "a.plan", "--announce", "3d", "--reason", "migrated")
        assert said.code == 0, said.err
        yield served


def digest(shell: Shell, path: Path) -> str:
    return str(shell("plan", "show", path, "--json").document()["digest"])


def numbers(shell: Shell, path: Path) -> list[str]:
    return [one["number"] for one in shell("plan", "show", path, "--json").document()["contracts"]]


def test_people_are_told_what_will_be_deleted_and_until_when_they_may_object(
    shell: Shell, announced: Sandbox, mail: MailServer
) -> None:
    (message,) = mail.to("finance@example.com")
    assert message["Subject"] == "To be deleted: 6 contracts of zoho-sandbox"
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "migrated" in text
    assert "Object before" in text


def test_an_announced_plan_is_not_carried_out_while_people_may_object(
    shell: Shell, announced: Sandbox, tmp_path: Path
) -> None:
    said = shell("apply", tmp_path / "a.plan", "--confirm", digest(shell, tmp_path / "a.plan"), "--json")
    assert (said.code, said.error()["reason"]) == (5, "announced")


def test_an_objection_in_time_holds_the_contract_with_the_objectors_name(
    shell: Shell, announced: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.plan"
    number = numbers(shell, path)[0]
    said = shell("object", path, number, "--reason", "=in dispute", "--by", "Ada Lovelace", "--json")
    assert (said.code, said.document()["held"]) == (0, True)
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(timedelta(days=4).total_seconds()))
    again = shell(*EXPIRED, tmp_path / "b.plan")
    assert "Ada Lovelace" in again.out
    assert "in dispute" in again.out
    assert len(numbers(shell, tmp_path / "b.plan")) == 5
    assert number not in numbers(shell, tmp_path / "b.plan")
    rows = list(csv.reader((shell.home / "holds.csv").read_text().splitlines()))
    assert [row[0] for row in rows] == ["id", said.document()["id"]]
    assert "Ada Lovelace" in rows[1][1]


def test_an_objection_that_comes_late_is_said_and_holds_nothing(
    shell: Shell, announced: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.plan"
    number = numbers(shell, path)[0]
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(timedelta(days=3, minutes=1).total_seconds()))
    said = shell("object", path, number, "--reason", "in dispute")
    assert said.code == 3
    assert "too late" in said.out
    assert (shell.home / "holds.csv").read_text() == "id,reason\n"
    late = shell("journal", "list", "--op", "plan.objected", "--json").lines()
    assert [one["body"]["late"] for one in late] == [True]


def test_only_a_contract_of_an_announced_plan_can_be_objected_to(
    shell: Shell, announced: Sandbox, tmp_path: Path
) -> None:
    assert shell("object", tmp_path / "a.plan", "HT-0000", "--reason", "x").code == 8
    shell(*EXPIRED, tmp_path / "b.plan")
    said = shell("object", tmp_path / "b.plan", numbers(shell, tmp_path / "b.plan")[0], "--reason", "x", "--json")
    assert said.error()["reason"] == "not_announced"


def test_a_hold_list_keeps_its_columns_and_what_stands_in_it(shell: Shell, announced: Sandbox, tmp_path: Path) -> None:
    (shell.home / "holds.csv").write_text("备注,合同编号,owner\nlawsuit,HT-9,Bob", encoding="utf-8")
    path = tmp_path / "a.plan"
    shell("object", path, numbers(shell, path)[0], "--reason", "renewed", "--by", "Ada")
    rows = list(csv.reader((shell.home / "holds.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[:2] == [["备注", "合同编号", "owner"], ["lawsuit", "HT-9", "Bob"]]
    assert rows[2][0].startswith("Ada, ")
    assert rows[2][0].endswith("renewed")
    assert rows[2][2] == ""


def test_without_a_hold_list_nothing_is_announced(shell: Shell, tmp_path: Path, mail: MailServer) -> None:
    with sandbox(SandboxOptions(home=shell.home, count=6, only=("zoho",))):
        configure(shell.home, mail_channel(mail.port))
        said = shell(*EXPIRED, tmp_path / "a.plan", "--announce", "3d", "--json")
    assert said.code == 2
    assert "no hold list" in said.err
    assert mail.taken == []
