#!/usr/bin/env python3
"""Tamper with journals in every way we know, and count what both verifiers say.

    python sweeps/tamper_sweep.py [--every N] [--untouched N] [--odd N] [--file-flips N] [--table]

Flips one bit in every byte of a 100-entry export and of its receipt, applies every structural attack at every line,
restores old copies, rewrites histories, damages the SQLite file itself, and checks untouched journals for false
alarms. Both verifiers must agree on every case, in the exit code and in the kinds of findings. Prints counts; the
exit code is 1 when one was missed, when an untouched journal raised an alarm, or when the verifiers disagreed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.journal.file_attacks import damaged_files  # noqa: E402
from tests.journal.forgery import forgeries  # noqa: E402
from tests.journal.history_attacks import envelope_flips, history_attacks, receipt_flips  # noqa: E402
from tests.journal.lab import Case, make_corpus  # noqa: E402
from tests.journal.line_attacks import flips, line_attacks  # noqa: E402
from tests.journal.odd_values import odd_cases  # noqa: E402
from tests.journal.untouched import untouched_cases  # noqa: E402
from tests.journal.verdicts import Tally, judge_all  # noqa: E402


def report(title: str, tally: Tally, *, table: bool) -> int:
    """Print the counts of one round; return how many cases were wrong."""
    print(f"{title}: {tally.cases} cases, {len(tally.wrong)} wrong, {len(tally.split)} disagreements", flush=True)
    for line in [*tally.wrong, *tally.split][:20]:
        print(f"  {line}")
    if table:
        for kind, codes in sorted(tally.kinds.items()):
            print(f"  | {kind} | {tally.counts[kind]} | {', '.join(map(str, sorted(codes)))} |")
    return len(tally.wrong) + len(tally.split)


def main() -> int:
    """Run everything and print counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="flip every n-th byte only")
    parser.add_argument("--untouched", type=int, default=1000, metavar="N", help="number of untouched journals")
    parser.add_argument("--odd", type=int, default=20_000, metavar="N", help="journals and receipts with odd values")
    parser.add_argument("--file-flips", type=int, default=3000, metavar="N", help="damaged bytes in the SQLite file")
    parser.add_argument("--table", action="store_true", help="print the exit codes of every kind of attack")
    chosen = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = make_corpus(folder)
        luck = random.Random(1)
        rounds: dict[str, Iterable[Case]] = {
            "attacks on lines": line_attacks(corpus),
            "journals forged entry by entry": forgeries(),
            "odd values, properly signed": odd_cases(luck, chosen.odd),
            "attacks on histories and evidence": history_attacks(corpus, folder),
            "bits of the receipt's content": receipt_flips(corpus, luck, every=chosen.every),
            "bits of the receipt's file": envelope_flips(corpus, luck, every=chosen.every),
            "untouched journals": untouched_cases(folder, chosen.untouched),
            "bits of the export": flips(corpus, luck, every=chosen.every),
        }
        for title, cases in rounds.items():
            bad += report(title, judge_all(cases, folder), table=chosen.table)
        caught, harmless, missed = damaged_files(corpus, folder, luck, chosen.file_flips)
        total = caught + harmless + len(missed)
        print(
            f"bytes of the SQLite file: {total} cases, {caught} caught, {harmless} without effect, {len(missed)} wrong"
        )
        for line in missed[:20]:
            print(f"  {line}")
    return 1 if bad or missed else 0


if __name__ == "__main__":
    sys.exit(main())
