"""The pace: never more in flight, never more in a window than the CRM allows."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.clock import ManualClock, SystemClock
from crm_bridge.errors import RateLimitedError
from crm_bridge.transport import Budget, Purpose, Window


def spend(budget: Budget, clock: ManualClock, endpoint: str = "e", weight: int = 1, takes: float = 0.0) -> float:
    with budget.permit(endpoint, weight=weight, purpose=Purpose.READ, clock=clock) as permit:
        clock.advance(takes)
    return permit.started


@given(
    calls=st.integers(1, 5),
    seconds=st.floats(0.5, 30),
    jobs=st.lists(st.tuples(st.integers(1, 3), st.floats(0, 3)), min_size=1, max_size=30),
)
def test_no_window_of_the_crm_ever_sees_too_many_calls(
    calls: int, seconds: float, jobs: list[tuple[int, float]]
) -> None:
    """Whenever between sending and answering a call arrives: any two that are too close count together."""
    clock = ManualClock()
    budget = Budget(windows=[Window(calls=calls, seconds=seconds)])
    spans: list[tuple[float, float, int]] = []
    for wanted, takes in jobs:
        weight = min(wanted, calls)
        started = spend(budget, clock, weight=weight, takes=takes)
        spans.append((started, clock.monotonic(), weight))

    for start, _end, _weight in spans:
        # Arrivals as late as possible before `start`, as early as possible from it on.
        inside = [w for s, e, w in spans if s <= start and e > start - seconds + 1e-9]
        assert sum(inside) <= calls


def test_endpoints_have_windows_of_their_own() -> None:
    clock = ManualClock()
    budget = Budget(windows=[Window(calls=1, seconds=20)])
    assert [spend(budget, clock, name) for name in ("a", "b", "a")] == [0.0, 0.0, 20.0]


def test_a_common_window_counts_all_endpoints() -> None:
    clock = ManualClock()
    budget = Budget(windows=[Window(calls=2, seconds=20, per_endpoint=False)])
    assert [spend(budget, clock, name) for name in ("a", "b", "c")] == [0.0, 0.0, 20.0]


def test_calls_of_one_endpoint_keep_their_distance() -> None:
    clock = ManualClock()
    budget = Budget(min_spacing=0.2)
    assert [round(spend(budget, clock), 6) for _ in range(3)] == [0.0, 0.2, 0.4]


def test_a_call_heavier_than_the_window_goes_alone() -> None:
    clock = ManualClock()
    budget = Budget(windows=[Window(calls=2, seconds=10)])
    assert [spend(budget, clock, weight=weight) for weight in (5, 1)] == [0.0, 10.0]


def test_slowing_down_halves_and_good_answers_bring_it_back_one_by_one() -> None:
    budget = Budget(in_flight=8)
    budget.slow_down()
    assert budget.limit == 4
    for _ in range(4):
        budget.went_well()
    assert budget.limit == 4
    budget.went_well()
    assert budget.limit == 5
    for _ in range(1000):
        budget.went_well()
    assert budget.limit == 8


def test_it_never_slows_down_to_nothing() -> None:
    budget = Budget(in_flight=5)
    for _ in range(20):
        budget.slow_down()
    assert budget.limit == 1


def test_refusals_of_calls_that_were_under_way_together_count_once() -> None:
    clock = ManualClock()
    budget = Budget(in_flight=8)
    with (
        budget.permit("a", weight=1, purpose=Purpose.READ, clock=clock) as first,
        budget.permit("a", weight=1, purpose=Purpose.READ, clock=clock) as second,
    ):
        budget.slow_down(first)
        budget.slow_down(second)
    assert budget.limit == 4


@pytest.mark.parametrize(("purpose", "cap"), [(Purpose.READ, 3), (Purpose.DESTROY, 2)])
def test_threads_share_the_cap(purpose: Purpose, cap: int) -> None:
    budget = Budget(in_flight=3, destroy_in_flight=2)
    inside, highest, lock = 0, 0, threading.Lock()
    together = threading.Barrier(cap)  # passes only if the cap is reached

    def work() -> None:
        nonlocal inside, highest
        with budget.permit("a", weight=1, purpose=purpose, clock=SystemClock()):
            with lock:
                inside += 1
                highest = max(highest, inside)
            together.wait(timeout=20)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(2 * cap)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert highest == cap
    assert budget.in_flight == 0


def test_a_call_that_costs_more_than_is_left_is_not_sent() -> None:
    clock = ManualClock()
    budget = Budget()
    budget.remaining(3, clock=clock)
    spend(budget, clock, weight=2)
    with pytest.raises(RateLimitedError) as refused:
        spend(budget, clock, weight=2)
    assert refused.value.reason == "credits_used_up"


def test_an_old_figure_of_credits_does_not_stop_us_for_ever() -> None:
    clock = ManualClock()
    budget = Budget()
    budget.remaining(0, clock=clock)
    clock.advance(61)
    assert spend(budget, clock) == 61.0
