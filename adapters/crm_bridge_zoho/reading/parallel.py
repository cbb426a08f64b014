"""Doing independent reads side by side; the transport's budget says how many are really in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from crm_bridge.spi import ordered_map as spi

R = TypeVar("R")
S = TypeVar("S")
U = TypeVar("U")

WORKERS = 10


def ordered_map(work: Callable[[R], S], items: Iterable[R]) -> Iterator[S]:
    """Yield `work(item)` in the order of `items`; at most as many results as threads wait to be taken."""
    return spi.ordered_map(work, items, threads=WORKERS, waiting=WORKERS)


def together(one: Callable[[], R], two: Callable[[], S], three: Callable[[], U]) -> tuple[R, S, U]:
    """Return three results of reads that go side by side; the first error in their order is raised."""
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="crm-bridge-zoho") as pool:
        first, second, third = pool.submit(one), pool.submit(two), pool.submit(three)
        return first.result(), second.result(), third.result()
