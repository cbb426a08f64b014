"""A record that is in doubt in one run belongs to no other plan, run or restore until somebody has looked."""

from __future__ import annotations

import pytest

from crm_bridge.bridge.undo import can_be_undone
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import GuardError, InDoubtError
from tests.protocol.conftest import Reopened

CRMS = ("zoho", "fxiaoke")


@pytest.mark.parametrize("name", CRMS)
def test_a_new_plan_does_not_take_it_and_names_the_run_that_must_be_settled(reopened: Reopened, name: str) -> None:
    first, second, third = reopened.ids(name)[:3]
    run = reopened.leave_in_doubt(name, [first])
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        with pytest.raises(GuardError) as caught:
            crm.plan(ids=[second, first])
        assert caught.value.reason == "in_doubt_elsewhere"
        assert run in str(caught.value)
        assert run in caught.value.hint
        assert crm.plan(ids=[second, third]).count == 2
        assert crm.resume(run).counts == {Outcome.REMOVED: 1}
        assert crm.plan(ids=[second]).count == 1


@pytest.mark.parametrize("name", CRMS)
def test_a_plan_of_before_the_doubt_is_not_begun(reopened: Reopened, name: str) -> None:
    first, second = reopened.ids(name)[:2]
    with reopened.opened() as bridge:
        earlier = bridge.connect(f"{name}-sandbox").plan(ids=[first, second])
    run = reopened.leave_in_doubt(name, [first])
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        with pytest.raises(GuardError) as caught:
            crm.apply(earlier.path, confirm=earlier.digest)
        assert caught.value.exit_code == 4
        assert reopened.removals(name) == []
        # What could not begin left no run behind: `resume` without a name still means the one in doubt.
        assert [one.id for one in bridge.runs()] == [run]
        assert crm.resume().id == run
        later = crm.apply(earlier.path, confirm=earlier.digest)
        assert later.counts == {Outcome.ALREADY_ABSENT: 1, Outcome.REMOVED: 1}


@pytest.mark.parametrize("name", CRMS)
def test_an_attempt_that_was_looked_at_in_vain_counts_as_well(reopened: Reopened, name: str) -> None:
    first, second = reopened.ids(name)[:2]
    run = reopened.leave_in_doubt(name, [first])
    with reopened.opened("reconcile.before:1:raise") as bridge:
        assert bridge.connect(f"{name}-sandbox").resume(run).counts == {Outcome.IN_DOUBT: 1}
    with reopened.opened() as bridge:
        assert bridge.journal.open_intents() == ()
        with pytest.raises(GuardError):
            bridge.connect(f"{name}-sandbox").plan(ids=[first, second])


@pytest.mark.parametrize("name", CRMS)
def test_a_restore_by_an_earlier_run_waits_for_it_too(reopened: Reopened, name: str) -> None:
    first = reopened.ids(name)[0]
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=[first])
        earlier = crm.apply(plan, confirm=plan.digest)
        assert [step.result for step in crm.restore(earlier.id)] == ["restored"]
        again = crm.plan(ids=reopened.ids(name)[:1]).count
        assert again == 1
    later = reopened.leave_in_doubt(name, [first])
    with reopened.opened() as bridge, pytest.raises(InDoubtError) as caught:
        bridge.connect(f"{name}-sandbox").restore(earlier.id)
    assert later in caught.value.hint


@pytest.mark.parametrize("name", CRMS)
def test_where_a_restore_would_refuse_no_line_says_how_to_undo(reopened: Reopened, name: str) -> None:
    first, second = reopened.ids(name)[:2]
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=[first, second])
        run = crm.apply(plan, confirm=plan.digest)
        crm.restore(run.id, ids=[first])
        assert can_be_undone(bridge, bridge.status(run.id))
    reopened.leave_in_doubt(name, [first])
    with reopened.opened() as bridge:
        assert not can_be_undone(bridge, bridge.status(run.id))
        with pytest.raises(InDoubtError):
            bridge.connect(f"{name}-sandbox").restore(run.id)


@pytest.mark.parametrize("name", CRMS)
def test_a_restore_of_a_whole_run_says_what_is_in_doubt_in_it(reopened: Reopened, name: str) -> None:
    run = reopened.leave_in_doubt(name, reopened.ids(name)[:2])
    with reopened.opened() as bridge, pytest.raises(InDoubtError) as caught:
        bridge.connect(f"{name}-sandbox").restore(run, dry_run=True)
    assert caught.value.exit_code == 9
    assert run in caught.value.hint


@pytest.mark.parametrize("name", CRMS)
def test_a_resume_of_what_is_done_asks_the_crm_nothing_and_writes_nothing(reopened: Reopened, name: str) -> None:
    ids = reopened.ids(name)[:2]
    with reopened.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=ids)
        run = crm.apply(plan, confirm=plan.digest)
        entries = bridge.journal.head().size
    receipt = reopened.home / "receipts" / f"{run.id}.receipt.json"
    said = receipt.read_bytes()
    receipt.unlink()
    asked = len(reopened.lines(name))
    with reopened.opened() as bridge:
        again = bridge.connect(f"{name}-sandbox").resume(run.id)
        assert again.counts == {Outcome.REMOVED: 2}
        assert bridge.journal.head().size == entries
    assert len(reopened.lines(name)) == asked
    assert receipt.read_bytes() == said
