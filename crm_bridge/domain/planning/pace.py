"""The least cost of a deletion under the CRM's limits, and how much of it is on the way at once."""

from __future__ import annotations

from dataclasses import dataclass

from crm_bridge.domain.capabilities import Limits, Step

BATCHES_AT_ONCE = 5
_READ_AGAIN = 100
"""Contracts at most whose related items are read again together."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The calls that delete, without those that look; `seconds` is 0 where nothing makes them wait."""

    calls: int
    seconds: int
    calls_per_day: int | None

    @property
    def days(self) -> int:
        """Return over how many days of quota the calls are spread; 1 where no quota is known."""
        return -(-self.calls // self.calls_per_day) if self.calls_per_day else 1


def pace_of(limits: Limits, count: int, step: Step, *, fast: bool = False) -> Pace | None:
    """Return the least that deleting `count` contracts costs; None where the limits do not tell, as of a fast path.

    A purge goes through the bin: both steps count, one after the other.
    """
    sizes = [limits.trash_ids_per_call, limits.purge_ids_per_call if step is Step.PURGE else 0]
    if fast or any(size is None for size in sizes):
        return None
    calls = [-(-count // size) for size in sizes if size]
    window, seconds = limits.window_calls, limits.window_seconds
    # The first window is open at once; every full one after it has to be waited for.
    waits = [seconds * (-(-each // window) - 1) if window and seconds else 0 for each in calls]
    return Pace(sum(calls), sum(waits), limits.calls_per_day)


def contracts_at_once(limits: Limits, step: Step, *, final: Step, fast: bool = False) -> int:
    """Return how many contracts share one look and go side by side: so many at most are on the way in a crash.

    `step` is one of a plan that ends with `final`. Before a purge what hangs on contracts is read again right before:
    fewer, so that nothing waits long for its turn.
    """
    batch = limits.batch(step, fast=fast)
    calls = limits.purge_ids_per_call if step is Step.PURGE else limits.trash_ids_per_call
    # A batch that is several calls is sent side by side by its adapter.
    group = min(BATCHES_AT_ONCE * batch if calls is None else batch, limits.locate_batch)
    return min(group, _READ_AGAIN) if final is Step.PURGE else group
