"""Purge one heavy contract in a tenant that moves on, create it again, and name what is neither back nor announced.

python sweeps/heavy_round_trip.py [--rows 250] [--files 10]

On each CRM: 250 notes or lines, ten of them with a file, a row with a file, a file in a drive; then the owner leaves,
the status is retired, and another contract gets the number. The stand-in's own records judge; exit 1: a finding.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Fate, Route, Step
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.sandbox.home import connection_name
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from sweeps.heavy_contract import NUMBER, STATUS, Load, belongings, load, move_on, owner_of


@dataclass(slots=True)
class Trip:
    """What came of one heavy contract."""

    result: str = ""
    back: int = 0
    named: tuple[str, ...] = ()
    """What the restore said that is not as it was."""
    announced: tuple[str, ...] = ()
    """What the plan said that would not come back as it was."""
    findings: list[str] = field(default_factory=list)


def heavy_round_trip(adapter: str, how: Load, home: Path, *, owner: bool = False) -> Trip:
    """Take one contract of a stand-in there and back. `owner`: another owner is named for it."""
    clock = ManualClock()
    with sandbox(SandboxOptions(home=home, count=12, only=(adapter,)), clock=clock) as running:
        emulator: Any = running.servers[adapter].exchange.emulator
        one, other, *_rest = map(str, emulator.control("contracts", {})["ids"])
        load(emulator, one, how)
        was, record = belongings(emulator, one), emulator.control("record", {"id": one})["record"]
        with Bridge.open(home, environ={}, clock=clock) as bridge:
            crm = bridge.connect(connection_name(adapter))
            plan = crm.plan(ids=[one], step=Step.PURGE, max_leaves=None)
            run = crm.apply(plan, confirm=plan.digest)
            outcomes = [(item.outcome.value, item.reason, item.remark) for item in run]
        assert [one[0] for one in outcomes] == ["removed"], outcomes
        move_on(emulator, record, other)
        with Bridge.open(home, environ={}, clock=clock) as bridge:
            crm = bridge.connect(connection_name(adapter))
            (step,) = crm.restore(run.id, owner=crm.profile().user_id if owner else None)
        rows = plan.head.forecast.rows
        announced = tuple(row.thing for row in rows if row.fate(Route.RECREATE) is not Fate.SAME)
        return judged(emulator, step, was, record, announced)


def judged(
    emulator: Any, step: RestoreStep, was: Counter[str], record: Mapping[str, Any], told: tuple[str, ...]
) -> Trip:
    """Return the trip, with a finding for whatever is neither back nor named."""
    trip = Trip(step.result, named=step.lost, announced=told)
    if step.result != "restored" or step.new_ref is None or step.measured is None:
        trip.findings.append(f"{step.result}: {step.reason} {step.message}")
        return trip
    now = belongings(emulator, step.new_ref.id)
    trip.back = (was & now).total()
    trip.findings += [f"twice: {one}" for one in now - was]
    trip.findings += [f"gone without a word: {one}" for one in was - now if not _is_named(one, step.lost)]
    new = emulator.control("record", {"id": step.new_ref.id})["record"]
    name = "zoho" if isinstance(emulator, ZohoEmulator) else "fxiaoke"
    moved = [key for key in (NUMBER[name], STATUS[name]) if new.get(key) != record[key]]
    moved += ["owner"] if owner_of(new) != owner_of(record) else []
    # What the tenant changed after the plan no plan can announce: a restore names it, and calls it worse than promised.
    late = {NUMBER[name], STATUS[name], "Owner", "owner"}
    trip.findings += [f"worse than announced: {one.name}" for one in step.measured.surprises if one.name not in late]
    said = " ".join(step.lost).casefold()
    words = {
        NUMBER[name]: ("number", "合同编号", "编号"),
        STATUS[name]: ("status", "状态"),
        "owner": ("owner", "负责人"),
    }
    trip.findings += [f"changed without a word: {key}" for key in moved if not any(w in said for w in words[key])]
    return trip


def _is_named(thing: str, lost: Sequence[str]) -> bool:
    """Return whether a file that is not back is named by the restore: its bytes tell which one it was."""
    return thing.startswith("line scanned, file") and any("scan.pdf" in one for one in lost)


def main() -> int:
    """Take one contract of each CRM there and back, with and without a new owner."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--files", type=int, default=10)
    chosen = parser.parse_args()
    trips = {}
    for adapter in ("zoho", "fxiaoke"):
        for owner in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                how = Load(chosen.rows, chosen.files)
                trip = heavy_round_trip(adapter, how, Path(folder) / "home", owner=owner)
            trips[f"{adapter}, {'another' if owner else 'no'} owner named"] = trip
    print(json.dumps({name: asdict(trip) for name, trip in trips.items()}, indent=1, ensure_ascii=False))
    return 1 if any(trip.findings for trip in trips.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
