"""`journal`: listed for programs, checked with the documented exit codes, exported for verifiers of others."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

VERIFIER = Path(__file__).resolve().parents[2] / "verifier" / "verify_journal.py"


@pytest.fixture
def run(shell: Shell, name: str, tmp_path: Path) -> dict[str, str]:
    """A run that removed a few contracts."""
    path = tmp_path / "x.plan"
    shell("plan", name, "--where", 'status = "Expired"', "-o", path)
    digest = shell("plan", "show", path, "--json").document()["digest"]
    document = shell("apply", path, "--confirm", digest, "--json").document()
    return {"run_id": document["run_id"], "receipt": document["receipt"], "count": str(len(document["outcomes"]))}


def test_every_removal_has_an_intent_before_its_outcome(shell: Shell, run: dict[str, str]) -> None:
    entries = shell("journal", "list", "--run", run["run_id"], "--json").lines()
    assert all(entry["schema"] == "crm-bridge.journal-entry/1" for entry in entries)
    intents = {entry["record_id"]: entry["seq"] for entry in entries if entry["op"] == "intent"}
    outcomes = {entry["record_id"]: entry["seq"] for entry in entries if entry["op"] == "outcome"}
    assert len(intents) == int(run["count"])
    assert all(intents[record_id] < seq for record_id, seq in outcomes.items())
    assert len(shell("journal", "list", "--limit", 3, "--json").lines()) == 3


def test_an_untouched_journal_verifies_with_its_receipt(shell: Shell, run: dict[str, str]) -> None:
    said = shell("journal", "check", "--receipt", run["receipt"], "--json")
    assert said.code == 0, said.out
    assert said.document()["key_was_given"] is True
    assert shell("journal", "check").out.startswith("the journal verifies")


def test_an_export_verifies_here_and_without_us(shell: Shell, run: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    key = shell("journal", "export", "--output", path, "--json").document()["key"]
    assert shell("journal", "check", "--export", path, "--key", key, "--receipt", run["receipt"]).code == 0
    command = [sys.executable, "-I", str(VERIFIER), str(path), "--key", key, "--receipt", run["receipt"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_altered_journal_is_10(shell: Shell, run: dict[str, str]) -> None:
    (path,) = (shell.home / "journal").glob("*.sqlite3")
    with sqlite3.connect(path) as db:
        triggers = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for trigger in triggers:
            db.execute(f'DROP TRIGGER "{trigger}"')
        db.execute("UPDATE entry SET raw = CAST(replace(raw, 'outcome', 'outcame') AS BLOB) WHERE seq = 9")
    said = shell("journal", "check", "--json")
    assert said.code == 10


def test_an_older_copy_of_the_journal_is_11(shell: Shell, name: str, tmp_path: Path, run: dict[str, str]) -> None:
    (path,) = (shell.home / "journal").glob("*.sqlite3")
    old = tmp_path / "old.sqlite3"
    shutil.copy(path, old)
    assert shell("plan", name, "--where", 'status = "Active"').code == 0
    shutil.copy(old, path)
    assert shell("journal", "check").code == 11
    refused = shell("plan", name, "--where", 'status = "Active"')
    assert refused.code == 1
    assert "rolled back" in refused.err


def test_a_head_that_could_not_be_kept_is_said_and_stands_in_the_journal(
    shell: Shell, name: str, tmp_path: Path, run: dict[str, str]
) -> None:
    path, lock = tmp_path / "y.plan", shell.home / "keyring.json.lock"
    digest = shell("plan", name, "--where", 'status = "Draft"', "-o", path, "--json").document()["digest"]
    lock.unlink()
    lock.mkdir()
    said = shell("apply", path, "--confirm", digest, "--json")
    assert said.code == 0, said.err
    assert "could not be kept in the keyring" in said.err
    end = shell("journal", "list", "--run", said.document()["run_id"], "--op", "run.end", "--json").lines()[-1]
    assert end["body"]["pin_stale"] is True
    lock.rmdir()
    assert shell("journal", "check").code == 0


def test_a_journal_that_is_not_continued_can_be_exported(
    shell: Shell, name: str, tmp_path: Path, run: dict[str, str]
) -> None:
    (path,) = (shell.home / "journal").glob("*.sqlite3")
    old, export = tmp_path / "old.sqlite3", tmp_path / "journal.jsonl"
    shutil.copy(path, old)
    assert shell("plan", name, "--where", 'status = "Active"').code == 0
    shutil.copy(old, path)
    key = shell("journal", "export", "--output", export, "--json").document()["key"]
    # What was cut off is not in it, and nothing but the pin or a receipt could say so.
    assert shell("journal", "check", "--export", export, "--key", key).code == 0
    assert [one.name for one in tmp_path.glob("*journal.jsonl*")] == ["journal.jsonl"]


def test_an_export_that_fails_leaves_the_one_before(shell: Shell, run: dict[str, str], tmp_path: Path) -> None:
    export = tmp_path / "journal.jsonl"
    assert shell("journal", "export", "--output", export).code == 0
    before = export.read_bytes()
    (path,) = (shell.home / "journal").glob("*.sqlite3")
    path.write_bytes(b"no database at all")
    assert shell("journal", "export", "--output", export).code == 1
    assert export.read_bytes() == before


def test_receipts_verify_after_a_change_of_keys_whenever_they_were_issued(
    shell: Shell, run: dict[str, str], tmp_path: Path
) -> None:
    again = tmp_path / "again.json"
    assert shell("journal", "rotate-key").code == 0
    assert shell("receipt", "issue", "--output", again).code == 0
    assert [shell("receipt", "verify", path).code for path in (run["receipt"], again)] == [0, 0]
    assert "inclusion" in shell("receipt", "verify", again).out
    said = shell("journal", "export", "--output", tmp_path / "j.jsonl", "--json").document()["key"]
    # The new key alone proves nothing about what the old one sealed.
    assert shell("receipt", "verify", run["receipt"], "--key", said).code == 14


def test_a_receipt_of_another_journal_is_not_believed(shell: Shell, run: dict[str, str], tmp_path: Path) -> None:
    envelope = json.loads(Path(run["receipt"]).read_text())
    envelope["payload"] = envelope["payload"][:-12] + envelope["payload"][-12:].swapcase()
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(envelope))
    assert shell("journal", "check", "--receipt", bad).code in (12, 14)


def test_reconcile_looks_and_sends_nothing(shell: Shell, run: dict[str, str]) -> None:
    said = shell("journal", "reconcile", run["run_id"], "--json")
    assert said.code == 0
    assert {one["outcome"] for one in said.document()["outcomes"]} == {"removed"}


def test_without_a_journal_there_is_nothing_to_check(shell: Shell, running: object) -> None:
    said = shell("journal", "check")
    assert said.code == 1
    assert "no journal" in said.err
