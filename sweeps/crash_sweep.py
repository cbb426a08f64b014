"""Kill a deletion at every failpoint, take it up again, and let the CRM's own ledger judge.

python sweeps/crash_sweep.py [--cases N] [--seed S] [--side-by-side] [--json]

Every case kills a real process (SIGKILL) at one failpoint of planning or carrying out a deletion with attachments, on
one of the CRMs, in one of the steps; half of them are killed a second time during the resume. Without --cases every
failpoint of every journey is swept, each as often as it is passed; with it every name comes
once before any comes twice. With --side-by-side a call to Zoho takes one contract, so that those of a case go at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import pkgutil
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "sweeps"), str(ROOT / "verifier")]

import crash_judge as judge  # noqa: E402
from crash_case import KILLED, USED, Case  # noqa: E402
from crash_stand import Stand  # noqa: E402

from crm_bridge.domain.capabilities import Step  # noqa: E402
from crm_bridge.sandbox.records import RICH  # noqa: E402
from crm_bridge.sandbox.serve import Sandbox  # noqa: E402

PER_CASE = 3
SPACING = 6
"""Every sixth of the sandbox's first contracts has an attachment; a case takes one of those and its two neighbours."""


@dataclass(frozen=True, order=True)
class Point:
    """A failpoint, at which passing it kills, and whether that is while planning or while carrying out."""

    planning: bool
    name: str
    count: int

    @property
    def setting(self) -> str:
        """Return the value of CRM_BRIDGE_FAILPOINT."""
        return f"{self.name}:{self.count}:kill"


class Sweep:
    """A served sandbox and the cases that were run against it; served anew when its contracts are used up."""

    def __init__(
        self, folder: Path, count: int, seed: int, per_case: int = PER_CASE, *, side_by_side: bool = False
    ) -> None:
        """Serve `count` contracts per CRM. `side_by_side`: a call takes one of them, and several go at once."""
        self.folder, self.count, self.per_case, self.side_by_side = folder, count, per_case, side_by_side
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []
        self._cases, self._stands = 0, 0
        self._serve()

    def _serve(self) -> None:
        self._stands += 1
        self.stand = Stand(self.folder / f"stand-{self._stands}", self.count, self.prepare)
        self._next = dict.fromkeys(self.stand.crms, 0)
        if self.side_by_side:
            config = self.stand.home / "config.toml"
            one_each = config.read_text("utf-8").replace('adapter = "zoho"', 'adapter = "zoho"\ndelete_batch = 1')
            config.write_text(one_each, "utf-8")

    def prepare(self, running: Sandbox) -> None:
        """Change the stand-ins before anybody signs in: here, nothing."""

    def case(self, name: str, step: Step) -> Case:
        """Prepare a case on contracts that no case used before."""
        if self._next[name] + SPACING > self.count:
            self.stand.close()
            self._serve()
        start = self._next[name]
        self._next[name] += SPACING
        self._cases += 1
        crm = self.stand.crms[name]
        ids = list(crm.seeds)[start : start + self.per_case]
        case = Case(crm, step, ids, self.folder / f"case-{self._cases}", self.stand.secrets)
        case.prepare(self.stand.home)
        return case

    def points(self, name: str, step: Step) -> list[Point]:
        """Return every failpoint that a whole journey passes, with which time it is passed."""
        found = []
        for planning, passed in zip((True, False), self.case(name, step).passed(), strict=True):
            seen: Counter[str] = Counter()
            for point in passed:
                seen[point] += 1
                found.append(Point(planning, point, seen[point]))
        return found

    def run(self, name: str, step: Step, point: Point, second: Point | None) -> None:
        """Run one case and keep what was wrong."""
        case = self.case(name, step)
        killed = point.planning and case.plan(point.setting) == KILLED
        code = case.plan()
        case.say(code == 0, f"planning ended with {code}: {case.why()}")
        if not point.planning:
            killed = case.apply(point.setting) == KILLED
        self.counts["killed" if killed else "not reached"] += 1
        judge.after_a_kill(case)
        if second:
            self.counts["killed again"] += case.apply(second.setting) == KILLED
            judge.after_a_kill(case)
        # Killed between the end of the run and the receipt: the plan is used, and `resume` reports.
        code = case.apply()
        judge.the_end(case, case.resume() if code == USED else code)
        judge.a_second_resume(case)
        judge.backups(case)
        judge.the_disk(case)
        if self.counts["cases"] % 3 == 0:
            judge.the_papers(case)
        self.keep(case, f"{name} {step} {point} {second}")

    def keep(self, case: Case, what: str) -> None:
        """Count a case that was judged, and remember what was wrong with it."""
        self.counts["cases"] += 1
        found = [f"{what}: {one}" for one in case.violations]
        self.violations += found
        print(*found, sep="\n", end="\n" if found else "", file=sys.stderr, flush=True)
        for path in self.folder.glob(f"{case.home.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self) -> None:
        """Stop serving."""
        self.stand.close()


def warm_up() -> None:
    """Import everything once, so that no forked process has to."""
    for package in ("crm_bridge", "crm_bridge_zoho", "crm_bridge_fxiaoke"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if ".testing" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    gc.freeze()  # what every process shares is not copied by a collection


def plan_cases(sweep: Sweep, wanted: int | None) -> Iterator[tuple[str, Step, Point, Point | None]]:
    """Yield the cases: every failpoint of every journey, or as many as wanted, rare ones first."""
    every = []
    for name in sorted(sweep.stand.crms):
        for step in Step:
            points = sweep.points(name, step)
            sweep.counts["failpoints"] = max(sweep.counts["failpoints"], len({point.name for point in points}))
            again = [point for point in points if not point.planning and point.count <= 2]
            every += [(name, step, point, None) for point in points]
            every += [(name, step, point, sweep.random.choice(again)) for point in points]
    if wanted is not None and wanted < len(every):
        sweep.random.shuffle(every)
        times: Counter[tuple[bool, str]] = Counter()
        turns = []
        for case in every:
            turns.append(times[case[2].planning, case[2].name])
            times[case[2].planning, case[2].name] += 1
        every = [case for _turn, case in sorted(zip(turns, every, strict=True), key=lambda pair: pair[0])][:wanted]
    yield from every


def main() -> int:
    """Sweep and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=RICH, help="contracts per CRM in the sandbox")
    parser.add_argument("--side-by-side", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="crash-sweep-") as folder:
        sweep = Sweep(Path(folder), chosen.count, chosen.seed, side_by_side=chosen.side_by_side)
        try:
            for number, case in enumerate(plan_cases(sweep, chosen.cases), 1):
                sweep.run(*case)
                if number % 50 == 0:
                    print(number, len(sweep.violations), "violations", file=sys.stderr, flush=True)
        finally:
            sweep.close()
    result = {**sweep.counts, "violations": len(sweep.violations), "first": sweep.violations[:10]}
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
