"""Damage the backup of a run after it was verified, and count what is deleted all the same.

    python sweeps/damaged_runs.py [--runs 30] [--adapter zoho] [--seed 1]

Each run backs up four contracts of a stand-in and is stopped right before its last look; then one file of its set (key
slot and tag files included) is damaged at a random position, and the run is resumed. Nothing may be deleted whose
backup is not whole. `--runs` counts for each kind of damage and each CRM; as many again stay undamaged and must delete
everything. Prints one JSON object; the exit code is 1 if anything was deleted wrongly.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.errors import CrmBridgeError
from crm_bridge.sandbox.home import connection_name
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from sweeps.vault_damage_sweep import CHANGES, Change

KINDS: dict[str, Change | None] = {**CHANGES, "none": None}


def runs(adapter: str, count: int, dice: random.Random) -> dict[str, dict[str, int] | list[str]]:
    """Delete contracts whose backup is damaged after it was verified; count what was deleted all the same."""
    tried: Counter[str] = Counter()
    deleted_wrongly: list[str] = []
    held: Counter[str] = Counter()
    for what, change in KINDS.items():
        for _number in range(count):
            with tempfile.TemporaryDirectory() as folder:
                verdict = damaged_run(adapter, Path(folder) / "home", change, dice)
            tried[what] += 1
            held[what] += verdict.held
            if change is not None:
                deleted_wrongly += [f"{what} of {verdict.file}: {one}" for one in verdict.deleted_wrongly]
    return {"runs": dict(tried), "contracts_left_alone": dict(held), "deleted_without_a_whole_backup": deleted_wrongly}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one run with a damaged backup."""

    file: str
    held: int
    deleted_wrongly: tuple[str, ...]


def damaged_run(adapter: str, home: Path, change: Change | None, dice: random.Random) -> Verdict:
    """Stop a run right before its last look, damage one file of its set, resume it, and look what was deleted."""
    clock = ManualClock()
    with sandbox(SandboxOptions(home=home, count=12, only=(adapter,)), clock=clock) as running:
        emulator = running.servers[adapter].exchange.emulator
        ids = [str(one) for one in emulator.control("contracts", {})["ids"]][:4]
        run_id = _stopped_run(home, clock, connection_name(adapter), ids)
        failpoints.arm(None)
        with Bridge.open(home, environ={}, clock=clock) as bridge:
            (summary,) = bridge.vault.sets()
            opened = bridge.vault.open(summary.set_id)
            needs = {entry.ref.id: {entry.file, *(one.file for one in entry.files)} for entry in opened.entries()}
            files = sorted(path for path in opened.path.rglob("*") if path.is_file())
            file = dice.choice(files)
            original = file.read_bytes()
            data = bytearray(original)
            while change is not None and bytes(data) == original:
                change(data, dice)
            file.write_bytes(data)
            with suppress(CrmBridgeError):
                bridge.connect(connection_name(adapter)).resume(run_id)
        name = file.relative_to(opened.path).as_posix()
        gone = set(ids) - {str(one) for one in emulator.control("contracts", {})["ids"]}
        # A file that belongs to one contract concerns that contract; any other one concerns them all.
        owned = set().union(*needs.values())
        concerned = [one for one, of_it in needs.items() if name in of_it or name not in owned]
    return Verdict(name, len(ids) - len(gone), tuple(one for one in concerned if one in gone))


def _stopped_run(home: Path, clock: ManualClock, name: str, ids: list[str]) -> str:
    environ = {failpoints.VARIABLE: "gate.before:1:raise"}
    with Bridge.open(home, environ=environ, clock=clock) as bridge:
        crm = bridge.connect(name)
        plan = crm.plan(ids=ids, reason="damage")
        with suppress(failpoints.FailpointError):
            crm.apply(plan, confirm=plan.digest)
        return bridge.run().id


def main() -> int:
    """Run both CRMs, or the one that was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, help="runs for each kind of damage and each CRM")
    parser.add_argument("--adapter", choices=("zoho", "fxiaoke"), default=None)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    dice = random.Random(chosen.seed)
    adapters = (chosen.adapter,) if chosen.adapter else ("zoho", "fxiaoke")
    found = {adapter: runs(adapter, chosen.runs, dice) for adapter in adapters}
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 0 if all(good(one) for one in found.values()) else 1


def good(found: dict[str, dict[str, int] | list[str]]) -> bool:
    """Return whether nothing was deleted wrongly, and nothing was left alone without a reason."""
    left = found["contracts_left_alone"]
    assert isinstance(left, dict)
    return not found["deleted_without_a_whole_backup"] and left["none"] == 0


if __name__ == "__main__":
    sys.exit(main())
