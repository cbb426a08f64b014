"""Move the sign-in to another organisation at every call of a run, one call after the other, and look what happens.

    python sweeps/moved_token.py [--crm zoho] [--every 1]

The other organisation is a copy with the same ids, which takes the same credentials. The live token ends at the call,
and the new one opens the copy. Contracts are removed one at a time: on Zoho with batches of one, on 纷享销客 a void is
one record anyway. Prints one JSON object per CRM; the exit code is 1 where a request changed anything in the copy, or
where a run calls a contract removed that is live in the organisation of the plan, or one held that is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.errors import CrmBridgeError
from crm_bridge.sandbox.home import connection_name, write_home
from crm_bridge.testing.mount import mounted
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_zoho.emulator import ZohoEmulator

URL = "http://127.0.0.1:8804"
CONTRACTS, SPARE = 60, 3
CRMS = ("zoho", "fxiaoke")


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one run whose sign-in moved."""

    calls: int
    """Requests to the organisation of the plan, the sign-in included."""
    changed_elsewhere: list[str]
    false_words: list[str]
    ended: str


@contextmanager
def sandboxed(name: str, home: Path, clock: ManualClock, count: int) -> Iterator[Any]:
    """Mount one stand-in in memory, with a state directory for it."""
    emulator: Any
    if name == "zoho":
        emulator = ZohoEmulator(URL, clock=clock, count=count, plain=True)
    else:
        emulator = FxiaokeEmulator(URL, clock=clock, count=count)
    write_home(home, {name: emulator})
    if name == "zoho":
        with (home / "config.toml").open("a", encoding="utf-8") as config:
            config.write("delete_batch = 1\n")
    with mounted(emulator):
        yield emulator


def moved_at(name: str, calls: int, home: Path) -> Moved:
    """Plan and apply 60 contracts; the sign-in moves after so many calls of `apply`."""
    clock = ManualClock()
    with sandboxed(name, home, clock, CONTRACTS + SPARE) as emulator:
        ids = emulator.control("contracts", {})["ids"][:CONTRACTS]
        with Bridge.open(home, environ={}, clock=clock) as bridge:
            plan = bridge.connect(connection_name(name)).plan(ids=ids)
        before = len(emulator.ledger())
        emulator.control("move_token", {"calls": calls})
        with Bridge.open(home, environ={}, clock=clock) as bridge:
            ended, outcomes = _applied(bridge.connect(connection_name(name)), plan)
        elsewhere = emulator.control("elsewhere", {})["changes"]
        return Moved(len(emulator.ledger()) - before, elsewhere, _false(emulator, outcomes), ended)


def _applied(crm: Any, plan: Any) -> tuple[str, dict[str, str]]:
    try:
        run = crm.apply(plan.path, confirm=plan.digest)
    except CrmBridgeError as refused:
        return refused.reason, {}
    return run.halted.reason if run.halted else "", {item.contract.id: item.outcome.value for item in run}


def _false(emulator: Any, outcomes: dict[str, str]) -> list[str]:
    """Return what the run says of contracts that the organisation of the plan knows better."""
    places = {record_id: str(emulator.control("record", {"id": record_id})["place"]) for record_id in outcomes}
    live = {"removed": False, "already_absent": False, "held": True, "refused": True, "waiting": True}
    return [
        f"{record_id}: {word}, and {places[record_id]}"
        for record_id, word in outcomes.items()
        if word in live and live[word] is not (places[record_id] == "live")
    ]


def sweep(name: str, every: int, folder: Path) -> dict[str, Any]:
    """Move at every call until a run ends before its sign-in moves."""
    moved: list[Moved] = []
    calls = 0
    while not moved or moved[-1].ended:
        moved.append(moved_at(name, calls, folder / f"{name}-{calls}"))
        calls += every
    ends: dict[str, int] = {}
    for one in moved:
        ends[one.ended or "complete"] = ends.get(one.ended or "complete", 0) + 1
    return {
        "crm": name,
        "runs": len(moved),
        "calls": moved[-1].calls,
        "ended": ends,
        "changed_elsewhere": sum(len(one.changed_elsewhere) for one in moved),
        "false_words": sum(len(one.false_words) for one in moved),
    }


def main() -> int:
    """Sweep one CRM or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crm", choices=CRMS, default=None)
    parser.add_argument("--every", type=int, default=1)
    chosen = parser.parse_args()
    good = True
    for name in [chosen.crm] if chosen.crm else CRMS:
        with tempfile.TemporaryDirectory() as folder:
            found = sweep(name, chosen.every, Path(folder))
        good = good and not found["changed_elsewhere"] and not found["false_words"]
        print(json.dumps(found), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
