"""Doing independent reads side by side; the transport's budget says how many are really in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")
U = TypeVar("U")

WORKERS = 10


def ordered_map(work: Callable[[T], R], items: Iterable[T], *, workers: int = WORKERS) -> Iterator[R]:
    """Yield `work(item)` in the order of `items`; at most twice `workers` results wait to be taken."""
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="crm-bridge-zoho") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def together(one: Callable[[], R], two: Callable[[], S], three: Callable[[], U]) -> tuple[R, S, U]:
    """Return three results of reads that go side by side; the first error in their order is raised."""
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="crm-bridge-zoho") as pool:
        first, second, third = pool.submit(one), pool.submit(two), pool.submit(three)
        return first.result(), second.result(), third.result()
