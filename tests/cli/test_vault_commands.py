"""`backup` and `vault`: what is saved, what is shown of it, and how it ends."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Said, Shell

DAY = 86_400
BOTH = pytest.mark.parametrize("name", ["zoho-sandbox", "fxiaoke-sandbox"])


@pytest.fixture
def name(running: Sandbox) -> str:
    """The connection of tests to which it does not matter whose contracts are in the vault."""
    return "zoho-sandbox"


@pytest.fixture
def made(shell: Shell, name: str) -> str:
    """The id of a backup set of five contracts."""
    said = shell("backup", name, "--limit", 5, "--json")
    assert said.code == 0, said.err
    return str(said.document()["set"])


def ops(shell: Shell) -> list[str]:
    """Return what the journal says happened, in order."""
    return [line["op"] for line in shell("journal", "list", "--json").lines()]


@BOTH
def test_a_backup_deletes_nothing_and_is_verified(shell: Shell, running: Sandbox, name: str) -> None:
    before = len(shell("find", name, "--json").lines())
    said = shell("backup", name, "--where", 'status = "Expired"', "--json").document()
    assert said["count"] == len(shell("find", name, "--where", 'status = "Expired"', "--json").lines())
    assert said["verified"] is True
    assert len(shell("find", name, "--json").lines()) == before
    assert ops(shell)[-1] == "backup.made"


def test_nothing_to_back_up_is_exit_8_and_leaves_no_set(shell: Shell, name: str) -> None:
    said = shell("backup", name, "--where", "amount < 0")
    assert said.code == 8
    assert shell("vault", "list", "--json").document()["count"] == 0


@BOTH
def test_a_contract_that_is_not_there_is_named_and_exit_3(
    shell: Shell, running: Sandbox, name: str, tmp_path: Path
) -> None:
    known = shell("find", name, "--limit", 1, "--json").lines()[0]["id"]
    absent = known[:-3] + "999"
    (tmp_path / "ids").write_text(f"{known}\n{absent}\n")
    said = shell("backup", name, "--ids-from", tmp_path / "ids", "--json")
    assert (said.code, said.document()["count"], said.document()["missing"]) == (3, 1, [absent])


def test_a_set_is_listed_shown_and_checked(shell: Shell, made: str) -> None:
    (listed,) = shell("vault", "list", "--json").document()["sets"]
    shown = shell("vault", "show", made, "--json").document()
    assert listed["set"] == shown["set"] == made
    assert len(shown["contracts"]) == listed["count"] == 5
    assert {"id", "digest", "bytes", "attachments", "attachment_bytes"} <= set(shown["contracts"][0])
    (checked,) = shell("vault", "check", "--json").document()["sets"]
    assert (checked["ok"], checked["restorable"], checked["contracts"]) == (True, True, 5)


def test_what_is_shown_of_a_set_holds_nothing_of_a_contract(shell: Shell, name: str, made: str) -> None:
    contract = shell("find", name, "--limit", 1, "--json").lines()[0]
    for text in (shell("vault", "show", made).out, shell("vault", "list").out):
        assert contract["number"] not in text
        assert contract["customer"] not in text


def test_a_damaged_set_is_exit_6_with_every_finding(shell: Shell, made: str) -> None:
    file = shell.home / "vault" / made / "data" / "records-000001.age"
    file.write_bytes(file.read_bytes()[:-1])
    said = shell("vault", "check", "--json")
    assert said.code == 6
    (checked,) = said.document()["sets"]
    assert checked["ok"] is checked["restorable"] is False
    assert {one["file"] for one in checked["findings"]} == {"data/records-000001.age"}


def test_a_set_that_the_journal_names_and_that_is_gone_is_a_finding(shell: Shell, made: str) -> None:
    (shell.home / "vault" / made).rename(shell.home / "elsewhere")
    said = shell("vault", "check", "--json")
    assert said.code == 6
    assert said.document()["sets"][0]["findings"][0]["code"] == "missing"


@pytest.mark.parametrize("command", ["show", "shred", "check"])
def test_a_set_that_is_not_there_is_one_sentence(shell: Shell, made: str, command: str) -> None:
    for wrong in ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "..", "../vault", ""):
        said = shell("vault", command, wrong)
        assert said.code == 6
        assert "there is no backup set" in said.err
        assert "vault list" in said.err


def test_a_prune_is_planned_confirmed_and_journaled(
    shell: Shell, name: str, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = shell("backup", name, "--limit", 2, "--keep-days", 1, "--json").document()["set"]
    assert shell("vault", "prune").code == 8
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(3 * DAY))
    planned = shell("vault", "prune", "--dry-run", "--json")
    assert (planned.code, [one["set"] for one in planned.document()["sets"]]) == (0, [short])
    asked = shell("vault", "prune")
    assert (asked.code, "--confirm" in asked.err) == (5, True)
    assert shell("vault", "prune", "--confirm", "0" * 64).code == 5
    assert sorted(os.listdir(shell.home / "vault")) == sorted([made, short])
    done = shell("vault", "prune", "--confirm", planned.document()["digest"], "--json")
    assert done.code == 0, done.err
    assert os.listdir(shell.home / "vault") == [made]
    assert ops(shell)[-2:] == ["vault.prune.confirmed", "vault.prune.done"]
    assert shell("vault", "check").code == 0


def test_a_retention_beyond_a_hundred_years_is_a_usage_error(shell: Shell, name: str) -> None:
    assert shell("backup", name, "--limit", 1, "--keep-days", 10**9).code == 2


@BOTH
def test_the_set_of_an_unfinished_run_is_neither_pruned_nor_shredded(
    shell: Shell, running: Sandbox, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "a.plan"
    said = shell("plan", name, "--where", 'status = "Expired"', "-o", plan, "--json").document()
    monkeypatch.setenv("CRM_BRIDGE_FAILPOINT", "gate.before:1:raise")
    assert shell("apply", plan, "--confirm", said["digest"]).code != 0
    monkeypatch.delenv("CRM_BRIDGE_FAILPOINT")
    (made,) = os.listdir(shell.home / "vault")
    refused = shell("vault", "shred", made, "--dry-run")
    assert refused.code == 4
    assert "crm-bridge resume" in refused.err
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(400 * DAY))
    assert shell("vault", "prune").code == 8


def shredded(shell: Shell, made: str) -> Said:
    digest = shell("vault", "shred", made, "--dry-run", "--json").document()["digest"]
    return shell("vault", "shred", made, "--confirm", digest)


def test_shredding_says_what_it_cannot_reach_and_is_journaled(shell: Shell, made: str) -> None:
    said = shredded(shell, made)
    assert said.code == 0, said.err
    for word in ("flash storage", "snapshots and backups of this disk", "master key", "already restored"):
        assert word in said.out
    assert ops(shell)[-2:] == ["vault.shred.confirmed", "vault.shred.done"]
    assert shell("vault", "show", made).code == 6
    (checked,) = shell("vault", "check", "--json").document()["sets"]
    assert (checked["ok"], checked["restorable"], checked["shredded"]) == (True, False, True)


def test_a_copy_goes_out_is_named_when_its_set_is_shredded_and_comes_back(
    shell: Shell, made: str, tmp_path: Path
) -> None:
    pytest.importorskip("obstore")
    url = f"file://{tmp_path}/copies"
    (copied,) = shell("vault", "copy", "--to", url, "--json").document()["sets"]
    assert (copied["set"], copied["present"]) == (made, 0)
    (again,) = shell("vault", "copy", made, "--to", url, "--json").document()["sets"]
    assert (again["written"], again["present"]) == (0, copied["written"])
    assert shell("vault", "fetch", "--from", url).code == 8
    assert "(file) still holds its key slot" in shredded(shell, made).out
    assert "shredded" in shell("vault", "copy", made, "--to", url).err
    assert shell("vault", "copy", "--to", url).code == 8
    (shell.home / "vault" / made).rename(tmp_path / "shredded")
    (fetched,) = shell("vault", "fetch", "--from", url, "--json").document()["sets"]
    assert (fetched["set"], fetched["shredded"]) == (made, False)
    assert shell("vault", "check").code == 0
    assert [op for op in ops(shell) if "copy" in op or "fetch" in op] == ["vault.copy.done"] * 2 + ["vault.fetch.done"]


def test_a_damaged_set_is_not_copied(shell: Shell, made: str, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    file = shell.home / "vault" / made / "data" / "schema.age"
    file.write_bytes(file.read_bytes() + b" ")
    said = shell("vault", "copy", "--to", f"file://{tmp_path}/copies")
    assert (said.code, "was not copied" in said.err) == (6, True)
    assert list((tmp_path / "copies").iterdir()) == []


def test_an_address_for_copies_that_is_none_is_one_sentence(shell: Shell, made: str) -> None:
    pytest.importorskip("obstore")
    for url in ("file://relative/place", "ftp://user:hunter2@host/x", "nonsense", "file:///dev/null/x"):
        for command in (("copy", "--to"), ("fetch", "--from")):
            said = shell("vault", *command, url)
            assert said.code in (2, 6)
            assert "hunter2" not in said.err
            assert "hint:" in said.err


@BOTH
def test_an_export_has_chinese_headers_and_a_mark_for_excel(
    shell: Shell, running: Sandbox, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "合同.csv"
    said = shell("--lang", "zh", "backup", name, "--limit", 3, "--format", "csv", "-o", path)
    assert said.code == 0, said.err
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    header, *rows = raw.decode("utf-8-sig").splitlines()
    assert header.startswith("Id,编号,标题,客户,状态")
    assert len(rows) == 3
    assert "警告" not in said.err
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert ops(shell)[-1] == "export.made"


def test_an_export_that_fails_leaves_no_file(shell: Shell, name: str, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    assert shell("backup", name, "--where", "amount < 0", "--format", "csv", "-o", path).code == 8
    assert shell("backup", name, "--format", "csv").code == 2
    for wrong in (tmp_path / "no" / "such.csv", tmp_path):
        said = shell("backup", name, "--format", "csv", "-o", wrong)
        assert (said.code, "not the name of a file" in said.err) == (2, True)
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


@BOTH
def test_neither_journal_nor_vault_holds_a_number_of_an_exported_contract(
    shell: Shell, running: Sandbox, name: str, made: str, tmp_path: Path
) -> None:
    path = tmp_path / "three.jsonl"
    assert shell("backup", name, "--limit", 3, "--format", "jsonl", "-o", path).code == 0
    numbers = [json.loads(line)["number"].encode() for line in path.read_text("utf-8").splitlines()]
    assert len(numbers) == 3
    with sqlite3.connect(shell.home / "journal" / "journal.sqlite3") as journal:
        journal.execute("PRAGMA wal_checkpoint")
    files = [one for one in shell.home.rglob("*") if one.is_file()]
    assert [one for one in files for number in numbers if number in one.read_bytes()] == []
