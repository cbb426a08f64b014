"""What a deletion costs at least: calls, seconds between full windows, days of quota."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_bridge.domain.capabilities import Limits, Step
from crm_bridge.domain.planning.cost import Pace, pace_of

LIMITS = Limits(
    find_page=100,
    locate_batch=100,
    snapshot_batch=100,
    trash_batch=99,
    purge_batch=80,
    untrash_batch=80,
    bin_days=None,
    calls_in_flight=10,
    source="a test",
    window_calls=100,
    window_seconds=20,
    calls_per_day=1000,
    trash_ids_per_call=1,
    purge_ids_per_call=20,
)


@pytest.mark.parametrize(
    ("count", "step", "calls", "seconds", "days"),
    [
        (1, Step.TRASH, 1, 0, 1),
        (100, Step.TRASH, 100, 0, 1),
        (101, Step.TRASH, 101, 20, 1),
        (1000, Step.TRASH, 1000, 180, 1),
        (1000, Step.PURGE, 1050, 180, 2),
        (4000, Step.PURGE, 4200, 780 + 20, 5),
    ],
)
def test_both_steps_of_a_purge_count_and_the_first_window_is_open_at_once(
    count: int, step: Step, calls: int, seconds: int, days: int
) -> None:
    found = pace_of(LIMITS, count, step)
    assert found == Pace(calls, seconds, 1000)
    assert found.days == days


def test_nothing_waits_where_no_window_is_known() -> None:
    assert pace_of(replace(LIMITS, window_calls=None, calls_per_day=None), 5000, Step.TRASH) == Pace(5000, 0, None)


@pytest.mark.parametrize("step", [Step.TRASH, Step.PURGE])
def test_limits_that_do_not_tell_give_no_pace(step: Step) -> None:
    assert pace_of(replace(LIMITS, trash_ids_per_call=None), 5, step) is None


def test_what_a_fast_path_costs_is_not_known() -> None:
    assert pace_of(LIMITS, 5, Step.TRASH, fast=True) is None


def test_a_size_that_is_not_needed_need_not_be_known() -> None:
    assert pace_of(replace(LIMITS, purge_ids_per_call=None), 5, Step.TRASH) == Pace(5, 0, 1000)
    assert pace_of(replace(LIMITS, purge_ids_per_call=None), 5, Step.PURGE) is None
