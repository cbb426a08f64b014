"""Random records of every field type: backup, delete, restore, compare. The whole sweep is scripts/round_trips.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.dressing import HOSTILE, Dressing
from scripts.round_trips import round_trips


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_whatever_a_record_holds_comes_back_as_the_forecast_said(adapter: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = round_trips(adapter, 12, Dressing(seed % 1000), Path(folder) / "home")
    assert found.good, found


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_large_files_come_back_byte_for_byte(adapter: str, tmp_path: Path) -> None:
    found = round_trips(adapter, 6, Dressing(5, 3 << 20, 2), tmp_path / "home")
    assert found.good, found
    assert found.files == found.files_equal > 6


def test_the_hostile_names_try_every_trick() -> None:
    assert len(HOSTILE) >= 25
    assert any("/" in name for name in HOSTILE)
