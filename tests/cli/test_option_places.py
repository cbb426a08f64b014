"""Options stand before a command, after it, or between a group and its member; `--json` answers everywhere."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Shell

LISTING = ("connections", "list")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_state_directory_may_be_named_at_every_place(
    shell: Shell, running: Sandbox, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.delenv("CRM_BRIDGE_HOME")
    words: list[object] = [*LISTING]
    words[place:place] = ["--home", shell.home, "--json", "--secrets-file", shell.home / "secrets.toml"]
    assert [one["name"] for one in shell(*words).document()["connections"]] == ["fxiaoke-sandbox", "zoho-sandbox"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_words_of_a_plan_may_come_in_any_order(shell: Shell, running: Sandbox, order: tuple[int, ...]) -> None:
    words = [["zoho-sandbox"], ["--where", 'status = "Expired"'], ["--json"], ["--purge"]]
    document = shell("plan", *(word for place in order for word in words[place])).document()
    assert (document["connection"], document["step"]) == ("zoho-sandbox", "purge")


def test_a_mistake_in_a_plan_names_the_command_that_was_typed(shell: Shell) -> None:
    said = shell("plan", "--wher", "x", "zoho-sandbox")
    assert said.code == 2
    assert "crm-bridge plan" in said.err
    assert "plan make" not in said.err


@pytest.mark.parametrize(
    ("words", "command"),
    [("plan", "plan"), ("find", "find"), ("status --bogus", "status"), ("receipt show a b", "receipt show")],
)
def test_a_mistake_of_usage_is_json_with_a_hint(shell: Shell, words: str, command: str) -> None:
    error = shell(*words.split(), "--json").error()
    assert error["error"] == "UsageError"
    assert error["hint"] == f"see `crm-bridge {command} --help`"


def test_a_connection_that_is_added_and_removed_is_told_to_programs(shell: Shell) -> None:
    added = shell("connections", "add", "zoho-eu", "--adapter", "zoho", "--set", "data_center=eu", "--json").document()
    assert added["schema"] == "crm-bridge.connection/1"
    assert (added["name"], added["adapter"]) == ("zoho-eu", "zoho")
    assert "https://www.zohoapis.eu" in added["origins"]
    removed = shell("connections", "remove", "zoho-eu", "--json").document()
    assert (removed["name"], removed["removed"]) == ("zoho-eu", True)
    assert shell("connections", "list", "--json").document()["connections"] == []


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("data_centre=eu", "unknown key"),
        ("data_center=xx", "must be one of"),
        ("module=12", "text in quotes"),
        ("coql_limit=0", "at least 1"),
        ("coql_limit=many", "whole number"),
        ("environment=prod", "must be one of"),
        ("api_url=http://crm.example", "this machine only"),
        ("a]b=1", "not the name of a setting"),
        ("data_center", "KEY=VALUE"),
    ],
)
def test_a_connection_with_a_mistake_is_not_added(shell: Shell, setting: str, says: str) -> None:
    assert shell("connections", "add", "good", "--adapter", "zoho", "--set", "data_center=us").code == 0
    before = (shell.home / "config.toml").read_bytes()
    said = shell("connections", "add", "bad", "--adapter", "zoho", "--set", "data_center=eu", "--set", setting)
    assert said.code == 2
    assert says in said.err
    assert (shell.home / "config.toml").read_bytes() == before
    assert [one["name"] for one in shell("connections", "list", "--json").document()["connections"]] == ["good"]


def test_the_first_connection_with_a_mistake_leaves_no_file(shell: Shell) -> None:
    assert shell("connections", "add", "x", "--adapter", "zohoo").code == 2
    assert not (shell.home / "config.toml").exists()


def test_a_setting_may_be_a_quoted_text_a_table_or_dotted(shell: Shell) -> None:
    settings = ("data_center=eu", 'module="12"', "fields.amount=Total", 'secrets_env={refresh_token="ZOHO_TOKEN"}')
    words = [word for setting in settings for word in ("--set", setting)]
    assert shell("connections", "add", "x", "--adapter", "zoho", *words).code == 0
    text = (shell.home / "config.toml").read_text()
    assert 'module = "12"' in text
    assert 'fields.amount = "Total"' in text


def test_a_receipt_is_issued_for_programs_with_its_schema_and_verifies(
    shell: Shell, running: Sandbox, tmp_path: Path
) -> None:
    contract = shell("find", "zoho-sandbox", "--limit", 1, "--json").lines()[0]["id"]
    digest = shell("delete", "zoho-sandbox", contract, "--json").document()["digest"]
    assert shell("delete", "zoho-sandbox", contract, "--confirm", digest).code == 0
    issued = shell("receipt", "issue", "--json").document()
    assert issued["schema"] == "crm-bridge.receipt-envelope/1"
    (tmp_path / "receipt.json").write_text(json.dumps(issued))
    assert shell("receipt", "verify", tmp_path / "receipt.json", "--json").document()["signature"] is True
    told = shell("receipt", "issue", "-o", tmp_path / "again.json", "--json").document()
    assert told["file"] == str(tmp_path / "again.json")


def test_without_a_terminal_programs_get_the_refusal_and_nothing_else(shell: Shell, running: Sandbox) -> None:
    plan = shell("plan", "zoho-sandbox", "--where", 'status = "Expired"', "--json").document()["file"]
    said = shell("apply", plan, "--json")
    assert said.code == 5
    assert len(said.err.splitlines()) == 1
    assert said.error()["reason"] == "not_confirmed"


def test_what_is_suggested_can_be_typed_as_it_stands(
    shell: Shell, running: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CRM_BRIDGE_HOME")
    plan = tmp_path / "old contracts.plan"
    said = shell("--home", shell.home, "plan", "zoho-sandbox", "--where", 'status = "Expired"', "-o", plan)
    suggested = shlex.split(said.err.splitlines()[-1].removeprefix("Carry it out: "))[1:]
    digest = shell("--home", shell.home, "plan", "show", plan, "--json").document()["digest"]
    applied = shell(*suggested, "--confirm", digest)
    assert applied.code == 0, applied.err
    undo = next(line for line in applied.out.splitlines() if line.startswith("to undo"))
    assert shell(*shlex.split(undo.removeprefix("to undo"))[1:]).code == 0


@pytest.mark.parametrize(
    "words",
    [
        "plan --bogus x",
        "destroy",
        "find",
        "find a b c d",
        "find x --where",
        "sandbox serve --port 99999",
        "receipt verify none.json",
        "connections add x",
        "find x --limit many",
    ],
)
def test_a_mistake_of_usage_is_told_in_chinese(shell: Shell, words: str) -> None:
    said = shell("--lang", "zh", *words.split())
    assert said.code == 2
    sentence = said.err.splitlines()[-1]
    assert sentence.startswith("错误：")
    assert not re.search("No such|Missing|unexpected|requires|Invalid|does not exist|Did you", said.err)
    assert re.search("[\u4e00-\u9fff]{2}", sentence.removeprefix("错误："))
