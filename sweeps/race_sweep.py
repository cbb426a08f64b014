"""Let eight processes carry out one plan at the same moment, round after round, and let the CRM's own ledger judge.

python sweeps/race_sweep.py [--rounds N] [--processes N] [--json]

In each round exactly one process may execute; the others must say which process holds the plan, or that it was carried
out already. Rounds take turns between the CRMs and the steps.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "sweeps"), str(ROOT / "verifier")]

import crash_judge as judge  # noqa: E402
from crash_case import USED, Case, flush  # noqa: E402
from crash_sweep import Sweep, warm_up  # noqa: E402

from crm_bridge.domain.capabilities import Step  # noqa: E402
from crm_bridge.errors import CrmBridgeError  # noqa: E402
from crm_bridge.exit_codes import ExitCode  # noqa: E402


def race(case: Case, processes: int) -> dict[int, tuple[int, str]]:
    """Start all processes, let them go at once; return exit code and last words of each, by process id."""
    ready, go = os.pipe()
    ends: dict[int, int] = {}
    flush()
    for _number in range(processes):
        source, sink = os.pipe()
        if (child := os.fork()) == 0:
            code = 99
            try:
                os.close(go)
                os.read(ready, 1)  # returns once the starter has closed its end
                code = case.apply_here()
            except CrmBridgeError as error:
                code = error.exit_code
                os.write(sink, str(error).encode()[:4000])
            finally:
                os._exit(code)
        os.close(sink)
        ends[child] = source
    os.close(ready)
    os.close(go)
    said: dict[int, tuple[int, str]] = {}
    for child, source in ends.items():
        with os.fdopen(source) as pipe:
            words = pipe.read()
        said[child] = (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), words)
    return said


class Races(Sweep):
    """A sweep whose cases are carried out by many processes."""

    def round(self, name: str, step: Step, processes: int) -> None:
        """Run one race and keep what was wrong."""
        case = self.case(name, step)
        if code := case.plan():
            raise SystemExit(f"planning ended with {code}: {case.why()}")
        said = race(case, processes)
        winners = [child for child, (code, _words) in said.items() if code == 0]
        case.say(len(winners) == 1, f"{len(winners)} processes executed: {said}")
        for child, (code, words) in said.items():
            if child in winners:
                continue
            named = any(f"process {winner}" in words for winner in winners)
            case.say((code == ExitCode.BUSY and named) or code == USED, f"process {child} ended with {code}: {words}")
            self.counts["said who holds the plan" if code == ExitCode.BUSY else "said that it was carried out"] += 1
        judge.after_a_kill(case)
        judge.the_end(case, 0)
        starts = [entry for entry in case.entries() if entry["op"] == "run.start"]
        case.say(len(starts) == 1, f"{len(starts)} runs were begun")
        judge.the_disk(case)
        self.counts["executed"] += len(winners)
        self.keep(case, f"{name} {step}")


def main() -> int:
    """Race and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="race-sweep-") as folder:
        races = Races(Path(folder), 600, 1)
        turns = [(name, step) for step in Step for name in sorted(races.stand.crms)]
        try:
            for number in range(chosen.rounds):
                races.round(*turns[number % len(turns)], chosen.processes)
        finally:
            races.close()
    counts: Counter[str] = races.counts
    counts["rounds"] = counts.pop("cases")
    result = {**counts, "violations": len(races.violations), "first": races.violations[:10]}
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if races.violations else 0


if __name__ == "__main__":
    sys.exit(main())
