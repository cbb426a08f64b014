"""A contract with much on it, in a tenant that moved on: back, or named. With 250: sweeps/heavy_round_trip.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.heavy_contract import Load
from sweeps.heavy_round_trip import heavy_round_trip


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_what_can_come_back_is_back_once_and_everything_else_is_named(adapter: str, tmp_path: Path) -> None:
    trip = heavy_round_trip(adapter, Load(rows=6, with_files=2), tmp_path / "home", owner=True)
    assert trip.findings == []
    assert trip.back > 6 + 2
    assert len(trip.named) >= 3


def test_files_that_cannot_return_to_their_rows_are_announced_before_anything_is_confirmed(tmp_path: Path) -> None:
    trip = heavy_round_trip("zoho", Load(rows=0, with_files=0), tmp_path / "home")
    assert "Contract_Lines.Scan" in trip.announced
    assert any("scan.pdf" in one for one in trip.named)
