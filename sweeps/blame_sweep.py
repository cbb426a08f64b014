"""Delete contracts at a CRM whose clock is wrong and whose answers mislead; nobody may be blamed, all must come back.

python sweeps/blame_sweep.py [--json] [--only CRM]

Every case: a clock that is ahead or behind, and one trouble with the delete: the answer lost, a refusal after the
deed, an effect that comes late, reads that lag. Afterwards no word about a person may be false (our user deleted
everything), the audit must find every deletion in the journal, and a restore of the run must bring every contract back.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from crm_bridge.bridge import Bridge  # noqa: E402
from crm_bridge.clock import ManualClock  # noqa: E402
from crm_bridge.domain.planning.safety import LOOPBACK_POLICY  # noqa: E402
from crm_bridge.errors import CrmBridgeError  # noqa: E402
from crm_bridge.sandbox.faults import FaultRule, Match  # noqa: E402
from crm_bridge.sandbox.serve import SandboxOptions, sandbox  # noqa: E402

CRMS = ("zoho", "fxiaoke")
SKEWS = (-7200, -3600, -600, 0, 600, 3600, 7200)
"""Seconds that the CRM's clock is ahead."""
SECOND_LOOK = LOOPBACK_POLICY.second_look_seconds
LANDS_LATE = LOOPBACK_POLICY.settle_seconds + 3 * SECOND_LOOK
REMOVAL = {"zoho": r"/Contracts\?.*ids=", "fxiaoke": r"/data/invalid"}
LAG = {"zoho": "read_lag", "fxiaoke": "index_lag"}
PERSONS = frozenset({"deleted_by_somebody_else", "listed_under_somebody_else", "restored_by_somebody_else"})
CONTRACTS = 3


def refusal(crm: str, code: int) -> Mapping[str, Any]:
    """Return an answer that refuses a request which was carried out."""
    if crm == "fxiaoke":
        told = {401: (20016, "the access token is missing or expired"), 429: (30004, "too many calls")}[code]
        return {"act": True, "json": {"errorCode": told[0], "errorMessage": told[1], "errorDescription": told[1]}}
    name = {401: "INVALID_TOKEN", 429: "TOO_MANY_REQUESTS"}[code]
    told_at_zoho = {"code": name, "details": {}, "message": name.lower(), "status": "error"}
    return {"act": True, "status": code, "json": told_at_zoho}


TROUBLES = ("answer_lost", "refused_401", "refused_429", "lands_late", "all_land_late", "lag_1", "lag_2", "lag_10")


@dataclass
class Verdict:
    """What became of one case."""

    crm: str
    skew: int
    trouble: str
    outcomes: list[str] = field(default_factory=list)
    false_words: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    not_restored: int = 0
    by_this_run: int = 0

    @property
    def good(self) -> bool:
        """Return whether nobody was blamed and everything came back."""
        return not self.false_words and not self.not_restored and set(self.accounts) <= {"in_journal"}


def cases() -> Iterator[tuple[str, int, str]]:
    """Yield every case."""
    return itertools.product(CRMS, SKEWS, TROUBLES)


def judge(crm: str, skew: int, trouble: str, folder: Path) -> Verdict:
    """Carry one case out."""
    verdict, clock = Verdict(crm, skew, trouble), ManualClock()
    with sandbox(SandboxOptions(home=folder, count=6, only=(crm,)), clock=clock) as running:
        server = running.servers[crm]
        emulator = server.exchange.emulator

        def control(command: str, **arguments: object) -> Mapping[str, Any]:
            told = emulator.control(command, arguments)
            if "error" in told:
                raise RuntimeError(told["error"])
            return told

        control("skew", seconds=skew)
        ids = list(control("contracts")["ids"][:CONTRACTS])
        with Bridge.open(folder, clock=clock, environ={}) as bridge:
            connection = bridge.connect(f"{crm}-sandbox")
            plan = connection.plan(ids=ids)
            clock.advance(60)
            match = Match(pattern=REMOVAL[crm], count=1)
            if trouble.startswith("lag_"):
                control("switch", name=LAG[crm], value=SECOND_LOOK * int(trouble[4:]) * 1.05)
            elif trouble == "answer_lost":
                server.inject(FaultRule("drop_after", match))
            elif trouble == "lands_late":
                server.inject(FaultRule("late", match, {"seconds": LANDS_LATE}))
            elif trouble == "all_land_late":
                every = Match(pattern=REMOVAL[crm], count=None)
                server.inject(FaultRule("late", every, {"seconds": 4 * LANDS_LATE}))
            else:
                server.inject(FaultRule("answer", match, refusal(crm, int(trouble[-3:]))))
            run = connection.apply(plan, confirm=plan.digest)
            words = [item.reason for item in run]
            for _round in range(2):
                clock.advance(30)
                run = connection.resume(run.id) if not run.info.complete else connection.verify(run.id)
                words += [item.reason for item in run]
            verdict.outcomes = [f"{item.outcome}/{item.reason or ''}" for item in run]
            verdict.by_this_run = sum(item.outcome == "removed" and item.reason is None for item in run)
            verdict.false_words = sorted({str(word) for word in words if word in PERSONS})
            verdict.accounts = sorted(listed.origin.value for listed in connection.deletions())
            clock.advance(30)
            try:
                connection.restore(run.id)
            except CrmBridgeError as error:
                verdict.outcomes.append(f"restore: {error.reason}")
            verdict.not_restored = sum(control("record", id=one)["place"] != "live" for one in ids)
    return verdict


def main() -> int:
    """Carry every case out and tell those that are not good."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=CRMS)
    options = parser.parse_args()
    verdicts = []
    for crm, skew, trouble in cases():
        if options.only in (None, crm):
            with tempfile.TemporaryDirectory() as folder:
                verdicts.append(judge(crm, skew, trouble, Path(folder) / "home"))
    bad = [verdict for verdict in verdicts if not verdict.good]
    words = sum(len(verdict.false_words) for verdict in verdicts)
    lost = sum(verdict.not_restored for verdict in verdicts)
    if options.json:
        print(json.dumps([asdict(verdict) for verdict in verdicts]))
    for verdict in bad:
        print(verdict, file=sys.stderr)
    print(f"{len(verdicts)} cases: {words} false words about a person, {lost} contracts not restored", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
