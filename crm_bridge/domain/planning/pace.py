"""The least cost of a deletion under the CRM's limits: calls, seconds, and days of the quota."""

from __future__ import annotations

from dataclasses import dataclass

from crm_bridge.domain.capabilities import Limits, Step


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
