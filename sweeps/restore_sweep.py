"""Kill a restore at every failpoint, do it again, and let the CRM's own records judge: back once, never twice.

python sweeps/restore_sweep.py [--heavy] [--rows 230] [--cases N] [--seed S] [--json]

Deletions are carried out on both CRMs, in both steps, and restored: out of the bin, or created again from the backup.
The process is killed (SIGKILL) at one failpoint of the restore; then the same command is given again.

--heavy: each contract has 230 notes or lines, some with a file, and is purged; the tenant fills in defaults, trims
texts, scales amounts and sets its own times, its queries lag 8 seconds behind, and the answer to the first insert is
lost.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "sweeps"), str(ROOT / "verifier")]

import crash_judge as judge  # noqa: E402
from crash_case import KILLED, Case, HastyClock, in_child  # noqa: E402
from crash_sweep import SPACING, Point, Sweep, warm_up  # noqa: E402

from crm_bridge import failpoints  # noqa: E402
from crm_bridge.domain.capabilities import Step  # noqa: E402
from crm_bridge.domain.planning.safety import SafetyPolicy  # noqa: E402
from crm_bridge.journal.checking.check import check_journal  # noqa: E402
from crm_bridge.sandbox.serve import Sandbox  # noqa: E402
from sweeps.heavy_contract import Load, belongings, load  # noqa: E402

BACK = frozenset({"restored", "present"})
LAG = 8.0
INSERT = {"zoho": r"/Contracts(\?|$)", "fxiaoke": r"/create(\?|$)"}
ODD: Mapping[str, tuple[tuple[str, Mapping[str, object]], ...]] = {
    "zoho": (
        ("switch", {"name": "trim_texts", "value": True}),
        ("rule", {"field": "Description", "default": "as agreed"}),
    ),
    "fxiaoke": (
        ("switch", {"name": "trims_texts", "value": True}),
        ("switch", {"name": "scales_amounts", "value": True}),
        ("switch", {"name": "own_create_time", "value": True}),
        ("rule", {"field": "remark__c", "default": "如约"}),
    ),
}
TITLE = {"zoho": "Name", "fxiaoke": "title__c"}


class Restores(Sweep):
    """A sweep whose cases are deletions that somebody regrets."""

    most_attempts = 1

    def deleted(self, name: str, step: Step) -> Case:
        """Prepare a case and carry its deletion out."""
        case = self.case(name, step)
        codes = [case.plan(), case.apply()]
        if codes[1]:
            # On a busy machine an answer may come too late; what is in doubt is settled as people settle it.
            codes[1] = case.resume()
        if any(codes):
            raise SystemExit(f"the deletion ended with {codes}: {case.why()}")
        return case

    def restore(self, case: Case, failpoint: str = "") -> int:
        """Restore everything in a process of its own; 97 when something is not back."""

        def work() -> int:
            with case.bridge(failpoint) as bridge:
                crm = bridge.connect(case.crm.name)
                # As against a real CRM: beside a stand-in nobody waits for queries that lag.
                policy = replace(crm.context.policy, copy_seconds=SafetyPolicy().copy_seconds)
                crm.__dict__["context"] = replace(crm.context, policy=policy)
                steps = crm.restore(last=True)
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
        self.counts["killed" if self.break_off(case, name, point) else "not reached"] += 1
        codes = [self.restore(case)]
        while codes[-1] and len(codes) < self.most_attempts:
            codes.append(self.restore(case))
        self.counts["restores"] += 1 + len(codes)
        case.say(codes[-1] == 0, f"the restores that were given again ended with {codes}: {case.why()}")
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
        self.judge(case, live)
        checked = check_journal(case.home / "journal").exit_code
        case.say(checked == 0, f"the journal: {checked}")
        judge.the_disk(case)
        self.keep(case, f"{name} {step} {point.setting}")

    def break_off(self, case: Case, name: str, point: Point) -> bool:  # noqa: ARG002 - other sweeps ask which CRM it is
        """Restore, and kill the process at a point; say whether it was reached."""
        return self.restore(case, point.setting) == KILLED

    def judge(self, case: Case, live: set[str]) -> None:
        """Look at what hangs on the contracts that are back: here the ledger has said enough."""


class HeavyRestores(Restores):
    """The same with contracts of more than a page of any list, in tenants that keep what they are given oddly."""

    most_attempts = 4

    def __init__(self, folder: Path, count: int, seed: int, rows: int) -> None:
        """Load every contract that begins a case."""
        self.load = Load(rows, min(rows, 3))
        self.was: dict[str, list[str]] = {}
        super().__init__(folder, count, seed, per_case=1)

    def prepare(self, running: Sandbox) -> None:
        """Load the contracts, and let the stand-ins tell what hangs on one."""
        for name, server in running.servers.items():
            emulator: Any = server.exchange.emulator
            for record_id in emulator.control("contracts", {})["ids"][::SPACING]:
                load(emulator, record_id, self.load)
                title = {"id": record_id, "field": TITLE[name], "value": f"blanks around {record_id}  "}
                emulator.control("edit", title)
            for command, arguments in ODD[name]:
                emulator.control(command, arguments)
            emulator.control = _telling(emulator)

    def case(self, name: str, step: Step) -> Case:
        """Prepare a case whose waits pass at the CRM as well; remember what hangs on its contract."""
        case = super().case(name, step)
        case.clock = lambda: HastyClock(partial(_let_pass, case))
        (only,) = case.ids
        self.was = {only: case.crm.control("belongings", id=only)["things"]}
        return case

    def deleted(self, name: str, step: Step) -> Case:
        """Carry the deletion out; from then on queries lag."""
        self._lag(name, 0.0)
        case = super().deleted(name, step)
        self._lag(name, LAG)
        return case

    def break_off(self, case: Case, name: str, point: Point) -> bool:
        """Kill a restore, in every second case one that follows an insert whose answer was lost."""
        if self.random.random() < 1 / 2:
            case.crm.faults([{"match": {"method": "POST", "pattern": INSERT[name]}, "kind": "drop_after"}])
            self.counts["inserts lost"] += self.restore(case) != 0
            case.crm.faults([])
        return super().break_off(case, name, point)

    def _lag(self, name: str, seconds: float) -> None:
        if name == "fxiaoke":
            self.stand.crms[name].control("switch", name="index_lag", value=seconds)

    def judge(self, case: Case, live: set[str]) -> None:
        """Compare what hangs on the contract now with what did: each thing once, but for what no row can be given."""
        for record_id in live:
            now = Counter(case.crm.control("belongings", id=record_id)["things"])
            was = Counter(one for things in self.was.values() for one in things)
            twice, lost = now - was, [one for one in was - now if not one.startswith("line scanned, file")]
            case.say(not twice, f"made twice: {sorted(twice)[:3]}")
            case.say(not lost, f"not back: {sorted(lost)[:3]}")


def _telling(emulator: Any) -> Callable[[str, Mapping[str, Any]], Any]:
    control = emulator.control

    def tell(command: str, arguments: Mapping[str, Any]) -> Any:
        if command == "belongings":
            return {"things": sorted(belongings(emulator, str(arguments["id"])).elements())}
        return control(command, arguments)

    return tell


def _let_pass(case: Case, seconds: float) -> None:
    if seconds:
        case.crm.control("advance", seconds=seconds)


def main() -> int:
    """Sweep and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heavy", action="store_true")
    parser.add_argument("--rows", type=int, default=230)
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory(prefix="restore-sweep-") as folder:
        sweep: Restores
        if chosen.heavy:
            sweep = HeavyRestores(Path(folder), 600, chosen.seed, chosen.rows)
        else:
            sweep = Restores(Path(folder), 1200, chosen.seed, per_case=2)
        steps = (Step.PURGE,) if chosen.heavy else tuple(Step)
        try:
            kinds = [(name, step) for name in sorted(sweep.stand.crms) for step in steps]
            every = [(name, step, point) for name, step in kinds for point in sweep.points(name, step)]
            sweep.counts["points"] = len(every)
            if chosen.cases is not None and chosen.cases < len(every):
                every = sweep.random.sample(every, chosen.cases)
            for number, (name, step, point) in enumerate(every, 1):
                sweep.run_one(name, step, point)
                if number % 10 == 0:
                    print(number, len(sweep.violations), "violations", file=sys.stderr, flush=True)
        finally:
            sweep.close()
    result = {**sweep.counts, "violations": len(sweep.violations), "first": sweep.violations[:10]}
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
