"""A journal put back to before a run: the plan is not carried out a second time on what people have restored since."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.errors import JournalError
from crm_bridge.pipeline.deleting.saving import save_contracts
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.vault.crypto.keys import MasterKey

WITHOUT_PIN = "rollback is not detected"


@dataclass
class Server:
    """An installation whose keys come from a file or a descriptor, and the CRM that it deletes from."""

    home: Path
    clock: ManualClock
    running: Sandbox
    keys: Path
    warnings: list[str] = field(default_factory=list)

    def bridge(self, *, by_descriptor: bool) -> Bridge:
        """Open the installation as another process would."""
        given: dict[str, Any] = {"secrets_file": self.keys}
        if by_descriptor:
            given = {"secrets_fd": os.open(self.keys, os.O_RDONLY)}
        return Bridge.open(self.home, clock=self.clock, environ={}, warn=self.warnings.append, **given)

    def deletes(self) -> int:
        """Return how many deleting requests the CRM has seen."""
        ledger = self.running.servers["zoho"].exchange.emulator.ledger()
        return sum(line.method == "DELETE" for line in ledger)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Keys moved from the sandbox's keyring into a file of secrets in a folder of their own."""
    clock, home, folder = ManualClock(), tmp_path / "home", tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    with sandbox(SandboxOptions(home=home, count=12), clock=clock) as running:
        with Bridge.open(home, clock=clock, environ={}) as bridge:
            assert bridge.journal.head().size == 1
            MasterKey(bridge.env.keys).load_or_create()
        kept = json.loads((home / "keyring.json").read_text())
        keys = {name.partition("/")[2]: value for name, value in kept.items() if name.startswith("@keys/")}
        lines = ["[keys]", *(f"{name} = {json.dumps(keys[name])}" for name in sorted(keys) if name != "journal-pin")]
        path = folder / "secrets.toml"
        path.write_text((home / "secrets.toml").read_text() + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o600)
        (home / "keyring.json").unlink()
        yield Server(home, clock, running, path)


def deleted_and_put_back(server: Server, *, by_descriptor: bool) -> tuple[Path, str]:
    """Carry out a plan, restore its contracts in the CRM, and put the journal back to before; return the plan."""
    journal, older = server.home / "journal", server.home.parent / "older"
    with server.bridge(by_descriptor=by_descriptor) as bridge:
        plan = bridge.connect("zoho-sandbox").plan("amount > 0")
    shutil.copytree(journal, older)
    with server.bridge(by_descriptor=by_descriptor) as bridge:
        bridge.connect("zoho-sandbox").apply(plan.path, confirm=plan.digest)
    emulator = server.running.servers["zoho"].exchange.emulator
    for contract in plan:
        emulator.control("restore", {"id": contract.id})
    shutil.rmtree(journal)
    shutil.move(older, journal)
    return plan.path, plan.digest


def refused(server: Server, plan: tuple[Path, str], *, by_descriptor: bool) -> str:
    """Apply once more; return the reason of the refusal, after which nothing was sent."""
    before = server.deletes()
    with server.bridge(by_descriptor=by_descriptor) as bridge, pytest.raises(JournalError) as caught:
        bridge.connect("zoho-sandbox").apply(plan[0], confirm=plan[1])
    assert server.deletes() == before
    return caught.value.reason


def test_keys_from_a_file_have_their_pin_beside_them(server: Server) -> None:
    plan = deleted_and_put_back(server, by_descriptor=False)
    for folder in ("receipts", "vault"):
        shutil.rmtree(server.home / folder)
    assert len(list(server.keys.parent.glob("journal-*.pin"))) == 1
    assert refused(server, plan, by_descriptor=False) == "rolled_back"
    assert [one for one in server.warnings if one.startswith(WITHOUT_PIN)] == []


def test_a_pin_file_of_the_configuration_is_used_where_keys_cannot_be_written(server: Server) -> None:
    config, other = server.home / "config.toml", server.home.parent / "volume"
    other.mkdir(mode=0o700)
    config.write_text(f'pin_file = "{other}/head.pin"\n' + config.read_text(), encoding="utf-8")
    plan = deleted_and_put_back(server, by_descriptor=True)
    for folder in ("receipts", "vault"):
        shutil.rmtree(server.home / folder)
    assert refused(server, plan, by_descriptor=True) == "rolled_back"
    assert [one for one in server.warnings if one.startswith(WITHOUT_PIN)] == []


@pytest.mark.parametrize("left", ["receipts", "vault"])
def test_without_a_pin_the_receipt_or_the_backup_set_of_the_run_says_so(server: Server, left: str) -> None:
    plan = deleted_and_put_back(server, by_descriptor=True)
    for folder in {"receipts", "vault"} - {left}:
        shutil.rmtree(server.home / folder)
    assert refused(server, plan, by_descriptor=True) == "rolled_back"


def test_without_a_pin_every_run_says_that_a_rollback_is_not_detected(server: Server) -> None:
    deleted_and_put_back(server, by_descriptor=True)
    assert [one for one in server.warnings if one.startswith(WITHOUT_PIN)] != []


def test_what_a_stranger_puts_beside_the_journal_stops_nothing(server: Server) -> None:
    with server.bridge(by_descriptor=True) as bridge:
        plan = bridge.connect("zoho-sandbox").plan("amount > 0")
        receipts = bridge.receipts
    for name, text in (("9A", "{}"), ("9B", "no json"), ("9C", '{"payloadType":"x","payload":"e30=","signatures":[]}')):
        (receipts / f"{name}.receipt.json").write_text(text)
    with server.bridge(by_descriptor=True) as bridge:
        run = bridge.connect("zoho-sandbox").apply(plan.path, confirm=plan.digest)
        assert run.info.complete


@pytest.mark.parametrize("journal", ["cut", "forked", "emptied"])
def test_a_journal_that_was_cut_forked_or_emptied_is_refused_by_its_pin(server: Server, journal: str) -> None:
    plan = deleted_and_put_back(server, by_descriptor=False)
    folder = server.home / "journal"
    if journal == "forked":
        (pin,) = server.keys.parent.glob("journal-*.pin")
        kept = pin.read_text()
        pin.unlink()
        for name in ("receipts", "vault"):
            shutil.move(server.home / name, server.home.parent / name)
        with server.bridge(by_descriptor=False) as bridge:
            for _number in range(30):
                bridge.connect("zoho-sandbox").plan("amount > 0")
        pin.write_text(kept)
    elif journal == "emptied":
        (folder / "journal.sqlite3").write_bytes(b"")
    assert refused(server, plan, by_descriptor=False) == "rolled_back"


def test_a_set_that_was_saved_without_a_deletion_stops_nothing(server: Server) -> None:
    # A process may die between the set and its entry: rehearsals and backups begin no run.
    with server.bridge(by_descriptor=True) as bridge:
        crm = bridge.connect("zoho-sandbox")
        plan = crm.plan("amount > 0")
        older = server.home.parent / "older"
        shutil.copytree(server.home / "journal", older)
        save_contracts(crm.context, crm.find("amount > 0"))
    shutil.rmtree(server.home / "journal")
    shutil.move(older, server.home / "journal")
    with server.bridge(by_descriptor=True) as bridge:
        assert bridge.connect("zoho-sandbox").apply(plan.path, confirm=plan.digest).info.complete
