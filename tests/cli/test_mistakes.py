"""What goes wrong at a shell: one clear sentence, what to do next, the documented exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Said, Shell

WHERE = 'status = "Expired"'


def edit_config(home: Path, old: str, new: str) -> None:
    path = home / "config.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def edit_secrets(home: Path, name: str) -> None:
    """Replace the last character of a secret."""
    path = home / "secrets.toml"
    lines = [
        line[:-2] + ("0" if line[-2] != "0" else "1") + '"' if line.startswith(f"{name} =") else line
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")


def check(said: Said, code: int, *words: str) -> None:
    """Two lines for people: what happened, and what to do next."""
    assert said.code == code, said.err
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "\nhint: " in said.err
    for word in words:
        assert word in said.err


def test_an_unknown_connection_names_the_nearest_one(shell: Shell, running: Sandbox) -> None:
    check(shell("find", "zoho-sandbx"), 2, "there is no connection zoho-sandbx", "zoho-sandbox")


def test_an_unknown_adapter_is_named_with_its_line(shell: Shell, running: Sandbox) -> None:
    edit_config(shell.home, 'adapter = "zoho"', 'adapter = "zohoo"')
    said = shell("find", "zoho-sandbox")
    assert said.code == 2
    assert "zohoo" in said.err


@pytest.mark.parametrize(("old", "new"), [("secrets_file =", "secret_file ="), ("api_url =", "api_ulr =")])
def test_a_typo_in_the_configuration_names_file_and_line(shell: Shell, running: Sandbox, old: str, new: str) -> None:
    edit_config(shell.home, old, new)
    line = next(
        number for number, text in enumerate((shell.home / "config.toml").read_text().splitlines(), 1) if new in text
    )
    said = shell("connections", "list")
    assert said.code == 2
    assert "config.toml" in said.err
    assert f"config.toml:{line}: unknown key" in said.err
    assert new.split()[0] in said.err


def test_a_missing_key_names_the_table_that_lacks_it(shell: Shell, running: Sandbox) -> None:
    edit_config(shell.home, 'adapter = "zoho"', 'adaptor = "zoho"')
    said = shell("connections", "list")
    lines = (shell.home / "config.toml").read_text().splitlines()
    assert f"config.toml:{lines.index('[connections.zoho-sandbox]') + 1}: " in said.err
    assert "connections.zoho-sandbox.adapter is missing" in said.err


def test_a_configuration_that_is_no_toml_is_said_so(shell: Shell, running: Sandbox) -> None:
    edit_config(shell.home, "[connections.zoho-sandbox]", "[connections.zoho-sandbox")
    said = shell("connections", "list")
    assert said.code == 2
    assert "not TOML" in said.err


@pytest.mark.parametrize(
    ("connection", "secret"),
    [("zoho-sandbox", "refresh_token"), ("zoho-sandbox", "client_secret"), ("fxiaoke-sandbox", "permanent_code")],
)
def test_a_wrong_secret_says_sign_in_again(shell: Shell, running: Sandbox, connection: str, secret: str) -> None:
    edit_secrets(shell.home, secret)
    said = shell("find", connection)
    check(said, 1)
    kept = [line.split('"')[1] for line in (shell.home / "secrets.toml").read_text().splitlines() if '"' in line]
    assert not any(value in said.err for value in kept if len(value) > 8)


def test_a_missing_secret_says_how_to_provide_it(shell: Shell, running: Sandbox) -> None:
    path = shell.home / "secrets.toml"
    path.write_text("\n".join(x for x in path.read_text().splitlines() if not x.startswith("refresh_token")) + "\n")
    check(shell("find", "zoho-sandbox"), 1, "refresh_token", "crm-bridge login zoho-sandbox")


def test_a_secrets_file_that_others_can_read_is_refused(shell: Shell, running: Sandbox) -> None:
    (shell.home / "secrets.toml").chmod(0o644)
    check(shell("find", "zoho-sandbox"), 1, "chmod 600")


def test_a_wrong_module_lists_the_ones_there_are(shell: Shell, running: Sandbox) -> None:
    edit_config(shell.home, 'adapter = "zoho"', 'adapter = "zoho"\nmodule = "Contrats"')
    check(shell("find", "zoho-sandbox"), 2, "Contrats", "Contracts")


def test_a_wrong_object_is_said_so(shell: Shell, running: Sandbox) -> None:
    edit_config(shell.home, 'object = "SaleContractObj"', 'object = "SaleContractObjX"')
    said = shell("find", "fxiaoke-sandbox")
    assert said.code in (1, 2)
    assert "SaleContractObjX" in said.err


def test_a_missing_right_names_who_can_help(shell: Shell, running: Sandbox) -> None:
    running.servers["zoho"].exchange.emulator.control("scopes", {"list": ["ZohoCRM.users.READ"]})
    check(shell("find", "zoho-sandbox"), 1, "scope")


@pytest.mark.parametrize("kind", ["malformed", "empty", "html", "deep_json"])
def test_an_answer_that_cannot_be_trusted_is_one_sentence(shell: Shell, running: Sandbox, name: str, kind: str) -> None:
    server = running.servers[name.removesuffix("-sandbox")]
    server.inject(FaultRule(kind, Match(count=None)))
    said = shell("find", name)
    assert said.code == 1, said.err
    assert said.err.startswith("error: ")
    assert len(said.err.splitlines()) <= 4


def test_good_json_that_is_called_text_is_read(shell: Shell, running: Sandbox, name: str) -> None:
    running.servers[name.removesuffix("-sandbox")].inject(FaultRule("content_type", Match(count=None)))
    assert shell("find", name, "--limit", 1).code == 0


def test_a_crm_that_is_not_there_is_one_sentence(shell: Shell, running: Sandbox, name: str) -> None:
    running.servers[name.removesuffix("-sandbox")].close()
    said = shell("find", name)
    assert said.code == 1
    assert said.err.startswith("error: ")


def test_a_filter_with_a_mistake_points_at_the_column(shell: Shell, running: Sandbox) -> None:
    said = shell("find", "zoho-sandbox", "--where", 'customer ~ "集团" and amout < 5')
    assert said.code == 2
    lines = said.err.splitlines()
    caret = next(line for line in lines if line.strip() == "^")
    assert 'customer ~ "集团" and amout < 5' in said.err
    # Two of the characters are two columns wide.
    assert caret.index("^") - 2 == len('customer ~ "集团" and ') + 2


def test_a_plan_of_everything_must_be_asked_for_by_name(shell: Shell, running: Sandbox) -> None:
    check(shell("plan", "zoho-sandbox"), 2, "say which contracts", "everything")


def test_a_plan_file_that_is_not_there_is_said_so(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    said = shell("apply", tmp_path / "none.plan", "--confirm", "0" * 64)
    assert said.code in (1, 2, 5)
    assert "none.plan" in said.err


def test_a_file_that_is_no_plan_is_said_so(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "x.plan"
    path.write_text("hello\n")
    said = shell("apply", path, "--confirm", "0" * 64)
    assert said.code == 5
    assert said.err.startswith("error: ")


def test_a_run_that_does_not_exist_is_said_so(shell: Shell, running: Sandbox) -> None:
    check(shell("status"), 2, "no run yet")
    check(shell("restore", "01ABC"), 2, "01ABC")


def test_switches_of_the_tests_are_refused_with_a_real_crm(
    shell: Shell, running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("connections", "add", "zoho-eu", "--adapter", "zoho", "--set", "data_center=eu")
    for variable in ("CRM_BRIDGE_FAILPOINT", "CRM_BRIDGE_CLOCK_OFFSET", "CRM_BRIDGE_SEED"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, "1")
            check(shell("connections", "list"), 2, variable)


def test_errors_for_programs_are_one_json_object(shell: Shell, running: Sandbox) -> None:
    said = shell("find", "zoho-sandbx", "--json")
    assert said.out == ""
    error = said.error()
    assert error["schema"] == "crm-bridge.error/1"
    assert error["error"] == "UsageError"
    assert error["reason"] == "unknown_connection"
    assert error["hint"]


def test_a_command_that_does_not_exist_is_a_usage_error(shell: Shell) -> None:
    said = shell("destroy")
    assert said.code == 2
    assert "destroy" in said.err


def test_text_from_a_crm_cannot_move_the_cursor(shell: Shell, running: Sandbox, name: str) -> None:
    emulator = running.servers[name.removesuffix("-sandbox")].exchange.emulator
    title = next(
        key
        for key, field in shell("connections", "show", name, "--json").document()["fields"].items()
        if field["meaning"] == "title"
    )
    first = emulator.control("contracts", {})["ids"][0]
    emulator.control("edit", {"id": first, "field": title, "value": "a\x1b[2Jb\u202ec\x07"})
    said = shell("find", name, "--limit", 1)
    assert not {"\x1b", "\u202e", "\x07"} & set(said.out)
    assert "a\\u001b[2Jb\\u202ec\\u0007" in said.out
    said = shell("find", name, "--limit", 1, "--json")
    assert not {"\x1b", "\u202e", "\x07"} & set(said.out)
    assert said.lines()[0]["title"] == "a\x1b[2Jb\u202ec\x07"


@pytest.mark.parametrize("command", ["find", "plan", "backup"])
def test_an_empty_filter_is_a_mistake_and_not_everything(shell: Shell, running: Sandbox, command: str) -> None:
    said = shell(command, "zoho-sandbox", "--where", "")
    assert said.code == 2
    assert "the filter is empty" in said.err


def test_filters_that_are_given_together_must_all_be_true(shell: Shell, running: Sandbox) -> None:
    assert shell("find", "zoho-sandbox", "amount > 5", "--where", "amount < 5").code == 8
    alone = shell("find", "zoho-sandbox", "--where", WHERE, "--json").out.splitlines()
    both = shell(
        "find", "zoho-sandbox", "--where", "number is not null", "--where", WHERE, "--where", "amount > 0", "--json"
    )
    assert set(both.out.splitlines()) <= set(alone)
    assert both.out


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_a_terminal_with_another_encoding_shows_escapes_and_programs_get_json(
    shell: Shell, running: Sandbox, encoding: str
) -> None:
    words = [sys.executable, "-m", "crm_bridge.cli.main", "--home", str(shell.home)]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": encoding, "CRM_BRIDGE_LANG": "zh"}

    def said(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*words, *arguments], env=environment, capture_output=True, timeout=60)

    lines = said("find", "zoho-sandbox", "--where", 'customer ~ "有限公司"', "--json").stdout.decode(encoding)
    assert all("有限公司" in json.loads(line)["customer"] for line in lines.splitlines())
    table = said("find", "zoho-sandbox", "--limit", "5")
    assert (table.returncode, table.stderr) == (0, b"")
    refused = said("find", "nobody", "--json")
    assert "nobody" in json.loads(refused.stderr.decode(encoding))["message"]
