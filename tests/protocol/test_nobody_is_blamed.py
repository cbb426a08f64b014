"""Wrong clocks and misleading answers: nobody is blamed, and what our user deleted comes back. A few of the sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.blame_sweep import CRMS, judge

SAMPLE = [
    ("answer_lost", -3600),
    ("refused_401", 7200),
    ("refused_429", -7200),
    ("all_land_late", 3600),
    ("lag_10", -3600),
]


@pytest.mark.parametrize(("trouble", "skew"), SAMPLE)
@pytest.mark.parametrize("crm", CRMS)
def test_nobody_is_blamed_and_everything_comes_back(tmp_path: Path, crm: str, trouble: str, skew: int) -> None:
    verdict = judge(crm, skew, trouble, tmp_path / "home")
    assert verdict.good, verdict
