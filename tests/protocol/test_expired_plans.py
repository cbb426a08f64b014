"""A plan that expired, by either clock: what was open is settled by looking, nothing more is deleted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from crm_bridge.bridge import Bridge, Plan
from crm_bridge.clock import ManualClock, boot_id
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.planning.plan import PlanHead
from crm_bridge.errors import ConfirmationError
from crm_bridge.pipeline.planning.plan_file import open_plan
from crm_bridge.pipeline.planning.plan_writer import PlanWriter
from tests.protocol.conftest import Reopened

CONTRACTS, FIRST = 7, 5
"""How many contracts are planned, and how many are deleted and looked for before the rest."""
DAY = 24 * 3600
DAY_AND_HOUR = 25 * 3600


def both_on(clock: ManualClock) -> None:
    """A day and an hour pass."""
    clock.advance(DAY_AND_HOUR)


def set_back(clock: ManualClock) -> None:
    """A day and an hour pass, and somebody sets the wall clock back by a day."""
    clock.advance(DAY_AND_HOUR)
    clock.jump(-DAY)


def set_back_and_on(clock: ManualClock) -> None:
    """The wall clock is set back before the plan was made, and comes to that time again a day and an hour later."""
    clock.jump(-DAY_AND_HOUR)
    clock.advance(DAY_AND_HOUR)


def set_forward(clock: ManualClock) -> None:
    """No time passes, but the wall clock shows a day and an hour more."""
    clock.jump(DAY_AND_HOUR)


EXPIRIES = (both_on, set_back, set_back_and_on, set_forward)
Expire = Callable[[ManualClock], None]


def cut_off(reopened: Reopened, name: str, expire: Expire) -> tuple[str, str, int]:
    """Die right after the first call of a run; return plan, run, and how many contracts that call removed."""
    with reopened.opened("remove.after:1:raise") as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=reopened.ids(name)[:CONTRACTS])
        run = crm.apply(plan, confirm=plan.digest)
        assert run.counts[Outcome.IN_DOUBT] >= 1
    expire(reopened.clock)
    return plan.digest, run.id, len(reopened.removals(name))


@pytest.mark.parametrize("expire", EXPIRIES)
@pytest.mark.parametrize("again", ["apply", "resume"])
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_the_same_command_settles_what_is_open_and_deletes_nothing_more(
    reopened: Reopened, name: str, again: str, expire: Expire
) -> None:
    digest, run_id, removed = cut_off(reopened, name, expire)
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        if again == "apply":
            with pytest.raises(ConfirmationError) as caught:
                crm.apply(bridge.home / "plans" / f"{digest}.plan", confirm=digest)
            assert (caught.value.reason, caught.value.exit_code) == ("plan_expired", 5)
        else:
            halted = crm.resume(run_id).halted
            assert halted is not None
            assert (halted.reason, halted.exit_code) == ("plan_expired", 5)
        assert bridge.journal.open_intents() == ()
        counts = bridge.status(run_id).counts
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


@pytest.mark.parametrize("expire", EXPIRIES)
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_the_digest_of_a_plan_for_one_contract_confirms_nothing_any_more(
    reopened: Reopened, name: str, expire: Expire
) -> None:
    contract = reopened.ids(name)[0]
    with reopened.opened() as bridge:
        digest = bridge.connect(f"{name}-sandbox").plan(ids=[contract]).digest
    expire(reopened.clock)
    with reopened.opened() as bridge:
        with pytest.raises(ConfirmationError) as caught:
            bridge.connect(f"{name}-sandbox").delete(contract, confirm=digest)
        assert list(bridge.runs()) == []
    assert (caught.value.reason, caught.value.exit_code) == ("plan_expired", 5)
    assert reopened.removals(name) == []


def test_the_clock_of_another_boot_counts_for_nothing(reopened: Reopened) -> None:
    """A plan that says it was made days ago on another boot's clock is judged by the wall clock alone."""
    with reopened.opened() as bridge:
        crm = bridge.connect("zoho-sandbox")
        made = crm.plan(ids=reopened.ids("zoho")[:2])
        assert made.head.boot == boot_id()
        reopened.clock.advance(DAY_AND_HOUR)
        reopened.clock.jump(-DAY)
        here, elsewhere = (rewritten(bridge, made, replace(made.head, boot=boot)) for boot in (boot_id(), "another"))
        with pytest.raises(ConfirmationError):
            crm.apply(here, confirm=here.digest)
        assert crm.apply(elsewhere, confirm=elsewhere.digest).counts == {Outcome.REMOVED: 2}


def test_a_monotonic_clock_that_is_behind_counts_for_nothing(reopened: Reopened) -> None:
    with reopened.opened() as bridge:
        crm = bridge.connect("zoho-sandbox")
        made = crm.plan(ids=reopened.ids("zoho")[:2])
        ahead = rewritten(bridge, made, replace(made.head, mono_ms=made.head.mono_ms + 2 * DAY * 1000))
        assert crm.apply(ahead, confirm=ahead.digest).counts == {Outcome.REMOVED: 2}


def rewritten(bridge: Bridge, plan: Plan, head: PlanHead) -> Plan:
    """Return the same plan with another head, as this installation would have written it."""
    folder = bridge.home / "plans"
    with PlanWriter(folder, head, journal=bridge.journal, randomness=random.Random(head.boot), named=False) as writer:
        for target in plan.file.targets():
            writer.add(target)
        digest = writer.finish(plan.notes).digest
    return replace(plan, file=open_plan(folder / f"{digest}.plan", journal=bridge.journal))
