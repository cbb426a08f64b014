"""Run every verb of both adapters against answers with one structural change each, and count.

python sweeps/fuzz_answers.py [--answers 20000] [--adapter NAME] [--verb NAME] [--seed N]
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from tests.faults.fuzzing import CHANGES, VERBS, Change, Field  # noqa: E402


def run(adapter: str, answers: int, verbs: tuple[str, ...], number: int) -> tuple[int, Counter[str]]:
    """Run until so many answers were changed; returns how many, and what went wrong how often."""
    wrong: Counter[str] = Counter()
    with ExitStack() as stack:
        field = Field(adapter, stack)
        rounds = 0
        while field.spoiled < answers:
            rounds += 1
            before = field.spoiled

            @seed(number * 1000 + rounds)
            @settings(
                max_examples=500,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(verb=st.sampled_from(verbs), change=CHANGES)
            def one(verb: str, change: Change) -> None:
                try:
                    field.run(verb, change)
                except Exception as error:  # noqa: BLE001 - whatever comes out is the finding
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    key = (
                        f"{verb}: {type(error).__name__}: {str(error)[:90]} ({Path(last.filename).name}:{last.lineno})"
                    )
                    if key not in wrong:
                        print(f"{adapter} {verb} {change}: {key}", flush=True)
                    wrong[key] += 1

            one()
            if field.spoiled == before:
                break
    return field.spoiled, wrong


def main() -> int:
    """Run the chosen adapters; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--adapter", action="append")
    parser.add_argument("--verb", action="append")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    adapters = chosen.adapter or ["fxiaoke", "zoho"]
    total, failed = 0, 0
    for adapter in adapters:
        begun = time.monotonic()
        count, wrong = run(adapter, chosen.answers // len(adapters), tuple(chosen.verb or VERBS), chosen.seed)
        total, failed = total + count, failed + sum(wrong.values())
        print(f"{adapter}: {count} changed answers, {sum(wrong.values())} wrong, {time.monotonic() - begun:.0f} s")
        for key, often in wrong.most_common():
            print(f"  {often:5} x {key}")
    print(f"{total} changed answers, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
