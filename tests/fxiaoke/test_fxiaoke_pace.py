"""The rate window is used and never tripped: slices of referees/fxiaoke_pace.py, which runs 10,000 contracts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from referees.fxiaoke_pace import CASES, LEAST_USED, Window, least_seconds, pace


@pytest.mark.parametrize("window", ["sliding", "fixed"])
def test_custom_contracts_use_the_window_and_never_trip_it(window: Window, tmp_path: Path) -> None:
    found = pace(replace(CASES["custom-single"], records=320), window=window, latency=0.002, home=tmp_path / "home")
    assert (found.refused, found.left, found.outcomes) == (0, 320, {"removed": 320})
    assert found.used["/cgi/crm/custom/v2/data/invalid"] >= LEAST_USED


def test_custom_contracts_are_voided_in_bulk_where_the_connection_says_so(tmp_path: Path) -> None:
    found = pace(replace(CASES["custom-bulk"], records=320), window="sliding", latency=0.02, home=tmp_path / "home")
    assert (found.refused, found.left, found.outcomes) == (0, 320, {"removed": 320})
    assert found.calls["/cgi/crm/custom/data/invalid"] <= 17
    assert "/cgi/crm/custom/v2/data/invalid" not in found.calls


def test_a_thousand_preset_contracts_take_the_least_time_and_calls_that_the_limits_allow(tmp_path: Path) -> None:
    case = CASES["preset"]
    found = pace(case, window="sliding", latency=0.02, home=tmp_path / "home")
    assert found.good(case), found
    assert 180 <= found.seconds <= 189
    assert sum(found.calls.values()) <= 1176


def test_a_purge_reads_each_contract_again_before_both_steps_and_keeps_to_the_window(tmp_path: Path) -> None:
    case = replace(CASES["custom-purge"], records=120)
    found = pace(case, window="sliding", latency=0.02, home=tmp_path / "home")
    assert found.good(case), found
    assert found.calls["/cgi/crm/custom/v2/data/get"] <= 2 * 120 + 1


@pytest.mark.parametrize(("calls", "seconds"), [(1, 0), (100, 0), (101, 20), (1000, 180), (10_000, 1980)])
def test_the_least_time_counts_the_windows_after_the_first(calls: int, seconds: int) -> None:
    assert least_seconds(calls) == seconds
