"""Independent reads side by side, results in order; the transport's budget says how many are really in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(work: Callable[[T], R], items: Iterable[T], *, threads: int, waiting: int = 0) -> Iterator[R]:
    """Yield `work(item)` in the order of `items`, `threads` at a time; the first error ends it.

    At most `waiting` results more than threads wait to be taken.
    """
    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="crm-bridge-read") as pool:
        running: deque[Future[R]] = deque()
        try:
            for item in items:
                running.append(pool.submit(work, item))
                if len(running) >= threads + waiting:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for left in running:
                left.cancel()
