"""Let two state directories with one account delete the same contracts, and count who claims what.

python sweeps/two_homes.py [--forced N] [--free N]

Forced: the second directory carries its whole plan out just before the k-th request of the first one, for k = 1, 2, ...
Free: both start at the same moment. "By this run" may be said of a contract by one of them at most, and nobody else
may be blamed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from crm_bridge.bridge import Bridge, Run  # noqa: E402
from crm_bridge.clock import Clock, ManualClock, SystemClock  # noqa: E402
from crm_bridge.sandbox.serve import SandboxOptions, sandbox  # noqa: E402

CRMS = ("zoho", "fxiaoke")
CONTRACTS = 7
"""More than the first few that are verified before the rest."""
PERSONS = frozenset({"deleted_by_somebody_else", "listed_under_somebody_else"})


@dataclass
class Race:
    """What both said of the contracts, and what the CRM did."""

    met: bool
    claims: Counter[str] = field(default_factory=Counter)
    blamed: int = 0
    said: list[str] = field(default_factory=list)
    trashed: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Return whether no contract was claimed twice and nobody was blamed."""
        return not self.blamed and all(count <= 1 for count in self.claims.values())


@contextmanager
def two_homes(crm: str, folder: Path, clock: Clock) -> Iterator[tuple[Any, Path, Path]]:
    """Serve one CRM, and give two state directories that know it."""
    first, second = folder / "first", folder / "second"
    with sandbox(SandboxOptions(home=first, count=12, only=(crm,)), clock=clock) as running:
        shutil.copytree(first, second)
        yield running.servers[crm].exchange.emulator, first, second


def apply(bridge: Bridge, crm: str, ids: list[str]) -> Run:
    """Plan and delete; take an interrupted run up once."""
    connection = bridge.connect(f"{crm}-sandbox")
    plan = connection.plan(ids=ids)
    run = connection.apply(plan, confirm=plan.digest)
    return run if run.info.complete else connection.resume(run.id)


def judged(race: Race, runs: list[Run], emulator: Any) -> Race:
    """Count the claims of both runs."""
    for run in runs:
        for item in run:
            race.said.append(f"{item.outcome}/{item.reason or ''}")
            race.blamed += item.reason in PERSONS
            if item.outcome == "removed" and item.reason is None:
                race.claims[item.contract.id] += 1
    effects = (effect for line in emulator.ledger() for effect in line.effects if effect.kind == "trashed")
    race.trashed.update(effect.id for effect in effects)
    return race


def forced(crm: str, before: int, folder: Path) -> Race:
    """Let the second directory act just before the request number `before` of the first one's run."""
    clock = ManualClock()
    with two_homes(crm, folder, clock) as (emulator, first, second):
        ids = list(emulator.control("contracts", {})["ids"][:CONTRACTS])
        with Bridge.open(first, clock=clock, environ={}) as one, Bridge.open(second, clock=clock, environ={}) as other:
            plans = [bridge.connect(f"{crm}-sandbox").plan(ids=ids) for bridge in (one, other)]
            handle, seen, runs, lock = emulator.handle, [0], [], threading.Lock()

            def act(request: Any) -> Any:
                with lock:
                    seen[0] += 1
                    now = seen[0] == before
                if now:
                    runs.append(other.connect(f"{crm}-sandbox").apply(plans[1], confirm=plans[1].digest))
                return handle(request)

            emulator.handle = act
            run = one.connect(f"{crm}-sandbox").apply(plans[0], confirm=plans[0].digest)
            if not run.info.complete:
                run = one.connect(f"{crm}-sandbox").resume(run.id)
            emulator.handle = handle
            return judged(Race(bool(runs)), [run, *runs], emulator)


def free(crm: str, folder: Path) -> Race:
    """Start both at the same moment."""
    clock = SystemClock()
    with two_homes(crm, folder, clock) as (emulator, first, second):
        ids = list(emulator.control("contracts", {})["ids"][:CONTRACTS])
        start, runs = threading.Barrier(2), list[Run]()
        race = Race(met=True)
        judging = threading.Lock()

        def carry_out(home: Path) -> None:
            with Bridge.open(home, clock=clock, environ={}) as bridge:
                connection = bridge.connect(f"{crm}-sandbox")
                plan = connection.plan(ids=ids)
                start.wait()
                run = connection.apply(plan, confirm=plan.digest)
                if not run.info.complete:
                    run = connection.resume(run.id)
                runs.append(run)
                with judging:
                    judged(race, [run], emulator)

        threads = [threading.Thread(target=carry_out, args=(home,)) for home in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(runs) != len(threads):
            raise RuntimeError("a run of the race failed")
        return race


def main() -> int:
    """Race, and tell how many contracts were claimed twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forced", type=int, default=50)
    parser.add_argument("--free", type=int, default=20)
    options = parser.parse_args()
    races: list[Race] = []
    for crm in CRMS:
        for number in range(options.forced // len(CRMS)):
            with tempfile.TemporaryDirectory() as folder:
                races.append(forced(crm, number + 1, Path(folder)))
        for _number in range(options.free // len(CRMS)):
            with tempfile.TemporaryDirectory() as folder:
                races.append(free(crm, Path(folder)))
    twice = sum(count > 1 for race in races for count in race.claims.values())
    blamed = sum(race.blamed for race in races)
    met = sum(race.met for race in races)
    print(f"{len(races)} races, {met} met: {twice} contracts claimed twice, {blamed} words about somebody else")
    print(Counter(word for race in races for word in race.said))
    return 0 if all(race.good for race in races) else 1


if __name__ == "__main__":
    sys.exit(main())
