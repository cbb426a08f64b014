"""Answers that are lost at any removal of a purge, before or after the CRM acted: found, never sent in vain."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge.spi.emulator import LedgerEntry

REMOVALS = {"zoho": r"/Contracts\?.*ids=|/recycle_bin", "fxiaoke": r"/data/(invalid|delete)"}
METHODS = {"zoho": "DELETE", "fxiaoke": "POST"}
CONTRACTS = 3
KINDS = {"drop_after": True, "cut": True, "empty": True, "drop_before": False, "server_error": False}
"""Kind of fault, and whether the CRM acts all the same."""


def asked(line: LedgerEntry) -> tuple[str, str, bytes]:
    """Return a request of the ledger as fault rules see it."""
    return line.method, f"{line.path}?{line.query}", b""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_each_removal_of_a_purge_is_done_once_whichever_answer_is_lost(tmp_path: Path, name: str, kind: str) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=80), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        server = running.servers[name]
        emulator, crm = server.exchange.emulator, bridge.connect(f"{name}-sandbox")
        every = emulator.control("contracts", {})["ids"]
        spoiled, number = 0, 0
        while True:
            ids = every[number * CONTRACTS : (number + 1) * CONTRACTS]
            plan, number = crm.plan(ids=ids, step=Step.PURGE), number + 1
            match = Match(method=METHODS[name], pattern=REMOVALS[name], nth=number)
            before = len(emulator.ledger())
            server.inject(FaultRule(kind, match, {"act": KINDS[kind]}))
            run = crm.apply(plan, confirm=plan.digest)
            met = server.exchange.faults.met()[0] >= number
            server.inject()
            clock.advance(60)
            if not run.info.complete:
                run = crm.resume(run.id)
            assert run.counts == {Outcome.REMOVED: CONTRACTS}
            lines = emulator.ledger()[before:]
            effects = Counter((e.kind, e.id) for line in lines for e in line.effects if e.id in ids)
            assert effects == Counter((step, one) for step in ("trashed", "purged") for one in ids)
            removals = [line for line in lines if line.method == METHODS[name] and match.fits(*asked(line))]
            assert [line.path for line in removals if not line.effects] == []
            if not met:
                break
            spoiled += 1
    assert spoiled >= 2
