"""A journal that does not verify carries nothing out: not its tail, not its seals."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.errors import JournalError
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

CHANGES = {
    "an entry added behind our back": "INSERT INTO entry (seq, raw) "
    "SELECT seq + 1, raw FROM entry ORDER BY seq DESC LIMIT 1",
    "the last entry changed": "UPDATE entry SET raw = CAST(replace(raw, 'plan', 'plam') AS BLOB) "
    "WHERE seq = (SELECT max(seq) FROM entry)",
    "the last entry removed": "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)",
    "the last checkpoint removed": "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_sent_when_the_tail_of_the_journal_is_not_what_was_sealed(tmp_path: Path, change: str) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=12), clock=clock) as running:
        with Bridge.open(home, clock=clock, environ={}) as bridge:
            plan = bridge.connect("zoho-sandbox").plan("amount > 0")
        (path,) = (home / "journal").glob("*.sqlite3")
        with sqlite3.connect(path) as db:
            triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _sql in triggers:
                db.execute(f'DROP TRIGGER "{name}"')
            db.execute(CHANGES[change])
            for _name, sql in triggers:
                db.execute(sql)
        with Bridge.open(home, clock=clock, environ={}) as bridge, pytest.raises(JournalError):
            bridge.connect("zoho-sandbox").apply(plan.path, confirm=plan.digest)
        lines = running.servers["zoho"].exchange.emulator.ledger()
    assert [line for line in lines if line.method == "DELETE"] == []
