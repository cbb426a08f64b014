"""`restore`, `plan --rehearse` and the undo card: what a person is told before and after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.sandbox.serve import Sandbox
from crm_bridge.spi.emulator import Emulator
from sweeps.heavy_contract import owner_of
from tests.cli.conftest import Said, Shell

WHERE = 'status = "Expired" and amount < 200000'


@pytest.fixture
def field_of(shell: Shell, name: str) -> Mapping[str, str]:
    """Which field of the module holds what: title, number, status."""
    with Bridge.open(shell.home) as bridge:
        return {one.meaning: one.name for one in bridge.profile(name).fields if one.meaning}


def planned(shell: Shell, name: str, folder: Path, *more: str) -> tuple[Path, str]:
    """Make a plan; return its file and its digest."""
    path = folder / "a.plan"
    said = shell("plan", name, "--where", WHERE, "-o", path, "--json", *more)
    assert said.code == 0, said.err
    return path, said.document()["digest"]


def removed(shell: Shell, name: str, folder: Path, *more: str) -> Said:
    """Delete what matches; return what `apply` printed."""
    path, digest = planned(shell, name, folder, *more)
    said = shell("apply", path, "--confirm", digest)
    assert said.code == 0, said.err
    return said


def card(said: Said) -> str:
    """Return the undo card, which is the end of what a run prints."""
    return said.out[said.out.index("to undo") :]


def test_a_run_ends_with_the_command_that_undoes_it_the_deadline_and_what_will_not_return(
    shell: Shell, name: str, tmp_path: Path
) -> None:
    shown = card(removed(shell, name, tmp_path))
    command = re.search(r"crm-bridge (restore \w{26})", shown)
    assert command, shown
    in_a_year = date.today() + timedelta(days=365)
    assert f"from the backup until {in_a_year}" in shown
    in_bin = str(date.today() + timedelta(days=60)) if name.startswith("zoho") else "while it keeps them"
    assert in_bin in shown
    said = shell(*command[1].split(), "--json")
    assert {one["result"] for one in said.document()["outcomes"]} == {"restored"}


def test_after_a_purge_the_card_promises_no_bin(shell: Shell, name: str, tmp_path: Path) -> None:
    shown = card(removed(shell, name, tmp_path, "--purge"))
    assert "as new records from the backup until" in shown
    assert "bin" not in shown


def test_the_forecast_stands_on_the_card_before_anything_is_confirmed(shell: Shell, name: str, tmp_path: Path) -> None:
    path, _digest = planned(shell, name, tmp_path)
    asked = shell("apply", path)
    assert asked.code == 5
    for words in ("undo", "changed then", "from backup", "lost: ", "approval history"):
        assert words in asked.err
    if name.startswith("zoho"):
        assert f"in the CRM's bin until {date.today() + timedelta(days=60)}, then from the backup" in asked.err


def test_the_forecast_names_every_field_and_relation(
    shell: Shell, name: str, tmp_path: Path, field_of: Mapping[str, str]
) -> None:
    path, _digest = planned(shell, name, tmp_path)
    table = shell("plan", "show", path, "--details").out
    rows = shell("plan", "show", path, "--json").document()["forecast"]["rows"]
    assert set(field_of.values()) <= {row["thing"] for row in rows}
    named = re.split(r", |\t|\n|\(|\)", table)
    assert [row["thing"] for row in rows if row["kind"] != "general" and row["thing"] not in named] == []


def test_the_forecast_of_a_purge_has_nothing_to_say_about_the_bin(shell: Shell, name: str, tmp_path: Path) -> None:
    path, _digest = planned(shell, name, tmp_path, "--purge")
    table = shell("plan", "show", path, "--details").out
    (line,) = [line for line in table.splitlines() if "\tapproval history" in line]
    assert line.split("\t")[:2] == ["-", "lost"]


def test_a_dry_run_names_contract_way_back_and_the_command(shell: Shell, name: str, tmp_path: Path) -> None:
    number = shell("find", name, "--where", WHERE, "--json").lines()[0]["number"]
    removed(shell, name, tmp_path)
    said = shell("restore", "--last", "--dry-run")
    assert said.code == 0
    (line,) = [line for line in said.out.splitlines() if number in line]
    assert "the CRM's bin" in line
    assert "planned" in line
    assert "nothing was changed; to bring them back: crm-bridge restore" in said.err
    assert number not in [one["number"] for one in shell("find", name, "--json").lines()]


def test_what_came_back_stands_beside_what_was_promised(shell: Shell, name: str, tmp_path: Path) -> None:
    removed(shell, name, tmp_path, "--purge")
    said = shell("restore", "--last")
    assert said.code == 0, said.err
    assert re.search(r"\d+ contracts compared with the backup: \d+ fields, \d+ rows", said.out)
    assert re.search(r"what differs\tpromised\tfound\tcontracts", said.out)
    again = shell("restore", "--last")
    assert again.code == 0
    assert "an earlier restore brought it back" in again.out


def test_worse_than_promised_is_marked_and_exit_9(
    shell: Shell, name: str, tmp_path: Path, emulator: Emulator, field_of: Mapping[str, str]
) -> None:
    first = shell("find", name, "--where", WHERE, "--json").lines()[0]["id"]
    removed(shell, name, tmp_path)
    # Meanwhile somebody had it back, changed it and deleted it again: the bin does not hold what was promised.
    emulator.control("restore", {"id": first})
    emulator.control("edit", {"id": first, "field": field_of["title"], "value": "changed meanwhile"})
    emulator.control("delete", {"id": first})
    said = shell("restore", "--last")
    assert said.code == 9, said.out
    marked = [line.split() for line in said.out.splitlines() if "  !" in line]
    assert [field_of["title"], "same", "changed", "!", "1"] in marked
    assert f"{len(marked)} differences are worse than promised" in said.err


def test_a_rehearsal_that_fails_closes_the_gate(
    shell: Shell, name: str, tmp_path: Path, emulator: Emulator, field_of: Mapping[str, str]
) -> None:
    # Old records lack what was made mandatory later: they live on, and no new record can be made like them.
    mandatory = field_of["number"] if name.startswith("fxiaoke") else field_of["title"]
    for one in shell("find", name, "--where", WHERE, "--json").lines():
        emulator.control("edit", {"id": one["id"], "field": mandatory, "value": None})
    path = tmp_path / "blocked.plan"
    said = shell("plan", name, "--where", WHERE, "-o", path, "--rehearse", "--json")
    assert said.code == 6, said.out
    assert said.document()["rehearsal"]["result"] == "blocked"
    assert "did not bring back" in said.err
    applied = shell("apply", path, "--confirm", said.document()["digest"])
    assert applied.code == 6
    assert [effect for line in emulator.ledger() for effect in line.effects] == []


def test_a_number_that_two_deleted_contracts_had_is_not_guessed(
    shell: Shell, name: str, tmp_path: Path, emulator: Emulator, field_of: Mapping[str, str]
) -> None:
    one, two = (line["id"] for line in shell("find", name, "--limit", 2, "--json").lines())
    for record_id in (one, two):
        emulator.control("edit", {"id": record_id, "field": field_of["number"], "value": "HT-DOUBLE"})
    path = tmp_path / "two.plan"
    (tmp_path / "ids").write_text(f"{one}\n{two}\n")
    digest = shell("plan", name, "--ids-from", tmp_path / "ids", "-o", path, "--json").document()["digest"]
    assert shell("apply", path, "--confirm", digest).code == 0
    said = shell("restore", "HT-DOUBLE")
    assert (said.code, one in said.err, two in said.err) == (2, True, True)
    assert [step["id"] for step in shell("restore", two, "--json").document()["outcomes"]] == [two]


def deleted(shell: Shell, name: str) -> str:
    """Delete the first contract of a connection; return its id."""
    one = str(shell("find", name, "--limit", 1, "--json").lines()[0]["id"])
    refused = shell("delete", name, one)
    digest = re.findall(r"--confirm ([0-9a-f]{64})", refused.err)[0]
    assert shell("delete", name, one, "--confirm", digest).code == 0
    return one


def test_one_number_in_two_connections_is_a_table_that_tells_them_apart(shell: Shell, running: Sandbox) -> None:
    names, ids = ("zoho-sandbox", "fxiaoke-sandbox"), []
    for name in names:
        with Bridge.open(shell.home) as bridge:
            field = next(one.name for one in bridge.profile(name).fields if one.meaning == "number")
        record_id = shell("find", name, "--limit", 1, "--json").lines()[0]["id"]
        emulator = running.servers[name.removesuffix("-sandbox")].exchange.emulator
        emulator.control("edit", {"id": record_id, "field": field, "value": "HT-BOTH"})
        ids.append(deleted(shell, name))
    assert len(set(ids)) == 2
    said = shell("restore", "HT-BOTH")
    assert said.code == 2
    for name, record_id in zip(names, ids, strict=True):
        (line,) = [line for line in said.err.splitlines() if line.startswith(name)]
        assert record_id in line
        assert re.search(r"HT-BOTH\s+\S.*\d{4}-\d{2}-\d{2}", line), line
    choices = shell("restore", "HT-BOTH", "--json").error()["choices"]
    assert [(one["connection"], one["id"]) for one in choices] == list(zip(names, ids, strict=True))
    assert all(one["customer"] for one in choices)
    assert shell("restore", "--last").code == 2
    assert [one["id"] for one in shell("restore", names[0], "HT-BOTH", "--json").document()["outcomes"]] == [ids[0]]
    last = shell("restore", names[1], "--last", "--json")
    assert [one["id"] for one in last.document()["outcomes"]] == [ids[1]]


def test_the_last_run_of_several_connections_is_asked_for_at_a_terminal(
    shell: Shell, running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("zoho-sandbox", "fxiaoke-sandbox"):
        deleted(shell, name)
    alone = shell("restore", "--last")
    assert (alone.code, "say whose last run" in alone.err) == (2, True)
    assert [line.split()[0] for line in alone.err.splitlines() if "-sandbox" in line] == [
        "zoho-sandbox",
        "fxiaoke-sandbox",
    ]
    monkeypatch.setattr("crm_bridge.cli.restore_choice.is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda: "neither")
    assert shell("restore", "--last").code == 5
    monkeypatch.setattr("builtins.input", lambda: " zoho-sandbox ")
    said = shell("restore", "--last")
    assert (said.code, "1 contract compared" in said.out) == (0, True)


def test_contracts_of_somebody_who_left_go_to_the_user_whom_owner_names(
    shell: Shell, name: str, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "one.plan"
    with Bridge.open(shell.home) as bridge:
        heir = bridge.profile(name).user_id
    owners = {
        line["id"]: owner_of(emulator.control("record", {"id": line["id"]})["record"])
        for line in shell("find", name, "--limit", 9, "--json").lines()
    }
    record_id, leaver = next(pair for pair in owners.items() if pair[1] != heir)
    (tmp_path / "ids").write_text(f"{record_id}\n")
    planned = shell("plan", name, "--ids-from", tmp_path / "ids", "-o", path, "--purge", "--json").document()
    assert shell("apply", path, "--confirm", planned["digest"]).code == 0
    emulator.control("leave", {"id": leaver})
    said = shell("restore", "--last", "--owner", heir, "--json")
    (step,) = said.document()["outcomes"]
    assert owner_of(emulator.control("record", {"id": step["new_id"]})["record"]) != leaver
    assert any("the named owner's" in one for one in step["lost"])


def test_a_live_number_that_two_contracts_have_is_a_table_too(
    shell: Shell, name: str, emulator: Emulator, field_of: Mapping[str, str]
) -> None:
    one, two = (line["id"] for line in shell("find", name, "--limit", 2, "--json").lines())
    for record_id in (one, two):
        emulator.control("edit", {"id": record_id, "field": field_of["number"], "value": "HT-DOUBLE"})
    for verb in ("show", "delete"):
        said = shell(verb, name, "HT-DOUBLE")
        rows = [line for line in said.err.splitlines() if line.startswith(name) and "HT-DOUBLE" in line]
        assert (said.code, len(rows), one in said.err, two in said.err) == (2, 2, True, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say what to bring back"),
        (("zoho-sandbox", "X", "--last"), "choose one of"),
        (("01ARZ3NDEKTSV4RRFFQ69G5FAV",), "there is no run"),
        (("HT-0000-0000",), "no run of this journal deleted a contract"),
        (("--last", "--confirm", "abc"), "--confirm belongs to --relink"),
    ],
)
def test_a_restore_of_nothing_is_one_sentence_and_exit_2(
    shell: Shell, running: Sandbox, arguments: tuple[str, ...], words: str
) -> None:
    said = shell("restore", *arguments)
    assert (said.code, words in said.err) == (2, True)


def test_a_file_that_is_no_receipt_is_named(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"payload": "e30="}')
    said = shell("restore", tmp_path / "x.json")
    assert (said.code, "is not a receipt" in said.err) == (2, True)


def test_references_are_shown_then_set_by_their_digest(shell: Shell, name: str, tmp_path: Path) -> None:
    removed(shell, name, tmp_path, "--purge")
    assert shell("restore", "--last").code == 0
    seen = shell("restore", "--last", "--relink", "--json").document()
    assert (seen["applied"], seen["count"] > 0) == (False, True)
    wrong = shell("restore", "--last", "--relink", "--confirm", "0" * 64)
    assert wrong.code == 5
    done = shell("restore", "--last", "--relink", "--confirm", seen["digest"], "--json")
    assert done.code == 0, done.err
    assert done.document()["applied"] is True
    assert shell("restore", "--last", "--relink").code == 8


def test_a_rehearsal_is_asked_for_or_left_out(shell: Shell, name: str, tmp_path: Path) -> None:
    quiet = shell("plan", name, "--where", WHERE, "-o", tmp_path / "small.plan", "--json").document()
    assert quiet["rehearsal"] is None
    said = shell("plan", name, "--where", WHERE, "-o", tmp_path / "asked.plan", "--rehearse", "--json")
    assert said.code == 0, said.err
    found = said.document()["rehearsal"]
    assert (found["result"], found["contracts"], found["blocking"]) == ("passed", found["planned"], [])
    assert found["fields"] > 100
    assert found["files"] == found["files_equal"]


def test_a_large_plan_is_rehearsed_unless_that_is_left_out(shell: Shell, name: str, tmp_path: Path) -> None:
    config = shell.home / "config.toml"
    config.write_text(config.read_text() + "\n[policy]\nrehearse_above = 10\n")
    said = shell("plan", name, "--where", "everything", "-o", tmp_path / "large.plan", "--json")
    assert said.code == 0, said.err
    assert said.document()["count"] > 10
    assert said.document()["rehearsal"]["result"] == "passed"
    left = shell("plan", name, "--where", "everything", "-o", tmp_path / "left.plan", "--no-rehearse", "--json")
    assert left.code == 0, left.err
    assert left.document()["rehearsal"] is None


def test_a_dry_run_of_what_is_back_proposes_nothing(shell: Shell, name: str, tmp_path: Path) -> None:
    removed(shell, name, tmp_path)
    assert shell("restore", "--last").code == 0
    said = shell("restore", "--last", "--dry-run")
    assert "nothing was changed, and there is nothing to bring back" in said.err
    assert "crm-bridge restore" not in said.err


def test_a_number_that_a_run_deleted_is_answered_with_the_way_back(shell: Shell, name: str, tmp_path: Path) -> None:
    number = shell("find", name, "--where", WHERE, "--json").lines()[0]["number"]
    removed(shell, name, tmp_path)
    said = shell("show", name, number)
    assert said.code == 8
    assert f"bring it back with `crm-bridge restore {name} {number}`" in said.err
    assert "crm-bridge find" in shell("show", name, "HT-0").err
