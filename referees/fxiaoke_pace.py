"""Void and purge contracts of 纷享销客 under its rate window, and say how much of the window was used.

    python referees/fxiaoke_pace.py [--case custom-bulk] [--records 10000] [--window fixed] [--latency 0.02]

The whole journey (find, back up, 作废, verify, 删除, verify) runs through `Bridge` against the stand-in, which counts
100 calls per 20 s and endpoint as the vendor does and refuses the rest. Time is emulated: it moves only when somebody
waits, so an hour passes in a minute. Calls are sent one after the other, each answered after `--latency` seconds:
0.02 s is the pace of ten calls in flight that take 0.2 s each.

Prints one JSON object per case. n calls of one endpoint need at least 20 s x (n / 100, rounded up, less 1): `used` is
that time divided by the time from the first to the last of them, for the steps that delete. `seconds` is the emulated
length of the journey, `bound` the least that the rates allow for its busiest endpoint. The exit code is 1 where a call
was refused for its rate, a contract is left over, a window was used by less than 95 %, or a journey of preset contracts
took longer, or more calls, than the vendor's limits allow and 5 % (with `related`, the calls are more by design).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from crm_bridge.bridge import Bridge
from crm_bridge.bridge.connection import RaisedCaps
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.sandbox.home import connection_name, write_home
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.mount import mounted
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator, Switches

URL = "http://127.0.0.1:8802"
WINDOW_CALLS, WINDOW_SECONDS = 100, 20
SPARE = 20
"""Contracts beside those that are deleted: every look needs a control record."""
LEAST_USED, SLACK = 0.95, 1.05
CHOSEN = "Pace"
Window = Literal["sliding", "fixed"]
WINDOWS: tuple[Window, ...] = ("sliding", "fixed")


class SharedClock(ManualClock):
    """A clock for several threads: a wait begins when its thread last looked, so that waits side by side overlap."""

    def __init__(self) -> None:
        """Begin like any other."""
        super().__init__()
        self._began = self.now()
        self._seen = threading.local()
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Return the time, and remember that this thread knows it."""
        self._seen.at = super().monotonic()
        return float(self._seen.at)

    def seen(self) -> datetime:
        """Return when this thread last looked: what others moved the clock by since is no wait of its own."""
        return self._began + timedelta(seconds=float(getattr(self._seen, "at", 0.0)))

    def sleep(self, seconds: float) -> None:
        """Move to the end of this thread's wait, unless another one's wait has ended later."""
        until = getattr(self._seen, "at", 0.0) + seconds
        with self._lock:
            self.advance(max(0.0, until - super().monotonic()))
        self.monotonic()


class SlowGateway:
    """The stand-in behind a line: every answer takes a while."""

    def __init__(self, emulator: FxiaokeEmulator, clock: SharedClock, latency: float) -> None:
        """Answer for `emulator`, `latency` seconds later."""
        self._emulator, self._clock, self._latency = emulator, clock, latency
        self.base_url = emulator.base_url

    def __getattr__(self, name: str) -> Any:
        """Be the stand-in in everything else."""
        return getattr(self._emulator, name)

    def handle(self, request: WireRequest) -> WireResponse:
        """Take the request at once, answer later."""
        self._clock.monotonic()
        response = self._emulator.handle(request)
        self._clock.sleep(self._latency)
        return response


@dataclass(frozen=True, slots=True)
class Case:
    """Which object, how many contracts, how they are voided; `calls` are those of the cheapest pattern known."""

    object_name: str
    records: int
    bulk: Literal["never", "custom"] = "never"
    related: bool = False
    step: Step = Step.TRASH
    least_used: float = LEAST_USED
    """Share of the window of voids that is used; a purge reads each contract again before both steps."""
    calls: float | None = None
    """Per contract: token, user and describe apart, 10 to find and copy 1000, 30 for their lines, and so on."""


CUSTOM, PRESET = "object_9Kx2p__c", "SaleContractObj"
CASES: Mapping[str, Case] = {
    "custom-bulk": Case(CUSTOM, 10_000, "custom"),
    "custom-single": Case(CUSTOM, 10_000),
    "preset": Case(PRESET, 1_000, calls=1.121),
    "preset-related": Case(PRESET, 1_000, related=True),
    "custom-purge": Case(CUSTOM, 1_000, step=Step.PURGE, least_used=0.45),
    "preset-purge": Case(PRESET, 1_000, step=Step.PURGE, least_used=0.45),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """What one journey took, by the stand-in's own books. Times in emulated seconds."""

    records: int
    outcomes: Mapping[str, int]
    left: int
    refused: int
    seconds: float
    calls: Mapping[str, int]
    used: Mapping[str, float]

    @property
    def bound(self) -> int:
        """Return the least seconds that the rates allow for these calls, all endpoints side by side."""
        return least_seconds(max(self.calls.values()))

    def good(self, case: Case) -> bool:
        """Return whether nothing was refused, nothing left, and the window used as it should be."""
        gone = self.left == (0 if case.step is Step.PURGE else self.records)
        clean = self.refused == 0 and gone and self.outcomes == {"removed": self.records}
        quick = case.object_name != PRESET or case.step is Step.PURGE or self.seconds <= self.bound * SLACK
        cheap = case.calls is None or sum(self.calls.values()) <= case.calls * self.records * SLACK
        return clean and quick and cheap and min(self.used.values()) >= case.least_used


def least_seconds(calls: int) -> int:
    """Return how long so many calls of one endpoint take at least: the first window is open at once."""
    return WINDOW_SECONDS * (-(-calls // WINDOW_CALLS) - 1)


def pace(case: Case, *, window: Window, latency: float, home: Path) -> Pace:
    """Void, or void and purge, `case.records` contracts and return what the stand-in's ledger says about it."""
    clock = SharedClock()
    switches = Switches(window=window, max_batch_ids=20)
    count = case.records + SPARE
    emulator = FxiaokeEmulator(URL, clock=clock, count=count, object_name=case.object_name, switches=switches)
    _prepare(emulator, case)
    write_home(home, {"fxiaoke": emulator})
    with (home / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f"calls_in_flight = 1\nrelated = {str(case.related).lower()}\n")
        config.write(f'[connections.{connection_name("fxiaoke")}.assumptions]\nbulk_invalid = "{case.bulk}"\n')
    slow: Any = SlowGateway(emulator, clock, latency)
    with mounted(slow), Bridge.open(home, environ={}, clock=clock) as bridge:
        crm = bridge.connect(connection_name("fxiaoke"))
        caps: RaisedCaps = {"max_contracts": 1_000_000, "max_leaves": 100_000_000, "max_share": 100}
        plan = crm.plan(f'title = "{CHOSEN}"', step=case.step, reason="pace", **caps)
        counts = crm.apply(plan, confirm=plan.digest).counts
    outcomes = {str(outcome.value): number for outcome, number in counts.items() if number}
    return _by_the_books(emulator, case, outcomes)


def _prepare(emulator: FxiaokeEmulator, case: Case) -> None:
    """Mark the contracts that go, and take the files off all of them: each costs a call of its own."""
    table = emulator.world.tables[case.object_name]
    for position, key in enumerate(table.ids):
        row = table.rows[key]
        row.pop("attach__c", None)
        if position < case.records:
            row["title__c"] = CHOSEN


def _by_the_books(emulator: FxiaokeEmulator, case: Case, outcomes: Mapping[str, int]) -> Pace:
    ledger = emulator.ledger()
    times: dict[str, list[datetime]] = {}
    for line in ledger:
        times.setdefault(line.path, []).append(datetime.fromisoformat(line.at))
    return Pace(
        records=case.records,
        outcomes=outcomes,
        left=len(emulator.world.tables[case.object_name].rows) - SPARE,
        refused=sum(line.code in ("30004", "14001") for line in ledger),
        seconds=_between(datetime.fromisoformat(ledger[0].at), datetime.fromisoformat(ledger[-1].at)),
        calls=dict(Counter(line.path for line in ledger).most_common()),
        used={path: _used(moments) for path, moments in times.items() if path.endswith(("/invalid", "/delete"))},
    )


def _used(moments: Sequence[datetime]) -> float:
    took = _between(moments[0], moments[-1])
    return round(least_seconds(len(moments)) / took, 4) if len(moments) > WINDOW_CALLS else 1.0


def _between(first: datetime, last: datetime) -> float:
    return round((last - first).total_seconds(), 1)


def main() -> int:
    """Run all cases, or the one that was named, in one kind of window or in both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=sorted(CASES), default=None)
    parser.add_argument("--records", type=int, default=None)
    parser.add_argument("--window", choices=WINDOWS, default=None)
    parser.add_argument("--latency", type=float, default=0.02)
    chosen = parser.parse_args()
    good = True
    for name in [chosen.case] if chosen.case else CASES:
        case = replace(CASES[name], records=chosen.records or CASES[name].records)
        for window in WINDOWS if chosen.window is None else (chosen.window,):
            with tempfile.TemporaryDirectory() as folder:
                found = pace(case, window=window, latency=chosen.latency, home=Path(folder) / "home")
            good = found.good(case) and good
            told = {"case": name, "window": window, "good": found.good(case), "bound": found.bound, **asdict(found)}
            print(json.dumps(told | {"total_calls": sum(found.calls.values())}), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
