"""The benchmark at its smallest: all drivers remove everything, and what does not depend on the machine holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "compare.py"
CONTRACTS = 20
DELETE_BATCHES = 2
"""The canary, and the rest."""


def test_calls_commits_syncs_and_passes_of_the_smallest_comparison(tmp_path: Path) -> None:
    chart = tmp_path / "chart.svg"
    program = [sys.executable, str(PROGRAM), "--contracts", str(CONTRACTS), "--latency-ms", "0", "--rounds", "1"]
    done = subprocess.run(
        [*program, "--json", "--chart", str(chart)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {name: figures["removed"] for name, figures in rows.items()} == dict.fromkeys(
        ("ours", "naive", "batch", "sdk"), CONTRACTS
    )
    assert rows["naive"]["calls"] == 2 + 3 * CONTRACTS
    ours = rows["ours"]
    assert ours["calls"] <= 17
    assert ours["plan reads"] <= 2  # the file once, and once the copy that a resume would use
    assert ours["plan passes"] <= 4  # leases, backup, delete, verify
    assert ours["folds"] <= 3  # where contracts stand; what the receipt says when it is sealed, and when it is issued
    assert ours["commits"] <= 2 * DELETE_BATCHES + 7
    assert ours["syncs"] <= 22
    assert chart.read_text("utf-8").count("<rect") == len(rows)
