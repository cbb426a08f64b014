"""What our user deletes during a run beside its plan, past the journal: named in the result, and later too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge, Run
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.home import write_home
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.adapter import RemoveOptions
from crm_bridge.spi.emulator import Emulator


class Office:
    """One CRM, one run, and somebody who deletes other contracts there while contracts of its plan are deleted."""

    def __init__(self, name: str, home: Path, clock: ManualClock, running: Sandbox) -> None:
        self.name, self.home, self.clock = name, home, clock
        self.server = running.servers[name]
        self.emulator: Emulator = self.server.exchange.emulator
        self.every = [str(one) for one in self.emulator.control("contracts", {})["ids"]]
        self.then: Callable[[], object] | None = None
        self.elsewhere = home.with_name("elsewhere")
        write_home(self.elsewhere, {name: self.emulator})
        self.bridge = Bridge.open(home, clock=clock, environ={}, progress=self.meanwhile)

    def meanwhile(self, stage: str, _done: int, _total: int | None) -> None:
        if stage == "delete" and (act := self.then):
            self.then = None
            self.clock.advance(2)
            act()

    def delete(self, *ids: str) -> None:
        """Delete as another program with the same account does."""
        with Bridge.open(self.elsewhere, clock=self.clock, environ={}) as other:
            adapter = other.adapter(f"{self.name}-sandbox")
            refs = [ContractRef(adapter.whoami().module, one) for one in ids]
            adapter.remove(Step.TRASH, refs, options=RemoveOptions())

    def apply(self, ids: Sequence[str], step: Step = Step.TRASH) -> Run:
        crm = self.bridge.connect(f"{self.name}-sandbox")
        plan = crm.plan(ids=ids, step=step, max_share=100)
        return crm.apply(plan, confirm=plan.digest)


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Return an office with 12 contracts, or as many as the test is marked with."""
    clock, home = ManualClock(), tmp_path / "home"
    name, count = request.param
    with sandbox(SandboxOptions(home=home, count=count, only=(name,)), clock=clock) as running:
        made = Office(name, home, clock, running)
        yield made
        made.bridge.close()


LISTING = {
    "zoho": Match(pattern=r"/recycle_bin\?filters=", count=None),
    "fxiaoke": Match(path="data/query", body='"last_modified_time"', count=None),
}
few = pytest.mark.parametrize("office", [("zoho", 12), ("fxiaoke", 12)], indirect=True, ids=str)
many = pytest.mark.parametrize("office", [("zoho", 130), ("fxiaoke", 130)], indirect=True, ids=str)


@few
@pytest.mark.parametrize("step", list(Step))
def test_what_our_user_deletes_beside_the_plan_is_named_and_ends_with_9(office: Office, step: Step) -> None:
    office.then = lambda: office.delete(*office.every[8:10])
    run = office.apply(office.every[:3], step)
    assert {item.outcome.value for item in run} == {"removed"}
    assert (run.info.outside, set(run.info.outside_ids)) == (2, set(office.every[8:10]))
    assert run.exit_code == 9
    assert office.bridge.status(run.id).exit_code == 9, "it stands in the journal"


@many
def test_one_deletion_too_many_is_found_among_many_of_ours(office: Office) -> None:
    office.then = lambda: office.delete(office.every[-1])
    run = office.apply(office.every[:120])
    assert run.info.outside_ids == (office.every[-1],)


@few
def test_what_others_delete_or_our_user_before_the_run_is_none_of_it(office: Office) -> None:
    office.delete(office.every[9])
    office.clock.advance(5)
    office.then = lambda: office.emulator.control("delete", {"id": office.every[8]})
    run = office.apply(office.every[:3])
    assert (run.info.outside, run.exit_code) == (0, 0)


@few
def test_what_our_user_deleted_in_the_second_in_which_the_run_began_accuses_nobody(office: Office) -> None:
    office.delete(office.every[9])
    run = office.apply(office.every[:3])
    assert (run.info.outside, run.exit_code) == (0, 0)


@few
def test_what_another_run_of_this_journal_deletes_meanwhile_is_none_of_it(office: Office) -> None:
    first = office.apply(office.every[8:9])
    office.bridge.connect(f"{office.name}-sandbox").restore(first.id)

    def second() -> None:
        with Bridge.open(office.home, clock=office.clock, environ={}) as bridge:
            crm = bridge.connect(f"{office.name}-sandbox")
            plan = crm.plan(ids=office.every[8:9], reason="again")
            assert crm.apply(plan, confirm=plan.digest).exit_code == 0

    office.then = second
    run = office.apply(office.every[:3])
    assert (run.info.outside, run.exit_code) == (0, 0)


@few
def test_where_the_answer_about_it_fails_the_run_is_interrupted_and_its_resume_asks_again(office: Office) -> None:
    office.server.inject(FaultRule("html", LISTING[office.name]))
    run = office.apply(office.every[:3])
    assert {item.outcome.value for item in run} == {"removed"}
    assert (run.info.outside, run.info.complete, run.exit_code != 0) == (None, False, True)
    office.server.inject()
    again = office.bridge.connect(f"{office.name}-sandbox").resume(run.id)
    assert (again.info.outside, again.info.complete, again.exit_code) == (0, True, 0)
