"""A receipt is read from the journal alone: issued again it is the same, whatever was added or lost meanwhile."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import UsageError
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox

VERIFIER = Path(__file__).resolve().parents[2] / "verifier" / "verify_journal.py"


@dataclass
class Deleted:
    """Three contracts were deleted; their run's receipt is here."""

    home: Path
    clock: ManualClock
    running: Sandbox
    bridge: Bridge
    crm: Connection
    run: str
    ids: list[str]

    def issued(self) -> str:
        """Issue the receipt by a bridge of its own, as another process would."""
        with Bridge.open(self.home, clock=self.clock, environ={}) as bridge:
            issued = bridge.issue_receipt(self.run)
            return json.dumps([dict(issued.envelope), list(issued.lines())], sort_keys=True)


@pytest.fixture(params=["zoho", "fxiaoke"])
def deleted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deleted]:
    """One CRM after the other."""
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=12), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        crm = bridge.connect(f"{request.param}-sandbox")
        ids = running.servers[request.param].exchange.emulator.control("contracts", {})["ids"][:3]
        plan = crm.plan(ids=ids, reason="duplicate import of Acme")
        run = crm.apply(plan, confirm=plan.digest)
        yield Deleted(home, clock, running, bridge, crm, run.id, sorted(ids))


def test_issued_twice_it_has_the_same_bytes_however_the_journal_grew(deleted: Deleted) -> None:
    first = deleted.issued()
    deleted.clock.advance(3600)
    deleted.crm.verify(deleted.run)
    deleted.crm.plan("everything")
    assert deleted.issued() == first


def test_without_vault_and_plans_it_is_still_issued(deleted: Deleted) -> None:
    first = deleted.issued()
    for folder in ("vault", "plans", "receipts"):
        shutil.rmtree(deleted.home / folder)
    assert deleted.issued() == first


def test_it_says_what_was_not_covered_and_names_nobody(deleted: Deleted) -> None:
    envelope = deleted.bridge.issue_receipt(deleted.run).envelope
    (path,) = (deleted.home / "receipts").glob("*.json")
    assert json.loads(path.read_text()) == envelope
    receipt = deleted.crm.resume(deleted.run).receipt()
    said, lines = receipt.statement, list(receipt.lines())
    text = json.dumps([said, lines], ensure_ascii=False)
    assert "Acme" not in text
    assert "backups" in " ".join(said["predicate"]["notCovered"])
    assert sorted(line["record"] for line in lines) == deleted.ids
    assert all(line["program"].startswith("crm_bridge/") and "/" in line["adapter"] for line in lines)


def test_the_independent_verifier_accepts_journal_and_receipt(deleted: Deleted, tmp_path: Path) -> None:
    from crm_bridge.journal.export import export_journal

    out = tmp_path / "export.jsonl"
    with out.open("wb") as file:
        export_journal(deleted.bridge.journal, file)
    (receipt,) = (deleted.home / "receipts").glob("*.json")
    vkey = deleted.bridge.journal.vkey
    command = [sys.executable, str(VERIFIER), str(out), "--key", vkey, "--receipt", str(receipt)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_without_an_end_has_no_receipt_yet(deleted: Deleted) -> None:
    with pytest.raises(UsageError) as caught:
        deleted.bridge.issue_receipt("01NOSUCHRUN")
    assert caught.value.reason == "unknown_run"


def test_status_needs_neither_plan_nor_vault_and_then_knows_no_names(deleted: Deleted) -> None:
    named = {item.contract.id: (item.outcome, item.evidence) for item in deleted.bridge.status(deleted.run)}
    assert all(item.contract.number for item in deleted.bridge.status(deleted.run))
    for folder in ("vault", "plans"):
        shutil.rmtree(deleted.home / folder)
    status = deleted.bridge.status(deleted.run)
    assert {item.contract.id: (item.outcome, item.evidence) for item in status} == named
    assert set(named) == set(deleted.ids)
    assert status.counts == {Outcome.REMOVED: 3}
    assert [item.contract.number for item in status] == [None] * 3
