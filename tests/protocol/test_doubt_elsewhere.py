"""A record that is in doubt in one run belongs to no other plan, run or restore until somebody has looked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import GuardError, InDoubtError
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import LedgerEntry

CRMS = ("zoho", "fxiaoke")


class Place:
    """A sandbox with a state directory that is opened anew for every step, as processes do."""

    def __init__(self, home: Path, clock: ManualClock, running: Sandbox) -> None:
        self.home, self.clock, self.running = home, clock, running

    def opened(self, failpoint: str = "") -> Bridge:
        """Open the state directory with a failpoint, or none."""
        return Bridge.open(self.home, clock=self.clock, environ={failpoints.VARIABLE: failpoint})

    def ids(self, name: str) -> list[str]:
        """Return the ids of the live contracts."""
        return list(self.running.servers[name].exchange.emulator.control("contracts", {})["ids"])

    def lines(self, name: str) -> list[LedgerEntry]:
        """Return every request so far."""
        return list(self.running.servers[name].exchange.emulator.ledger())

    def removals(self, name: str) -> list[str]:
        """Return the ids of everything that disappeared."""
        effects = (effect for line in self.lines(name) for effect in line.effects)
        return [effect.id for effect in effects if effect.kind in ("trashed", "purged")]

    def leave_in_doubt(self, name: str, ids: list[str]) -> str:
        """Begin a deletion that dies between its intent and its call; return the run."""
        with self.opened("remove.before:1:raise") as bridge:
            crm = bridge.connect(f"{name}-sandbox")
            plan = crm.plan(ids=ids)
            run = crm.apply(plan, confirm=plan.digest)
            assert isinstance(run.halted, failpoints.FailpointError)
            return run.id


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Both CRMs with a dozen contracts."""
    clock = ManualClock()
    with sandbox(SandboxOptions(home=tmp_path / "home", count=12), clock=clock) as running:
        yield Place(tmp_path / "home", clock, running)
    failpoints.arm(None)


@pytest.mark.parametrize("name", CRMS)
def test_a_new_plan_does_not_take_it_and_names_the_run_that_must_be_settled(place: Place, name: str) -> None:
    first, second, third = place.ids(name)[:3]
    run = place.leave_in_doubt(name, [first])
    with place.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        with pytest.raises(GuardError) as caught:
            crm.plan(ids=[second, first])
        assert caught.value.reason == "in_doubt_elsewhere"
        assert run in str(caught.value)
        assert run in caught.value.hint
        assert crm.plan(ids=[second, third]).count == 2
        assert crm.resume(run).counts() == {Outcome.REMOVED: 1}
        assert crm.plan(ids=[second]).count == 1


@pytest.mark.parametrize("name", CRMS)
def test_a_plan_of_before_the_doubt_is_not_begun(place: Place, name: str) -> None:
    first, second = place.ids(name)[:2]
    with place.opened() as bridge:
        earlier = bridge.connect(f"{name}-sandbox").plan(ids=[first, second])
    run = place.leave_in_doubt(name, [first])
    with place.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        with pytest.raises(GuardError) as caught:
            crm.apply(earlier.path, confirm=earlier.digest)
        assert caught.value.exit_code == 4
        assert place.removals(name) == []
        # What could not begin left no run behind: `resume` without a name still means the one in doubt.
        assert [one.id for one in bridge.runs()] == [run]
        assert crm.resume().id == run
        later = crm.apply(earlier.path, confirm=earlier.digest)
        assert later.counts() == {Outcome.ALREADY_ABSENT: 1, Outcome.REMOVED: 1}


@pytest.mark.parametrize("name", CRMS)
def test_an_attempt_that_was_looked_at_in_vain_counts_as_well(place: Place, name: str) -> None:
    first, second = place.ids(name)[:2]
    run = place.leave_in_doubt(name, [first])
    with place.opened("reconcile.before:1:raise") as bridge:
        assert bridge.connect(f"{name}-sandbox").resume(run).counts() == {Outcome.IN_DOUBT: 1}
    with place.opened() as bridge:
        assert bridge.journal.open_intents() == ()
        with pytest.raises(GuardError):
            bridge.connect(f"{name}-sandbox").plan(ids=[first, second])


@pytest.mark.parametrize("name", CRMS)
def test_a_restore_by_an_earlier_run_waits_for_it_too(place: Place, name: str) -> None:
    first = place.ids(name)[0]
    with place.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=[first])
        earlier = crm.apply(plan, confirm=plan.digest)
        assert [step.result for step in crm.restore(earlier.id)] == ["restored"]
        again = crm.plan(ids=place.ids(name)[:1]).count
        assert again == 1
    later = place.leave_in_doubt(name, [first])
    with place.opened() as bridge, pytest.raises(InDoubtError) as caught:
        bridge.connect(f"{name}-sandbox").restore(earlier.id)
    assert later in caught.value.hint


@pytest.mark.parametrize("name", CRMS)
def test_a_restore_of_a_whole_run_says_what_is_in_doubt_in_it(place: Place, name: str) -> None:
    run = place.leave_in_doubt(name, place.ids(name)[:2])
    with place.opened() as bridge, pytest.raises(InDoubtError) as caught:
        bridge.connect(f"{name}-sandbox").restore(run, dry_run=True)
    assert caught.value.exit_code == 9
    assert run in caught.value.hint


@pytest.mark.parametrize("name", CRMS)
def test_a_resume_of_what_is_done_asks_the_crm_nothing_and_writes_nothing(place: Place, name: str) -> None:
    ids = place.ids(name)[:2]
    with place.opened() as bridge:
        crm = bridge.connect(f"{name}-sandbox")
        plan = crm.plan(ids=ids)
        run = crm.apply(plan, confirm=plan.digest)
        entries = bridge.journal.head().size
    receipt = place.home / "receipts" / f"{run.id}.receipt.json"
    said = receipt.read_bytes()
    receipt.unlink()
    asked = len(place.lines(name))
    with place.opened() as bridge:
        again = bridge.connect(f"{name}-sandbox").resume(run.id)
        assert again.counts() == {Outcome.REMOVED: 2}
        assert bridge.journal.head().size == entries
    assert len(place.lines(name)) == asked
    assert receipt.read_bytes() == said
