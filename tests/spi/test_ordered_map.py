"""Reads side by side: in order, bounded, ended by the first error."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.spi.ordered_map import ordered_map


@given(items=st.lists(st.integers(), max_size=40), threads=st.integers(1, 8))
def test_results_come_in_the_order_of_the_items(items: list[int], threads: int) -> None:
    assert list(ordered_map(lambda one: one * 2, items, threads=threads)) == [one * 2 for one in items]


def test_no_more_run_at_once_than_were_asked_for() -> None:
    lock, running, most = threading.Lock(), 0, 0
    meet = threading.Barrier(3)

    def work(_item: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meet.wait(5)
        with lock:
            running -= 1

    list(ordered_map(work, range(9), threads=3))
    assert most == 3


def test_nothing_is_started_far_ahead_of_the_reader() -> None:
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        return item

    assert next(ordered_map(work, range(100), threads=4)) == 0
    assert len(started) <= 8


def test_the_first_error_ends_it() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    with pytest.raises(ValueError, match="two"):
        list(ordered_map(work, range(10), threads=3))


def test_a_reader_that_goes_away_does_not_wait_for_what_is_being_read() -> None:
    """The garbage collector may close it in a thread that is being started: joining another one there never ends."""
    begun, over = threading.Event(), threading.Event()

    def work(item: int) -> int:
        if item:
            begun.set()
            assert over.wait(30)
        return item

    results = ordered_map(work, range(3), threads=1, waiting=1)
    assert next(results) == 0
    assert begun.wait(30)
    results.close()  # type: ignore[attr-defined]
    assert not over.is_set()
    over.set()
