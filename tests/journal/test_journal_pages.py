"""The reference pages say what the code does: every op, every kind of attack, every exit code."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import pytest

from crm_bridge.domain.lifecycle import EventKind
from crm_bridge.journal.format.entry import ENTRY_KEYS
from crm_bridge.pipeline.entries import PLAN_MADE, RESTORE_START, RUN_END, RUN_START, op_of
from tests.journal.forgery import forgeries
from tests.journal.history_attacks import envelope_flips, history_attacks, receipt_flips
from tests.journal.lab import make_corpus
from tests.journal.line_attacks import flips, line_attacks

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
FORMAT = (REFERENCE / "journal-format.md").read_text(encoding="utf-8")
DETECTION = (REFERENCE / "journal-detection.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "op", sorted({op_of(event) for event in EventKind} | {PLAN_MADE, RUN_START, RUN_END, RESTORE_START})
)
def test_every_op_is_explained(op: str) -> None:
    assert f"`{op}`" in FORMAT


@pytest.mark.parametrize("key", sorted(ENTRY_KEYS))
def test_every_key_of_an_entry_is_explained(key: str) -> None:
    assert f"`{key}`" in FORMAT


def test_every_attack_of_the_sweep_stands_in_the_matrix_with_its_exit_codes(tmp_path: Path) -> None:
    rows = re.findall(r"^\| ([^|]+?) \| ([0-9, ]+) \|$", DETECTION, re.MULTILINE)
    published = {kind: {int(code) for code in codes.split(",")} for kind, codes in rows}
    corpus = make_corpus(tmp_path)
    luck = random.Random(1)
    swept: dict[str, set[int]] = {}
    for case in itertools.chain(forgeries(), line_attacks(corpus), history_attacks(corpus, tmp_path)):
        swept.setdefault(case.kind, set()).update(case.codes)
    for flip in (flips, receipt_flips, envelope_flips):
        # A sample: it need not meet every code.
        for case in flip(corpus, luck, every=200):
            assert published[case.kind] >= set(case.codes)
            swept[case.kind] = published[case.kind]
    assert published == swept
