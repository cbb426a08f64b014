"""The reason in the CRM's own words: quoted for people, sealed beside the run, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.redaction import LONGEST_QUOTE
from crm_bridge.sandbox.serve import Sandbox
from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Said, Shell

VETO = "有关联的回款,不允许作废"


class Refusing:
    """纷享销客 with contracts that refuse to be voided, each for another reason."""

    def __init__(self, shell: Shell, running: Sandbox) -> None:
        self.shell, self.name = shell, "fxiaoke-sandbox"
        self.emulator: Emulator = running.servers["fxiaoke"].exchange.emulator
        self.ids: list[str] = self.emulator.control("contracts", {})["ids"][:3]

    def control(self, command: str, **arguments: Any) -> None:
        assert "error" not in self.emulator.control(command, arguments)

    def apply(self, tmp_path: Path, *options: str) -> Said:
        (ids := tmp_path / "ids").write_text("\n".join(self.ids))
        plan = tmp_path / "some.plan"
        digest = self.shell("plan", self.name, "--ids-from", ids, "-o", plan, "--json").document()["digest"]
        return self.shell("apply", plan, "--confirm", digest, *options)


@pytest.fixture
def refusing(shell: Shell, running: Sandbox) -> Refusing:
    return Refusing(shell, running)


def items(said: Said) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in said.document()["outcomes"]}


def test_a_tenants_own_refusal_is_told_as_one_with_its_sentence(refusing: Refusing, tmp_path: Path) -> None:
    refusing.control("veto", id=refusing.ids[0], text=VETO)
    refusing.control("lock", id=refusing.ids[1])
    said = refusing.apply(tmp_path)
    assert said.code == 3
    row = next(line for line in said.out.splitlines() if line.rstrip().endswith(refusing.ids[0]))
    assert f'the CRM says: "{VETO}"' in row
    assert "a rule or function of this CRM tenant refuses it" in row
    legend = [line for line in said.out.splitlines() if line.startswith("50009: ")]
    assert len(legend) == 2
    assert [line for line in legend if "locked" in line and VETO in line] == []
    assert all("who can help: " in line for line in legend)


def test_status_shows_the_sentence_later_and_json_only_when_asked(refusing: Refusing, tmp_path: Path) -> None:
    refusing.control("veto", id=refusing.ids[0], text=VETO)
    first = items(refusing.apply(tmp_path, "--json", "--vendor-text"))[refusing.ids[0]]
    assert (first["outcome"], first["reason"], first["vendor_message"]) == ("held", "vetoed", VETO)
    assert VETO in refusing.shell("status").out
    assert items(refusing.shell("status", "--json", "--vendor-text"))[refusing.ids[0]]["vendor_message"] == VETO
    plainly = refusing.shell("status", "--json")
    assert "vendor_message" not in items(plainly)[refusing.ids[0]]
    assert VETO not in plainly.out + json.dumps(plainly.document(), ensure_ascii=False)


def test_the_sentence_stands_in_no_file_in_clear(refusing: Refusing, tmp_path: Path) -> None:
    refusing.control("veto", id=refusing.ids[0], text=VETO)
    assert refusing.apply(tmp_path, "--json").code == 3
    needles = [VETO.encode(), json.dumps(VETO)[1:-1].encode()]
    files = [path for path in refusing.shell.home.rglob("*") if path.is_file()]
    assert [path for path in files for needle in needles if needle in path.read_bytes()] == []
    (kept,) = refusing.shell.home.rglob("*.annotations")
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"{", b'{"id": "1", "sealed": "AAAA"}\n', b"\xff\xfe\n"])
def test_a_damaged_file_of_sentences_costs_the_sentences_only(
    refusing: Refusing, tmp_path: Path, damage: bytes
) -> None:
    refusing.control("veto", id=refusing.ids[0], text=VETO)
    refusing.apply(tmp_path, "--json")
    (kept,) = refusing.shell.home.rglob("*.annotations")
    kept.write_bytes(damage)
    said = refusing.shell("status", "--json", "--vendor-text")
    assert (said.code, items(said)[refusing.ids[0]]["vendor_message"]) == (3, None)


def test_a_hostile_sentence_is_one_short_line_without_secrets(refusing: Refusing, tmp_path: Path) -> None:
    hostile = "不允许\x1b[2J\u202e作废\r\n" + "很" * 400
    refusing.control("veto", id=refusing.ids[0], text=hostile)
    quoted = items(refusing.apply(tmp_path, "--json", "--vendor-text"))[refusing.ids[0]]["vendor_message"]
    assert quoted.startswith("不允许[2J作废 很很")
    assert (len(quoted), quoted[-1]) == (LONGEST_QUOTE, "…")


def test_a_held_contract_names_who_locked_it_and_how_it_is_unlocked(refusing: Refusing, tmp_path: Path) -> None:
    refusing.control("lock", id=refusing.ids[0])
    item = items(refusing.apply(tmp_path, "--json"))[refusing.ids[0]]
    assert (item["outcome"], item["reason"]) == ("held", "locked")
    assert item["remark"].startswith("locked by ")
    assert "unlock" in item["advice"]


def test_a_record_in_a_merge_is_not_told_as_locked_by_a_person(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    emulator = running.servers["zoho"].exchange.emulator
    record_id = emulator.control("contracts", {})["ids"][0]
    assert "error" not in emulator.control("merge", {"id": record_id})
    (ids := tmp_path / "ids").write_text(record_id)
    plan = tmp_path / "one.plan"
    digest = shell("plan", "zoho-sandbox", "--ids-from", ids, "-o", plan, "--json").document()["digest"]
    item = items(shell("apply", plan, "--confirm", digest, "--json", "--vendor-text"))[record_id]
    assert (item["outcome"], item["reason"], item["code"]) == ("held", "in_process", "RECORD_LOCKED")
    assert item["advice"] == "wait until it has ended, then plan again"
    assert item["vendor_message"].endswith("(merge)")


@pytest.mark.parametrize(
    ("vendor", "command", "reason", "helper"),
    [
        ("zoho", "lock", "locked", "owner"),
        ("zoho", "approval", "in_approval", "approver"),
        ("zoho", "sharing", "sharing", "owner"),
        ("fxiaoke", "lock", "locked", "owner"),
    ],
)
def test_what_keeps_a_contract_is_said_before_it_is_confirmed(
    shell: Shell, running: Sandbox, vendor: str, command: str, reason: str, helper: str
) -> None:
    emulator, name = running.servers[vendor].exchange.emulator, f"{vendor}-sandbox"
    record_id = emulator.control("contracts", {})["ids"][0]
    before = shell("show", name, record_id, "--json").document()
    assert (before["may_be_deleted"] in ("full", "unproven"), before["obstacle"]) == (True, None)
    assert "error" not in emulator.control(command, {"id": record_id})
    shown = shell("show", name, record_id, "--json").document()
    told = (shown["may_be_deleted"], shown["obstacle"], shown["who_can_help"])
    assert told == ("absent", reason, helper)
    (line,) = [one for one in shell("show", name, record_id).out.splitlines() if one.startswith("may be deleted")]
    assert line.split()[3].startswith("no")
    assert "who can help: " in line
    assert command != "lock" or "locked by " in line
    asked = shell("delete", name, record_id)  # nobody is there to type the phrase
    assert asked.code == 5
    assert "1 will be left alone: " in asked.err
    assert "who can help: " in asked.err


def test_a_locked_contract_of_zoho_names_who_locked_it_and_how_it_is_unlocked(
    shell: Shell, running: Sandbox, tmp_path: Path
) -> None:
    emulator = running.servers["zoho"].exchange.emulator
    record_id = emulator.control("contracts", {})["ids"][0]
    assert "error" not in emulator.control("lock", {"id": record_id})
    (ids := tmp_path / "ids").write_text(record_id)
    plan = tmp_path / "one.plan"
    digest = shell("plan", "zoho-sandbox", "--ids-from", ids, "-o", plan, "--json").document()["digest"]
    item = items(shell("apply", plan, "--confirm", digest, "--json"))[record_id]
    assert (item["outcome"], item["reason"]) == ("held", "locked")
    assert item["remark"].startswith("locked by ")
    assert "unlock" in item["advice"]


def test_who_may_not_delete_is_told_before_the_phrase_with_who_can_give_the_right(
    shell: Shell, running: Sandbox
) -> None:
    emulator = running.servers["zoho"].exchange.emulator
    record_id = emulator.control("contracts", {})["ids"][0]
    assert "error" not in emulator.control("profile", {"delete": False})
    shown = shell("show", "zoho-sandbox", record_id, "--json").document()
    assert (shown["may_be_deleted"], shown["obstacle"]) == ("absent", "permission")
    assert "administrator" in shell("show", "zoho-sandbox", record_id).out
    refused = shell("delete", "zoho-sandbox", record_id)
    assert refused.code == 1
    assert "may not move contracts to the bin" in refused.err
    assert "administrator" in refused.err
    assert record_id in emulator.control("contracts", {})["ids"]


def test_doctor_ends_with_3_where_this_user_may_not_delete(shell: Shell, running: Sandbox) -> None:
    emulator = running.servers["zoho"].exchange.emulator
    assert shell("doctor", "zoho-sandbox").code == 0
    assert "error" not in emulator.control("profile", {"delete": False})
    said = shell("doctor", "zoho-sandbox", "--json")
    (line,) = [one for one in said.document()["checks"] if one["level"] == "problem"]
    assert (said.code, line["check"]) == (3, "rights")
    assert "administrator" in line["hint"]
