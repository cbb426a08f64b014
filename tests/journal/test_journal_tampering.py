"""A slice of the tamper sweep: both verifiers find what the matrix says, agree, and leave untouched journals alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "tamper_sweep.py"


@pytest.fixture(scope="module")
def report() -> dict[str, tuple[int, int, int]]:
    """Run the sweep with every 211th byte flipped; return (cases, wrong, disagreements) by kind."""
    command = [sys.executable, str(SCRIPT), "--flips", "211", "--untouched", "40"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    found = re.findall(r"^([\w ]+): (\d+) cases, (\d+) wrong, (\d+) disagreements", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: (int(cases), int(wrong), int(split)) for name, cases, wrong, split in found}


def test_every_structural_attack_is_found_as_the_matrix_says(report: dict[str, tuple[int, int, int]]) -> None:
    cases, wrong, disagreements = report["structural cases"]
    assert (wrong, disagreements) == (0, 0)
    assert cases >= 60


def test_a_flipped_bit_is_found_in_every_byte(report: dict[str, tuple[int, int, int]]) -> None:
    cases, wrong, disagreements = report["bit flips"]
    assert (wrong, disagreements) == (0, 0)
    assert cases >= 300


def test_untouched_journals_raise_no_alarm(report: dict[str, tuple[int, int, int]]) -> None:
    assert report["untouched journals"] == (40, 0, 0)
