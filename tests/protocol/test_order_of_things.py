"""At the moment a removal arrives at the CRM: its intent is on disk, and so is a backup that can be opened."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge.spi.emulator import WireRequest, WireResponse

REMOVAL = {"zoho": r"^DELETE ", "fxiaoke": r"/data/invalid$"}


def on_disk(home: Path, op: str) -> set[str]:
    """Return the record ids in the committed entries of one kind, read by a connection of its own."""
    (path,) = (home / "journal").glob("*.sqlite3")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT entry.raw, lines.raw FROM entry JOIN lines USING (seq)").fetchall()
    blocks = [block for raw, block in rows if json.loads(raw)["op"] == op]
    return {json.loads(line)["id"] for block in blocks for line in block.split(b"\n")}


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_intent_and_backup_are_there_before_the_request(tmp_path: Path, name: str, monkeypatch: Any) -> None:
    home, clock = tmp_path / "home", ManualClock()
    arrivals: list[tuple[set[str], set[str], int]] = []
    with sandbox(SandboxOptions(home=home, count=20), clock=clock) as running:
        emulator = running.servers[name].exchange.emulator
        handle = emulator.handle

        def watched(request: WireRequest) -> WireResponse:
            if re.search(REMOVAL[name], f"{request.method} {request.path}"):
                sets = len(list((home / "vault").rglob("manifest-sha256.txt")))
                arrivals.append((on_disk(home, "intent"), on_disk(home, "backup"), sets))
            before = {e.id for line in emulator.ledger() for e in line.effects if e.kind == "trashed"}
            answer = handle(request)
            gone = {e.id for line in emulator.ledger() for e in line.effects if e.kind == "trashed"} - before
            for one in gone & contracts:
                assert one in arrivals[-1][0] & arrivals[-1][1]
            return answer

        with Bridge.open(home, clock=clock, environ={}) as bridge:
            crm = bridge.connect(f"{name}-sandbox")
            plan = crm.plan('status = "Active"')
            contracts = {item.id for item in plan}
            monkeypatch.setattr(emulator, "handle", watched)
            outcomes = crm.apply(plan, confirm=plan.digest).counts
    assert outcomes == {Outcome.REMOVED: len(contracts)}
    assert arrivals
    assert all(sets >= 1 for _intents, _backups, sets in arrivals)
