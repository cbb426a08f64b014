"""A run costs the journal two commits a look, four more in all, and little room a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.planning.policy import DeletionPolicy
from crm_bridge.journal.storage.transactions import Transactions
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

BYTES = {"zoho": 1300, "fxiaoke": 2200}
COUNT = 600


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_run_takes_two_commits_a_look_and_little_room(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    commits = []
    write = Transactions.write

    def counted(self: Transactions) -> Any:
        commits.append(1)
        return write(self)

    with (
        sandbox(SandboxOptions(home=home, count=COUNT), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        running.servers[name].exchange.emulator.control("switch", {"name": "plain_module", "value": True})
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan("everything", max_contracts=COUNT, max_share=100, max_leaves=100_000)
        file = home / "journal" / "journal.sqlite3"
        before = file.stat().st_size
        monkeypatch.setattr(Transactions, "write", counted)
        run = crm.apply(plan, confirm=plan.digest)
        assert set(run.counts) == {Outcome.REMOVED}
        batch = crm.profile().limits.batch(plan.head.step, fast=False)
        looks = len(list(bridge.journal.entries(run=run.id, op="intent")))
    # Start, backups, a look at all, end. The look at the first contracts is written with the intents after it.
    assert len(commits) == 2 * looks + 4
    assert looks <= 1 + -(-(COUNT - DeletionPolicy().ramp[0]) // batch)
    assert (file.stat().st_size - before) / COUNT <= BYTES[name]
