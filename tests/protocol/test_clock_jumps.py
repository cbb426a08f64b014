"""A wrong or corrected clock: no expired word is accepted, nothing is done twice, the journal keeps its order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import ConfirmationError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

pytestmark = pytest.mark.timing

HOUR, DAY = 3600.0, 86400.0
JUMPS = (-400 * DAY, -25 * HOUR, -HOUR, -360.0, -1.0, 1.0, 360.0, HOUR, 25 * HOUR, 400 * DAY)
STAGES = ("confirm", "backup", "delete", "verify")
VALID = 24 * HOUR


class Jump:
    """Moves the wall clock once, at the first word of a stage."""

    def __init__(self, clock: ManualClock, stage: str, seconds: float) -> None:
        self._clock, self._stage, self._seconds = clock, stage, seconds
        self.done = False

    def __call__(self, stage: str, _done: int = 0, _total: int | None = None) -> None:
        if stage == self._stage and not self.done:
            self.done = True
            self._clock.jump(self._seconds)


@pytest.mark.parametrize("seconds", JUMPS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_jump_at_any_step_is_refused_or_changes_nothing(tmp_path: Path, stage: str, seconds: float) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    adapter = ("fxiaoke", "zoho")[(JUMPS.index(seconds) + STAGES.index(stage)) % 2]
    jump = Jump(clock, stage, seconds)
    refused, outcomes = False, dict[Outcome, int]()
    with (
        sandbox(SandboxOptions(home=home, count=6, only=(adapter,)), clock=ManualClock()) as running,
        Bridge.open(home, clock=clock, environ={}, progress=jump) as bridge,
    ):
        emulator = running.servers[adapter].exchange.emulator
        crm = bridge.connect(f"{adapter}-sandbox")
        plan = crm.plan(ids=emulator.control("contracts", {})["ids"][:3])
        jump("confirm")
        try:
            run = crm.apply(plan, confirm=plan.digest)
            refused, outcomes = isinstance(run.halted, ConfirmationError), dict(run.counts)
        except ConfirmationError:
            refused = True
        removed = Counter(e.id for line in emulator.ledger() for e in line.effects if e.kind == "trashed")
    assert jump.done
    if stage in ("confirm", "backup") and not 0 <= seconds < VALID:
        # Past its time, or from the future: whatever the clock says, nothing was sent.
        assert (refused, removed) == (True, Counter())
    else:
        assert (refused, outcomes) == (False, {Outcome.REMOVED: 3})
    assert set(removed.values()) <= {1}
    assert check_journal(home / "journal").exit_code == 0
