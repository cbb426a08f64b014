"""A plan that expired in the middle of its run: what was open is settled by looking, nothing more is deleted."""

from __future__ import annotations

import pytest

from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import ConfirmationError
from tests.protocol.conftest import Reopened

CONTRACTS, FIRST = 7, 5
"""How many contracts are planned, and how many are deleted and looked for before the rest."""
DAY_AND_HOUR = 25 * 3600


def cut_off(reopened: Reopened, name: str) -> tuple[str, str, int]:
    """Die right after the first call of a run; return plan, run, and how many contracts that call removed."""
    with reopened.opened("remove.after:1:raise") as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=reopened.ids(name)[:CONTRACTS])
        run = crm.apply(plan, confirm=plan.digest)
        assert run.counts()[Outcome.IN_DOUBT] >= 1
    reopened.clock.advance(DAY_AND_HOUR)
    return plan.digest, run.id, len(reopened.removals(name))


@pytest.mark.parametrize("again", ["apply", "resume"])
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_the_same_command_settles_what_is_open_and_deletes_nothing_more(
    reopened: Reopened, name: str, again: str
) -> None:
    digest, run_id, removed = cut_off(reopened, name)
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        if again == "apply":
            with pytest.raises(ConfirmationError) as caught:
                crm.apply(bridge.home / "plans" / f"{digest}.plan", confirm=digest)
            assert caught.value.reason == "plan_expired"
        else:
            halted = crm.resume(run_id).halted
            assert halted is not None
            assert halted.reason == "plan_expired"
        assert bridge.journal.open_intents() == ()
        counts = bridge.status(run_id).counts()
    assert Outcome.IN_DOUBT not in counts
    assert counts[Outcome.WAITING] > 0
    assert len(reopened.removals(name)) == removed


def test_nobody_is_asked_to_confirm_what_has_expired(reopened: Reopened) -> None:
    with reopened.opened() as bridge:
        crm = bridge.connect("zoho-sandbox")
        plan = crm.plan(ids=reopened.ids("zoho")[:2])
        reopened.clock.advance(DAY_AND_HOUR)
        with pytest.raises(ConfirmationError) as caught:
            crm.apply(plan, confirm=lambda _plan: pytest.fail("somebody was asked"))
    assert caught.value.reason == "plan_expired"
