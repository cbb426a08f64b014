"""`verify` looks again only at its own tenant, and never while another process carries the same plan out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge, Run
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import ConfirmationError, JournalBusyError
from crm_bridge.locks import hold
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

NAME = "fxiaoke-sandbox"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Bridge]:
    """A bridge to a sandbox."""
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=12), clock=clock),
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        yield bridge


def removed(bridge: Bridge) -> Run:
    """Delete two contracts."""
    crm = bridge.connect(NAME)
    plan = crm.plan(ids=[contract.id for contract in crm.find(limit=2)])
    return crm.apply(plan, confirm=plan.digest)


def test_looking_again_waits_for_nobody_and_says_who_is_at_it(opened: Bridge) -> None:
    run = removed(opened)
    lock = opened.home / "locks" / f"plan-{run.info.ref.plan[:32]}.lock"
    with hold(lock, what="plan"), pytest.raises(JournalBusyError) as caught:
        opened.connect(NAME).verify(run.id)
    assert "process" in str(caught.value)
    assert opened.connect(NAME).verify(run.id).counts == {Outcome.REMOVED: 2}


def test_absence_in_another_tenant_proves_nothing(opened: Bridge) -> None:
    run = removed(opened)
    before = len(list(opened.journal.entries()))
    with pytest.raises(ConfirmationError) as caught:
        opened.connect("zoho-sandbox").verify(run.id)
    assert caught.value.reason == "other_tenant"
    assert len(list(opened.journal.entries())) == before
