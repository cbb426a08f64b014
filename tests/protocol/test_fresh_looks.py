"""No contract is deleted by a look older than five seconds, whatever comes between the look and the first byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock, SystemClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import ConfirmationError, InterruptedRunError
from crm_bridge.pipeline.entries import OUTCOME, history
from crm_bridge.pipeline.stopping import StopFlag
from crm_bridge.sandbox.home import connection_name, write_home
from crm_bridge.spi.emulator import Emulator, WireRequest, WireResponse
from crm_bridge.testing.mount import mounted
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from referees.fxiaoke_pace import SharedClock

URL = "http://127.0.0.1:8803"
FRESH = 5.0
CRMS = ("zoho", "fxiaoke")


class Line:
    """The line to a stand-in: `before` acts when a request arrives, and each answer takes `latency` seconds."""

    def __init__(self, emulator: Emulator, clock: ManualClock, latency: float = 0.0) -> None:
        self.emulator, self.clock, self.latency = emulator, clock, latency
        self.base_url = emulator.base_url
        self.before: Any = lambda _request: None
        self.one_by_one = threading.Lock()
        self.looked: dict[str, datetime] = {}
        self.removed: dict[str, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.emulator, name)

    def handle(self, request: WireRequest) -> WireResponse:
        self.before(request)
        at = self.left()
        with self.one_by_one:  # what the ledger has more then is this request's
            lines = len(self.emulator.ledger())
            response = self.emulator.handle(request)
            added = self.emulator.ledger()[lines:]
        for line in added:
            for effect in line.effects:
                if effect.kind == "trashed" and effect.id in self.looked:
                    self.removed[effect.id] = (at - self.looked[effect.id]).total_seconds()
        if not is_removal(request):
            body = response.body.decode(errors="replace")
            self.looked.update({one: at for one in self.ids if one in body})
        self.clock.sleep(self.latency)
        return response

    def left(self) -> datetime:
        """Return when the request left; a thread that a busy machine holds up there has not waited."""
        at = self.clock.seen() if isinstance(self.clock, SharedClock) else self.clock.now()
        self.clock.monotonic()
        return at

    ids: tuple[str, ...] = ()


def is_removal(request: WireRequest) -> bool:
    return request.method == "DELETE" or request.path.endswith("/invalid")


class Journey:
    """A plan for everything at one CRM, ready to be applied."""

    def __init__(self, bridge: Bridge, name: str, line: Line, clock: ManualClock, **chosen: Any) -> None:
        self.bridge, self.line, self.clock = bridge, line, clock
        self.crm = bridge.connect(connection_name(name))
        self.plan = self.crm.plan(**chosen) if chosen else self.crm.plan("everything")
        line.ids = tuple(item.id for item in self.plan)
        self.field = next(field.name for field in self.crm.profile().fields if field.meaning == "title")

    def apply(self) -> Any:
        return self.crm.apply(self.plan, confirm=self.plan.digest)

    def outcomes(self, run: Any) -> dict[str, int]:
        return {outcome.value: count for outcome, count in run.counts.items() if count}


@contextmanager
def journey(
    name: str,
    home: Path,
    count: int,
    *,
    latency: float = 0.0,
    clock: ManualClock | None = None,
    stop: StopFlag | None = None,
    **chosen: Any,
) -> Iterator[Journey]:
    now = clock or ManualClock()
    emulator: Any = {"zoho": ZohoEmulator, "fxiaoke": FxiaokeEmulator}[name](URL, clock=now, count=count)
    if name == "zoho":
        emulator.control("switch", {"name": "plain_module", "value": True})
    write_home(home, {name: emulator})
    line = Line(emulator, now, latency)
    with mounted(line), Bridge.open(home, environ={}, clock=now, stop=stop) as bridge:
        yield Journey(bridge, name, line, now, **chosen)


def on_removal(trip: Journey, act: Any, *, at: int = 1) -> None:
    """Act when our process is about to write the bytes of a removal, `at` counts them."""
    seen = iter(range(1, 1_000_000))
    adapter: Any = trip.bridge.adapter(trip.crm.name)
    remove = adapter.remove

    def late(step: Any, refs: Any, *, options: Any) -> Any:
        if next(seen) == at:
            act(refs)
        return remove(step, refs, options=options)

    adapter.remove = late


@pytest.mark.parametrize("name", CRMS)
@pytest.mark.parametrize("hours", [8, 30])
@pytest.mark.parametrize("clocks", ["both", "wall"])
def test_a_machine_that_slept_between_look_and_send_deletes_nothing_by_the_old_look(
    name: str, hours: int, clocks: str, tmp_path: Path
) -> None:
    with journey(name, tmp_path / "home", 7) as trip:

        def sleep(refs: Any) -> None:
            (trip.clock.advance if clocks == "both" else trip.clock.jump)(hours * 3600)
            trip.line.control("edit", {"id": refs[0].id, "field": trip.field, "value": "amended meanwhile"})

        on_removal(trip, sleep)
        run = trip.apply()
        if hours == 8:
            assert trip.outcomes(run) == {"removed": 6, "held": 1}
            assert [item.reason for item in run if item.outcome is Outcome.HELD] == [Reason.CHANGED_SINCE_PLAN]
            assert max(trip.line.removed.values()) <= FRESH
        else:
            assert isinstance(run.halted, ConfirmationError)
            assert run.halted.reason == "plan_expired"
            assert trip.line.removed == {}
            assert trip.outcomes(run) == {"waiting": 7}


@pytest.mark.parametrize("name", CRMS)
def test_a_stop_that_comes_between_intent_and_send_sends_nothing(name: str, tmp_path: Path) -> None:
    stop = StopFlag()
    with journey(name, tmp_path / "home", 7, stop=stop) as trip:
        on_removal(trip, lambda _refs: stop.set())
        run = trip.apply()
        assert isinstance(run.halted, InterruptedRunError)
        assert trip.line.removed == {}
        assert trip.outcomes(run) == {"waiting": 7}


@pytest.mark.parametrize("name", CRMS)
def test_three_late_looks_halve_what_shares_one_and_a_contract_that_is_still_late_is_held(
    name: str, tmp_path: Path
) -> None:
    with journey(name, tmp_path / "home", 7) as trip:
        adapter: Any = trip.bridge.adapter(trip.crm.name)
        remove, sizes = adapter.remove, []

        def slow(step: Any, refs: Any, *, options: Any) -> Any:
            sizes.append(len(refs))
            trip.clock.advance(6)
            return remove(step, refs, options=options)

        adapter.remove = slow
        run = trip.apply()
        assert trip.line.removed == {}
        assert [item.reason for item in run] == [Reason.TOO_SLOW] * 7
        assert sizes == [5, 5, 5, 2, 2, 2, *[1] * 21]
        assert run.exit_code == 3


@pytest.mark.parametrize("name", CRMS)
def test_the_journal_shows_when_each_request_left_and_how_old_its_look_was(name: str, tmp_path: Path) -> None:
    with journey(name, tmp_path / "home", 7, latency=0.3, clock=SharedClock()) as trip:
        run = trip.apply()
        told = [item for item in history(trip.bridge.journal, run.id) if item.entry.op == OUTCOME]
        assert len(told) == 7
        for item in told:
            assert 0 < item.line.facts["look_ms"] <= 5000
            sent, written = datetime.fromisoformat(item.line.facts["sent_at"]), datetime.fromisoformat(item.entry.ts)
            assert timedelta() <= written - sent <= timedelta(seconds=5)


@pytest.mark.parametrize(("count", "latency"), [(208, 0.02), (104, 1.0)])
def test_under_the_rate_window_of_fxiaoke_no_void_is_late(count: int, latency: float, tmp_path: Path) -> None:
    with journey("fxiaoke", tmp_path / "home", count + 5, latency=latency, clock=SharedClock()) as trip:
        ids = trip.line.control("contracts", {})["ids"][:count]
        plan = trip.crm.plan(ids=ids)
        trip.line.looked.clear()
        run = trip.crm.apply(plan, confirm=plan.digest)
        assert trip.outcomes(run) == {"removed": count}
        late = [age for age in trip.line.removed.values() if age > FRESH]
        assert (late, len(trip.line.removed)) == ([], count)
        refused = [line for line in trip.line.ledger() if line.code in ("30004", "14001")]
        assert refused == []


def test_the_clock_of_the_machine_counts_the_time_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def told(which: int) -> float:
        asked.append(which)
        return 28_800.0

    monkeypatch.setattr("crm_bridge.clock.time.clock_gettime", told)
    assert SystemClock().monotonic() == 28_800.0
    assert asked == [getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)]
