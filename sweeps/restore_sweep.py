"""Kill a restore at every failpoint, do it again, and let the CRM's own records judge: back once, never twice.

python sweeps/restore_sweep.py [--cases N] [--seed S] [--json]

Deletions are carried out on both CRMs, in both steps, and restored: out of the bin, or created again from the backup.
The process is killed (SIGKILL) at one failpoint of the restore; then the same command is given again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "sweeps"), str(ROOT / "verifier")]

import crash_judge as judge  # noqa: E402
from crash_case import KILLED, Case, in_child  # noqa: E402
from crash_sweep import Point, Sweep, warm_up  # noqa: E402

from crm_bridge import failpoints  # noqa: E402
from crm_bridge.domain.capabilities import Step  # noqa: E402
from crm_bridge.journal.checking.check import check_journal  # noqa: E402

BACK = frozenset({"restored", "present"})


class Restores(Sweep):
    """A sweep whose cases are deletions that somebody regrets."""

    def deleted(self, name: str, step: Step) -> Case:
        """Prepare a case and carry its deletion out."""
        case = self.case(name, step)
        codes = [case.plan(), case.apply()]
        if any(codes):
            raise SystemExit(f"the deletion ended with {codes}: {case.why()}")
        return case

    def restore(self, case: Case, failpoint: str = "") -> int:
        """Restore everything in a process of its own; 97 when something is not back."""

        def work() -> int:
            with case.bridge(failpoint) as bridge:
                steps = bridge.connect(case.crm.name).restore(last=True)
                case.said.write_text(str([(one.ref.id, one.result, one.reason) for one in steps]))
                return 0 if all(one.result in BACK for one in steps) else 97

        return in_child(work, case.said)

    def points(self, name: str, step: Step) -> list[Point]:
        """Return every failpoint that a restore passes."""
        case = self.deleted(name, step)
        log, hit = case.home.with_name("passed"), failpoints.hit
        log.unlink(missing_ok=True)
        failpoints.hit = lambda point: print(point, file=log.open("a"), flush=True)
        try:
            code = self.restore(case)
        finally:
            failpoints.hit = hit
        if code:
            raise SystemExit(f"the recorded restore ended with {code}: {case.why()}")
        seen: Counter[str] = Counter()
        found = []
        for point in log.read_text().split():
            seen[point] += 1
            found.append(Point(False, point, seen[point]))
        return found

    def run_one(self, name: str, step: Step, point: Point) -> None:
        """Kill one restore, give the command again, judge."""
        case = self.deleted(name, step)
        before = set(case.crm.control("contracts")["ids"])
        since = case.crm.now()
        self.counts["killed" if self.restore(case, point.setting) == KILLED else "not reached"] += 1
        code = self.restore(case)
        case.say(code == 0, f"the restore that was given again ended with {code}: {case.why()}")
        live = set(case.crm.control("contracts")["ids"]) - before
        case.say(len(live) == len(case.ids), f"{len(live)} contracts are back, {len(case.ids)} were deleted")
        if step is Step.TRASH:
            case.say(live == set(case.ids), "other contracts are back than were deleted")
        made = Counter(
            effect["kind"]
            for line in case.crm.ledger(since)
            for effect in line["effects"]
            if effect["id"] in live and effect["kind"] in ("created", "restored")
        )
        case.say(sum(made.values()) == len(case.ids), f"the ledger says: {dict(made)}")
        checked = check_journal(case.home / "journal").exit_code
        case.say(checked == 0, f"the journal: {checked}")
        judge.the_disk(case)
        self.keep(case, f"{name} {step} {point.setting}")


def main() -> int:
    """Sweep and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="restore-sweep-") as folder:
        sweep = Restores(Path(folder), 1200, chosen.seed, per_case=2)
        try:
            kinds = [(name, step) for name in sorted(sweep.stand.crms) for step in Step]
            every = [(name, step, point) for name, step in kinds for point in sweep.points(name, step)]
            if chosen.cases is not None and chosen.cases < len(every):
                every = sweep.random.sample(every, chosen.cases)
            for name, step, point in every:
                sweep.run_one(name, step, point)
        finally:
            sweep.close()
    result = {**sweep.counts, "violations": len(sweep.violations), "first": sweep.violations[:10]}
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
