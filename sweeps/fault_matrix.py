"""Run the whole fault matrix over real sockets and print what came of it.

python sweeps/fault_matrix.py [--adapter NAME] [--fault NAME] [--verb NAME] [--processes 2] [--once|--lasting]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from tests.faults.kinds import BY_NAME, FAULTS  # noqa: E402
from tests.faults.matrix import Call, Result, calls_of, run_case  # noqa: E402
from tests.faults.rig import Rig  # noqa: E402
from tests.faults.table import verdict  # noqa: E402

Case = tuple[Call, str, bool]
_rigs: dict[str, Rig] = {}


def _run(case: Case) -> Result:
    call, fault, lasting = case
    if call.adapter not in _rigs:
        _rigs[call.adapter] = Rig(call.adapter)
        list(calls_of(_rigs[call.adapter]))  # learns what a whole backup is
    return run_case(_rigs[call.adapter], call, BY_NAME[fault], lasting=lasting)


def _cases(chosen: argparse.Namespace) -> Iterator[Case]:
    for adapter in chosen.adapter or ("fxiaoke", "zoho"):
        rig = Rig(adapter)
        calls = list(calls_of(rig))
        rig.close()
        print(f"{adapter}: {len(calls)} calls", file=sys.stderr)
        for call in calls:
            for fault in FAULTS:
                for lasting in (False, True):
                    if chosen.fault and fault.name not in chosen.fault:
                        continue
                    if (chosen.verb and chosen.verb not in call.verb) or chosen.only not in (None, lasting):
                        continue
                    yield call, fault.name, lasting


def main() -> int:
    """Run the chosen cases; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapter", action="append")
    parser.add_argument("--fault", action="append")
    parser.add_argument("--verb")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--once", dest="only", action="store_const", const=False, default=None)
    parser.add_argument("--lasting", dest="only", action="store_const", const=True)
    parser.add_argument("--show", action="store_true", help="print every case")
    chosen = parser.parse_args()
    cases, begun = list(_cases(chosen)), time.monotonic()
    with get_context("spawn").Pool(chosen.processes) as pool:
        results = []
        for result in _told(pool.imap_unordered(_run, cases, chunksize=8), len(cases)):
            results.append(result)
            if chosen.show or result.wrong or verdict(result):
                _print(result)
    broken = [one for one in results if one.wrong or verdict(one)]
    met = sum(one.met for one in results)
    codes = Counter(tuple(one.codes) for one in results if one.met)
    print(f"{len(results)} cases, {met} met their fault, {len(broken)} broke a rule, {time.monotonic() - begun:.0f} s")
    print("exit codes of plan, apply, restore: " + ", ".join(f"{code}: {n}" for code, n in codes.most_common()))
    return 1 if broken else 0


def _told(results: Iterator[Result], total: int) -> Iterator[Result]:
    for number, result in enumerate(results, start=1):
        if number % 200 == 0:
            print(f"{number} of {total}", file=sys.stderr)
        yield result


def _print(one: Result) -> None:
    mark = "" if one.met else " (not met)"
    lasting = "lasting" if one.lasting else "once"
    print(f"{one.call.column:9} {one.call} | {one.fault} {lasting}{mark} | {one.codes} then {one.after} {one.reasons}")
    for text in [*one.wrong, *verdict(one)]:
        print(f"    !! {text}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
