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
    pool = ThreadPoolExecutor(max(1, threads), thread_name_prefix="crm-bridge-read")
    running: deque[Future[R]] = deque()
    abandoned = False
    try:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) >= threads + waiting:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    except GeneratorExit:
        # Maybe the garbage collector, in a thread that is being started: joining another one there never ends.
        abandoned = True
        raise
    finally:
        pool.shutdown(wait=not abandoned, cancel_futures=True)
