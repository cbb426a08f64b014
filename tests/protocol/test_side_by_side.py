"""The batches of one look go side by side, five at most; after an answer that is not clear no other one leaves."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import AnswerLostError
from crm_bridge.sandbox.home import write_home
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.mount import mounted
from crm_bridge_zoho.emulator.emulator import ZohoEmulator

URL = "http://127.0.0.1:8803"
FIRST, BATCH, REST = 5, 3, 15
WAIT = 20.0


class Sending:
    """The removals of one connection, watched where the adapter is asked for them."""

    def __init__(self, bridge: Bridge, emulator: ZohoEmulator) -> None:
        self.crm = bridge.connect("zoho-sandbox")
        self.emulator, self.journal = emulator, bridge.journal
        adapter: Any = bridge.adapter("zoho-sandbox")
        self.remove = adapter.remove
        adapter.remove = self.watched
        self.lock = threading.Lock()
        self.calls = 0
        self.now = self.most = 0
        self.act: Any = lambda _number, _refs, _options: None

    def watched(self, step: Any, refs: Sequence[ContractRef], *, options: Any) -> Any:
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most, number = max(self.most, self.now), self.calls
        try:
            self.act(number, refs, options)
            return self.remove(step, refs, options=options)
        finally:
            with self.lock:
                self.now -= 1

    def apply(self) -> Any:
        self.ids = self.emulator.control("contracts", {})["ids"][: FIRST + REST]
        plan = self.crm.plan(ids=self.ids)
        self.at_once = plan.notes.at_once
        return self.crm.apply(plan, confirm=plan.digest)

    def sent(self) -> list[list[str]]:
        """Return the contracts that each removal took."""
        lines = (line for line in self.emulator.ledger() if line.method == "DELETE")
        return [[effect.id for effect in line.effects if effect.id in self.ids] for line in lines]


@contextmanager
def sending(home: Path) -> Iterator[Sending]:
    clock = ManualClock()
    emulator = ZohoEmulator(URL, clock=clock, count=40)
    write_home(home, {"zoho": emulator})
    config = home / "config.toml"
    config.write_text(config.read_text().replace('adapter = "zoho"', f'adapter = "zoho"\ndelete_batch = {BATCH}'))
    with mounted(emulator), Bridge.open(home, environ={}, clock=clock) as bridge:
        yield Sending(bridge, emulator)


def test_five_batches_are_on_their_way_at_once_and_the_first_contracts_alone(tmp_path: Path) -> None:
    with sending(tmp_path / "home") as watch:
        firsts = -(-FIRST // BATCH)
        together = threading.Barrier(REST // BATCH, timeout=WAIT)

        def meet(number: int, _refs: Any, _options: Any) -> None:
            if number > firsts:
                together.wait()

        watch.act = meet
        run = watch.apply()
        assert set(run.counts) == {Outcome.REMOVED}
        assert watch.most == REST // BATCH == 5
        assert watch.at_once == 5 * BATCH
        first = {one for ids in watch.sent()[:firsts] for one in ids}
        looks = [len(list(watch.journal.lines(one))) for one in watch.journal.entries(run=run.id, op="intent")]
    assert len(first) == FIRST
    assert looks == [FIRST, REST]


def test_after_a_lost_answer_no_other_batch_leaves_by_the_same_look(tmp_path: Path) -> None:
    with sending(tmp_path / "home") as watch:
        firsts = -(-FIRST // BATCH)

        def lose_one(number: int, refs: Sequence[ContractRef], options: Any) -> None:
            if number == firsts + 1:
                raise AnswerLostError("lost before it arrived", reason="connection_lost")
            if firsts < number <= firsts + REST // BATCH:
                held = threading.Event()
                for _turn in range(int(WAIT * 1000)):
                    options.guard([ref.id for ref in refs])  # raises once nothing may leave any more
                    held.wait(0.001)

        watch.act = lose_one
        run = watch.apply()
        assert run.halted is None or run.halted.reason == "in_doubt"
        counts = dict.fromkeys(("outcome.unknown", "outcome.not_done"), 0)
        for _entry, line in watch.journal.events(run=run.id):
            if (event := line.facts["event"]) in counts:
                counts[event] += 1
        assert counts == {"outcome.unknown": BATCH, "outcome.not_done": REST - BATCH}
        done = watch.crm.resume()
        assert set(done.counts) == {Outcome.REMOVED}
        removed = [one for ids in watch.sent() for one in ids]
    assert len(removed) == len(set(removed)) == FIRST + REST


@pytest.mark.parametrize("refused", [1, 5])
def test_batches_that_are_refused_together_for_their_pace_end_no_run(
    tmp_path: Path, refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending(tmp_path / "home") as watch:
        firsts = -(-FIRST // BATCH)
        together = threading.Barrier(REST // BATCH, timeout=WAIT)
        handle, seen = watch.emulator.handle, itertools.count(1)

        def throttle(request: WireRequest) -> WireResponse:
            if request.method == "DELETE" and firsts < next(seen) <= firsts + REST // BATCH:
                if together.wait() == 0:  # all of them are on their way, and none is answered
                    watch.emulator.control("switch", {"name": "throttle_next", "value": refused})
                together.wait()
            return handle(request)

        monkeypatch.setattr(watch.emulator, "handle", throttle)
        run = watch.apply()
        assert run.halted is None
        assert set(run.counts) == {Outcome.REMOVED}
