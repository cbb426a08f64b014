"""Kill a deletion at every failpoint, take it up again, and let the CRM's own ledger judge.

python scripts/crash_sweep.py [--cases N] [--seed S] [--json]

Every case kills a real process (SIGKILL) at one failpoint of a plan with attachments; half of them are killed a second
time during the resume. Without --cases every failpoint of every journey is swept, each as often as it is passed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "scripts"), str(ROOT / "verifier")]

from crash_case import KILLED, Case, Crm, flush  # noqa: E402

from crm_bridge.domain.capabilities import Step  # noqa: E402

PER_CASE = 3
SPACING = 6
"""Every sixth contract of the sandbox has an attachment; each case takes one of those and its two neighbours."""
Point = tuple[str, int]


class Sweep:
    """A served sandbox and the cases that were run against it."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        """Serve `count` contracts per CRM in a process of its own."""
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.random = random.Random(seed)
        self.home = folder / "home"
        command = [sys.executable, "-m", "crm_bridge.cli.main", "sandbox", "serve", "--write-home", str(self.home)]
        self.server = subprocess.Popen(
            [*command, "--count", str(count)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.server.stdout is not None
        ready = json.loads(self.server.stdout.readline())
        self.crms = {name: Crm(f"{name}-sandbox", block["base_url"]) for name, block in ready.items()}
        self.crms["zoho"].control("switch", name="token_throttle", value=False)
        self.crms["fxiaoke"].control("switch", name="token_calls_per_minute", value=0)
        self.crms["fxiaoke"].control("switch", name="calls_per_window", value=0)
        self.contracts = {name: self._contracts(crm) for name, crm in self.crms.items()}
        self._next = dict.fromkeys(self.crms, 0)
        self._cases = 0
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []

    @staticmethod
    def _contracts(crm: Crm) -> list[str]:
        return list(crm.control("contracts")["ids"])

    def case(self, name: str, step: Step) -> Case:
        """Prepare a case on contracts that no case used before."""
        start = self._next[name]
        self._next[name] += SPACING
        self._cases += 1
        ids = self.contracts[name][start : start + PER_CASE]
        case = Case.prepare(self.crms[name], step, ids, self.home, self.folder / f"case-{self._cases}")
        case.all_contracts = frozenset(self.contracts[name])
        return case

    def has_room(self) -> bool:
        """Say whether there are contracts for one more case of each CRM."""
        return all(self._next[name] + SPACING <= len(self.contracts[name]) for name in self.crms)

    def points(self, name: str, step: Step) -> list[Point]:
        """Return every failpoint that a whole journey passes, with which time it is passed."""
        seen: Counter[str] = Counter()
        found = []
        for point in self.case(name, step).passed():
            seen[point] += 1
            found.append((point, seen[point]))
        return found

    def run(self, name: str, step: Step, point: Point, second: Point | None) -> None:
        """Run one case and keep what was wrong."""
        case = self.case(name, step)
        killed = case.apply(f"{point[0]}:{point[1]}:kill") == KILLED
        self.counts["killed" if killed else "not reached"] += 1
        case.judge_after_kill()
        if second:
            again = case.apply(f"{second[0]}:{second[1]}:kill") == KILLED
            self.counts["killed again"] += again
            case.judge_after_kill()
        # Killed between the end of the run and the receipt: the plan is used, and `resume` reports.
        code = case.apply()
        case.judge_end(case.resume() if code == 5 else code)
        case.judge_second_resume()
        if self.counts["cases"] % 3 == 0:
            case.judge_papers()
        self.counts["cases"] += 1
        self.violations += [f"{name} {step} {point} {second}: {what}" for what in case.violations]

    def close(self) -> None:
        """Stop serving."""
        self.server.terminate()
        self.server.wait()


def warm_up() -> None:
    """Import everything once, so that no forked process has to."""
    for package in ("crm_bridge", "crm_bridge_zoho", "crm_bridge_fxiaoke"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if ".testing" not in module.name:
                importlib.import_module(module.name)
    importlib.import_module("verify_journal")


def plan_cases(sweep: Sweep, wanted: int | None) -> Iterator[tuple[str, Step, Point, Point | None]]:
    """Yield the cases: every failpoint of every journey, or as many as wanted, spread evenly."""
    every = []
    for name in sorted(sweep.crms):
        for step in Step:
            points = sweep.points(name, step)
            every += [(name, step, point, None) for point in points]
            every += [(name, step, point, sweep.random.choice(points)) for point in points]
    if wanted is not None and wanted < len(every):
        every = sweep.random.sample(every, wanted)
    yield from every


def main() -> int:
    """Sweep and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=4000, help="contracts per CRM in the sandbox")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="crash-sweep-") as folder:
        sweep = Sweep(Path(folder), chosen.count, chosen.seed)
        try:
            for number, case in enumerate(plan_cases(sweep, chosen.cases), 1):
                sweep.run(*case)
                if number % 50 == 0 and not chosen.json:
                    print(number, dict(sweep.counts), len(sweep.violations), "violations")
                flush()
        finally:
            sweep.close()
    result = {**sweep.counts, "violations": len(sweep.violations), "first": sweep.violations[:10]}
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
