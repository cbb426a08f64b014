"""Lose the answer to every removal of a deletion, in every way, and let the CRM's own ledger judge.

python sweeps/lost_answers.py [--side-by-side] [--json]

On both CRMs, in both steps: at each removal in turn the answer is lost after the CRM acted, before it acted, or cut in
the middle. Counts blind resends (removals sent for what was gone), contracts that were called removed and were there,
and contracts that were gone (or deletable) and were not called removed in the end.
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
from crash_case import USED, Case  # noqa: E402
from crash_stand import destructive, in_vain  # noqa: E402
from crash_sweep import Sweep, warm_up  # noqa: E402

from crm_bridge.domain.capabilities import Step  # noqa: E402

REMOVALS = {"zoho": ("DELETE", r"/Contracts\?.*ids=|/recycle_bin"), "fxiaoke": ("POST", r"/data/(invalid|delete)")}
ACTED = ("drop_after", "eof", "cut", "wrong_length", "empty", "malformed", "html", "content_type", "server_error")
NOT_ACTED = ("drop_before", "reset_before_reading", "server_error", "too_many", "unauthorized", "maintenance")
COUNTED = ("cases", "answers lost", "removals sent", "blind resends", "falsely called removed", "falsely called failed")
DENIED = frozenset(
    {"held", "outcome.held", "outcome.refused", "outcome.not_done"}
    | {f"reconcile.{word}" for word in ("not_done", "not_ours", "unattributed", "changed")}
)
"""Last words that say that a contract was not removed by us."""
CONTRACTS = {"zoho": 6, "fxiaoke": 3}
"""So many that each step has several removals: one CRM takes batches behind the first five, the other single ids."""


class Losses(Sweep):
    """A sweep whose cases lose answers instead of processes."""

    def lose(self, name: str, step: Step, kind: str, nth: int, *, acts: bool) -> bool:
        """Lose the `nth` answer in one case; say whether there were so many removals."""
        self.per_case = CONTRACTS[name]
        case = self.case(name, step)
        if code := case.plan():
            raise SystemExit(f"planning ended with {code}: {case.why()}")
        method, pattern = REMOVALS[name]
        match = {"method": method, "pattern": pattern, "nth": nth}
        case.crm.faults([{"kind": kind, "match": match, "arguments": {"act": acts}}])
        code = case.apply()
        met = len(case.crm.met()) > self.counts[f"_met {name}"]
        case.crm.faults([])
        self.judge_claims(case)
        # A run that the fault ended is taken up again; one that was carried out is reported.
        code = case.apply()
        judge.the_end(case, case.resume() if code == USED else code)
        judge.a_second_resume(case)
        self.counts["removals sent"] += len(destructive(case.crm.ledger(case.since)))
        self.counts["blind resends"] += len(in_vain(case.crm.ledger(case.since)))
        if met:
            self.counts[f"_met {name}"] += 1
            self.counts["answers lost"] += 1
        self.keep(case, f"{name} {step} {kind} acts={acts} nth={nth}")
        return met

    def judge_claims(self, case: Case) -> None:
        """Compare what is said after the fault, before anybody takes the run up, with where the contracts are."""
        words = {e["id"]: str(e["body"].get("event")) for e in case.entries() if e["id"] in case.ids}
        final = "gone" if case.step is Step.PURGE else "bin"
        for record_id, word in words.items():
            claimed = word == "verify.absent"
            place = case.crm.control("record", id=record_id)["place"]
            wrong = claimed and place not in ("bin", "gone")
            self.counts["falsely called removed"] += wrong
            failed = word in DENIED and place == final
            self.counts["falsely called failed"] += failed
            case.say(not wrong, f"{record_id} is called removed, its place is {place}")
            case.say(not failed, f"{record_id} is gone, and {word} is said of it")


def main() -> int:
    """Lose answers and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side-by-side", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warm_up()
    ways = [(kind, True) for kind in ACTED] + [(kind, False) for kind in NOT_ACTED]
    with tempfile.TemporaryDirectory(prefix="lost-answers-") as folder:
        sweep = Losses(Path(folder), 1200, 1, side_by_side=chosen.side_by_side)
        try:
            for name in sorted(REMOVALS):
                for step in Step:
                    for kind, acts in ways:
                        nth = 1
                        while sweep.lose(name, step, kind, nth, acts=acts):
                            nth += 1
        finally:
            sweep.close()
    counts = Counter({key: value for key, value in sweep.counts.items() if not key.startswith("_")})
    wanted = (
        "cases",
        "answers lost",
        "removals sent",
        "blind resends",
        "falsely called removed",
        "falsely called failed",
    )
    result = {key: counts[key] for key in wanted} | {
        "violations": len(sweep.violations),
        "first": sweep.violations[:10],
    }
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
