"""A backup that is interrupted keeps what it had saved: the next attempt goes on there, and does not begin again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge, Connection
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import InterruptedRunError
from crm_bridge.pipeline.stopping import StopFlag
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox

COUNT, BATCH = 12, 4
NAME = "zoho-sandbox"


class House:
    """A CRM whose contracts are copied four at a time, and a state directory."""

    def __init__(self, home: Path, running: Sandbox, clock: ManualClock) -> None:
        self.home, self.clock = home, clock
        self.server = running.servers["zoho"]
        config = home / "config.toml"
        table = f"[connections.{NAME}]\n"
        small = f"{table}coql_in_list = {BATCH}\ncoql_groups = 1\n"
        config.write_text(config.read_text().replace(table, small))

    def bridge(
        self, at_backup: Callable[[int], object] = id, stop: StopFlag | None = None, failpoint: str = ""
    ) -> Bridge:
        """Open the state directory; `at_backup` is called with the number of contracts that were copied."""

        def progress(stage: str, done: int, _total: int | None) -> None:
            if stage == "backup":
                at_backup(done)

        environ = {failpoints.VARIABLE: failpoint} if failpoint else {}
        return Bridge.open(self.home, clock=self.clock, environ=environ, progress=progress, stop=stop)

    def sets(self) -> list[int]:
        """Return how many contracts each complete set holds."""
        with self.bridge() as bridge:
            return sorted(one.count for one in bridge.vault.sets() if one.complete)

    def copied(self) -> int:
        """Return how many lists of notes were read: one for each contract that is copied."""
        return sum(line.path.endswith("/Notes") for line in self.server.exchange.emulator.ledger())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock, home = ManualClock(), tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=20, only=("zoho",)), clock=clock) as running:
        yield House(home, running, clock)
    failpoints.arm(None)


def apply(crm: Connection) -> object:
    plan = crm.plan(ids=[contract.id for contract in crm.find(limit=COUNT)])
    return crm.apply(plan, confirm=plan.digest)


def test_a_stop_in_the_middle_keeps_what_was_copied_and_resume_copies_only_the_rest(house: House) -> None:
    stop = StopFlag()
    with house.bridge(lambda _done: stop.set(), stop) as bridge, pytest.raises(InterruptedRunError):
        apply(bridge.connect(NAME))
    # One batch is read ahead: what was read of it when the run stopped is read again.
    ahead = house.copied() - BATCH
    assert (house.sets(), 0 <= ahead <= BATCH) == ([BATCH], True)
    progress: list[int] = []
    with house.bridge(progress.append) as bridge:
        run = bridge.connect(NAME).resume()
        assert run.counts == {Outcome.REMOVED: COUNT}
    assert progress == [2 * BATCH, COUNT], "the bar goes on where it stopped"
    assert (house.sets(), house.copied()) == ([BATCH, COUNT - BATCH], COUNT + ahead)


def test_a_set_is_closed_every_five_minutes_so_that_a_killed_process_loses_no_more(house: House) -> None:
    with (
        house.bridge(lambda _done: house.clock.advance(301), failpoint="snapshot.before:3:raise") as bridge,
        pytest.raises(failpoints.FailpointError),
    ):
        apply(bridge.connect(NAME))
    assert house.sets() == [BATCH, BATCH]
    with house.bridge() as bridge:
        assert bridge.connect(NAME).resume().counts == {Outcome.REMOVED: COUNT}
    assert house.copied() == COUNT


def test_a_crm_that_goes_away_takes_nothing_with_it(house: House) -> None:
    with (
        house.bridge(failpoint="snapshot.after:6:raise") as bridge,
        pytest.raises(failpoints.FailpointError),
    ):
        apply(bridge.connect(NAME))
    assert house.sets() == [5]
    with house.bridge() as bridge:
        run = bridge.connect(NAME).resume()
        assert run.counts == {Outcome.REMOVED: COUNT}
        assert bridge.connect(NAME).restore(run.id)[-1].result == "restored"
