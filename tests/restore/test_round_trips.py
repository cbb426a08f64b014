"""Random records of every field type: backup, delete, restore, compare. The whole sweep is sweeps/round_trips.py."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.dressing import CANARY, HOSTILE, Dressing
from sweeps.round_trips import places_with, round_trips, traces


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


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


@pytest.mark.parametrize("written", [str, json.dumps, lambda text: text.encode().hex(), _base64, "x{}".format])
def test_the_search_for_the_canary_finds_it_however_it_was_written(
    tmp_path: Path, written: Callable[[str], str]
) -> None:
    (tmp_path / "file").write_text(written(f"{{'a': '{CANARY}'}}"), encoding="utf-8")
    (tmp_path / "other").write_text("nothing here", encoding="utf-8")
    assert list(places_with(tmp_path, traces(CANARY))) == ["file"]
