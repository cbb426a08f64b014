"""Every command of the journey: what it prints for programs, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Shell

WHERE = 'status = "Expired"'


@pytest.fixture
def plan(shell: Shell, name: str, tmp_path: Path) -> tuple[Path, str]:
    """A plan file and its digest."""
    path = tmp_path / "expired.plan"
    said = shell("plan", name, "--where", WHERE, "-o", path, "--reason", "test", "--json")
    assert said.code == 0, said.err
    return path, said.document()["digest"]


def test_find_prints_one_line_for_each_contract(shell: Shell, name: str) -> None:
    said = shell("find", name, "--where", WHERE, "--json")
    assert said.code == 0
    assert said.lines()
    for line in said.lines():
        assert line["schema"] == "crm-bridge.contract/1"
        assert line["status"] == "Expired"
        assert isinstance(line["id"], str)
        assert isinstance(line["amount"], str)
        assert {"number", "title", "customer", "currency"} <= set(line)


def test_a_table_shows_the_same_contracts(shell: Shell, name: str) -> None:
    numbers = [line["number"] for line in shell("find", name, "--where", WHERE, "--json").lines()]
    table = shell("find", name, WHERE).out
    assert [number for number in numbers if number not in table] == []


def test_limit_ends_a_listing(shell: Shell, name: str) -> None:
    assert len(shell("find", name, "--limit", 3, "--json").lines()) == 3


def test_nothing_found_is_exit_8(shell: Shell, name: str) -> None:
    said = shell("find", name, "--where", "amount < 0")
    assert said.code == 8


def test_show_prints_one_contract_with_everything_around_it(shell: Shell, name: str) -> None:
    number = shell("find", name, "--limit", 1, "--json").lines()[0]["number"]
    said = shell("show", name, number, "--json")
    document = said.document()
    assert document["number"] == number
    assert document["raw"]
    assert document["parts"]


def test_a_plan_says_digest_count_and_phrase(shell: Shell, plan: tuple[Path, str]) -> None:
    path, digest = plan
    document = shell("plan", "show", path, "--json").document()
    assert document["digest"] == digest
    assert document["count"] == len(document["contracts"])
    assert document["phrase"].startswith(f"DELETE {document['count']} {document['connection']} ")
    assert "reason" in document


def test_apply_with_the_digest_removes_and_leaves_a_receipt(shell: Shell, plan: tuple[Path, str]) -> None:
    path, digest = plan
    said = shell("apply", path, "--confirm", digest, "--json")
    assert said.code == 0, said.err
    run = said.document()
    assert {one["outcome"] for one in run["outcomes"]} == {"removed"}
    assert {one["evidence"] for one in run["outcomes"]} == {"E2"}
    assert json.loads(Path(run["receipt"]).read_text())["payload"]
    assert run["undo"]["command"].endswith(f"restore {run['run_id']}")


def test_apply_without_a_terminal_and_without_a_digest_is_no(
    shell: Shell, plan: tuple[Path, str], emulator: Emulator
) -> None:
    said = shell("apply", plan[0])
    assert said.code == 5
    assert "--confirm" in said.err
    assert [e for line in emulator.ledger() for e in line.effects] == []


def test_apply_with_another_digest_sends_nothing(shell: Shell, plan: tuple[Path, str], emulator: Emulator) -> None:
    said = shell("apply", plan[0], "--confirm", "0" * 64)
    assert said.code == 5
    assert [e for line in emulator.ledger() for e in line.effects] == []


def test_status_resume_and_verify_agree_with_the_run(shell: Shell, plan: tuple[Path, str], emulator: Emulator) -> None:
    path, digest = plan
    run = shell("apply", path, "--confirm", digest, "--json").document()
    sent = len([e for line in emulator.ledger() for e in line.effects])
    for command in ("status", "resume", "verify"):
        said = shell(command, run["run_id"], "--json")
        assert said.code == 0, (command, said.err)
        assert said.document()["outcomes"] == run["outcomes"]
    assert len([e for line in emulator.ledger() for e in line.effects]) == sent
    assert shell("status", "--runs", "--json").document()["runs"][0]["run_id"] == run["run_id"]


def test_restore_brings_back_what_the_run_removed(shell: Shell, plan: tuple[Path, str], emulator: Emulator) -> None:
    path, digest = plan
    run = shell("apply", path, "--confirm", digest, "--json").document()
    shown = shell("restore", "--last", "--dry-run", "--json")
    assert {one["result"] for one in shown.document()["outcomes"]} == {"planned"}
    said = shell("restore", run["run_id"], "--json")
    assert said.code == 0, said.err
    assert {one["result"] for one in said.document()["outcomes"]} == {"restored"}
    assert {one["id"] for one in run["outcomes"]} <= set(emulator.control("contracts", {})["ids"])


@pytest.mark.parametrize("by", ["receipt", "contract"])
def test_restore_takes_a_receipt_or_a_contract(shell: Shell, plan: tuple[Path, str], by: str) -> None:
    path, digest = plan
    run = shell("apply", path, "--confirm", digest, "--json").document()
    what = [run["receipt"]] if by == "receipt" else [run["connection"], run["outcomes"][0]["number"]]
    said = shell("restore", *what, "--json")
    assert said.code == 0, said.err
    assert len(said.document()["outcomes"]) == (len(run["outcomes"]) if by == "receipt" else 1)


def test_delete_shows_the_card_and_takes_its_digest(shell: Shell, name: str) -> None:
    number = shell("find", name, "--where", WHERE, "--limit", 1, "--json").lines()[0]["number"]
    shown = shell("delete", name, number)
    assert shown.code == 5
    digest = next(word for word in shown.err.split() if len(word) == 64)
    said = shell("delete", name, number, "--confirm", digest, "--json")
    assert said.code == 0, said.err
    assert [one["outcome"] for one in said.document()["outcomes"]] == ["removed"]


def test_a_receipt_is_shown_issued_and_verified(shell: Shell, plan: tuple[Path, str], tmp_path: Path) -> None:
    path, digest = plan
    run = shell("apply", path, "--confirm", digest, "--json").document()
    assert "does not speak about" in shell("receipt", "show").out
    copy = tmp_path / "receipt.json"
    assert shell("receipt", "issue", run["run_id"], "-o", copy).code == 0
    assert json.loads(copy.read_text()) == json.loads(Path(run["receipt"]).read_text())
    checked = shell("receipt", "verify", copy)
    assert checked.code == 0
    assert "verified" not in checked.out
    assert "removed E2" in checked.out
    named = shell("receipt", "show", "--names", "--json").lines()
    assert all(line["names"]["number"] for line in named if "record" in line)
    assert shell("restore", "--last").code == 0
    withdrawn = shell("receipt", "show")
    assert withdrawn.code == 9
    assert "withdrawn by journal entry" in withdrawn.out
    envelope = json.loads(copy.read_text())
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
    copy.write_text(json.dumps(envelope))
    assert shell("receipt", "verify", copy).code != 0


def test_ids_come_from_a_file(shell: Shell, name: str, tmp_path: Path) -> None:
    ids = [line["id"] for line in shell("find", name, "--limit", 3, "--json").lines()]
    file = tmp_path / "ids.txt"
    file.write_text("# three contracts\n" + "\n".join(ids) + "\n")
    said = shell("plan", name, "--ids-from", file, "--json")
    assert (said.code, said.document()["count"]) == (0, 3)


def test_numbers_come_from_a_file_and_the_unknown_ones_are_named(shell: Shell, name: str, tmp_path: Path) -> None:
    numbers = [line["number"] for line in shell("find", name, "--limit", 3, "--json").lines()]
    file = tmp_path / "合同.csv"
    file.write_text("合同编号（必填）,备注\n" + "".join(f"{one},x\n" for one in [*numbers, "HT-0000-0000"]), "gbk")
    found = shell("find", name, "--numbers-from", file, "--json")
    assert (found.code, sorted(line["number"] for line in found.lines())) == (3, sorted(numbers))
    assert "HT-0000-0000" in found.err
    planned = shell("plan", name, "--numbers-from", file, "--column", "合同编号（必填）", "--json")
    assert (planned.code, planned.document()["count"]) == (3, 3)  # of one number nobody knows where it is
    assert "HT-0000-0000" in json.dumps(planned.document())
    narrowed = shell("plan", name, "--numbers-from", file, "--where", f'number = "{numbers[0]}"', "--json")
    assert narrowed.document()["count"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--column", "x"),
        ("--encoding", "gbk"),
        ("--ids-from", "a", "--numbers-from", "b", "--column", "x"),
    ],
)
def test_a_column_without_one_file_is_a_mistake(shell: Shell, name: str, arguments: tuple[str, ...]) -> None:
    said = shell("find", name, *arguments)
    assert said.code == 2
    assert "--column and --encoding" in said.err


def test_connections_are_added_listed_and_removed(shell: Shell) -> None:
    added = shell("connections", "add", "zoho-eu", "--adapter", "zoho", "--set", "data_center=eu")
    assert added.code == 0, added.err
    listed = shell("connections", "list", "--json").document()["connections"]
    assert [(one["name"], one["adapter"]) for one in listed] == [("zoho-eu", "zoho")]
    assert shell("connections", "remove", "zoho-eu").code == 0
    assert shell("connections", "list", "--json").document()["connections"] == []


@pytest.mark.parametrize(
    ("adapter", "setting", "key"), [("zoho", "data_center=eu", "module"), ("fxiaoke", "cloud=fenxiang", "object")]
)
def test_the_module_is_named_when_a_connection_is_added(shell: Shell, adapter: str, setting: str, key: str) -> None:
    added = shell("connections", "add", "one", "--adapter", adapter, "--set", setting, "--module", "Service_Contracts")
    assert added.code == 0, added.err
    assert f'{key} = "Service_Contracts"' in (shell.home / "config.toml").read_text()


def test_connections_test_says_who_is_signed_in(shell: Shell, name: str) -> None:
    document = shell("connections", "test", name, "--json").document()
    assert (document["name"], document["ok"]) == (name, True)
    assert document["user_id"]
    assert set(document["may"]) == {"trash", "purge"}


def test_adapters_are_shown_without_credentials(shell: Shell) -> None:
    names = [one["name"] for one in shell("adapters", "--json").document()["adapters"]]
    assert names == ["fxiaoke", "zoho"]
    for one in names:
        document = shell("adapters", "show", one, "--json").document()
        assert all(fact["source"] for fact in document["capabilities"].values())
        assert shell("adapters", "show", one).code == 0


def test_failpoints_are_listed_before_and_after(shell: Shell) -> None:
    names = shell("debug", "failpoints", "--json").document()["failpoints"]
    assert {name.rsplit(".", 1)[0] + ".before" for name in names} <= set(names)


def test_the_demo_fits_on_two_screens_and_tells_all_when_asked(shell: Shell) -> None:
    brief = shell("--home", shell.home / "brief", "demo")
    assert brief.code == 0, brief.err
    assert len(brief.out.splitlines()) <= 2 * 24
    assert brief.out.count("changed since the plan") == brief.out.count("read again from the CRM") == 2


def test_the_demo_ends_well_and_keeps_its_state_where_it_was_told(shell: Shell) -> None:
    said = shell("--home", shell.home, "demo", "--json")
    assert said.code == 0, said.err
    journeys = said.document()["journeys"]
    assert len(journeys) == 2
    for journey in journeys:
        outcomes = sorted(one["outcome"] for one in journey["run"]["outcomes"])
        assert outcomes == ["held", *["removed"] * (len(outcomes) - 1)]
        assert [one["result"] for one in journey["restored"]] == ["restored"]
    assert (shell.home / "journal").is_dir()
    assert shell("status", "--runs", "--json").code == 0
