"""The cost of a plan: calls, credits and the least time, by arithmetic, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crm_bridge.domain.capabilities import Limits, Step

BATCHES_AT_ONCE = 5
_READ_AGAIN = 100
"""Contracts at most whose related items are read again together."""


@dataclass(frozen=True, slots=True)
class CallCost:
    """One kind of call of the journey, and what it costs.

    A call covers `contracts` contracts (0: `times` calls a run) and costs `credits`, or less by `tiers`: pairs of
    "up to so many contracts in the call" and credits, ascending.
    """

    what: str
    """Names it for readers of the code and of tests."""
    contracts: int
    credits: int = 1
    times: int = 1
    tiers: tuple[tuple[int, int], ...] = ()
    first: int | None = None
    """Sent for at most the first so many contracts of a plan; None: for all."""
    step: Step | None = None
    """Only for plans of this step; None: for all. A purge is planned as both steps."""
    fast: bool | None = None
    """Only with (True) or only without (False) the CRM's fast path; None: both."""
    least: int = 0
    """Only for plans of at least so many contracts."""
    most: int | None = None
    """Only for plans of at most so many; None: of any number."""

    def applies(self, step: Step, *, fast: bool, count: int) -> bool:
        """Return whether a plan of `count` contracts sends this kind of call. One that purges trashes first."""
        fits = self.step is None or self.step is step
        return fits and self.fast in (None, fast) and self.least <= count and (self.most is None or count <= self.most)

    def predicted(self, count: int) -> Prediction:
        """Return the calls and credits for `count` contracts."""
        if not self.contracts:
            return Prediction(self.times, self.times * self.credits)
        whole, rest = divmod(count if self.first is None else min(count, self.first), self.contracts)
        price = whole * self._price(self.contracts) + (self._price(rest) if rest else 0)
        return Prediction(self.times * (whole + bool(rest)), self.times * price)

    def _price(self, contracts: int) -> int:
        return next((price for most, price in self.tiers if contracts <= most), self.credits)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Calls and credits of one plan, from sign-in to verified; lists that are not empty and files come on top."""

    calls: int
    credits: int

    def __add__(self, other: Prediction) -> Prediction:
        """Return both together."""
        return Prediction(self.calls + other.calls, self.credits + other.credits)

    def exceeds(self, credits_left: int | None) -> bool:
        """Return whether more would be used than is left today."""
        return credits_left is not None and self.credits > credits_left


def predict(costs: Iterable[CallCost], count: int, step: Step, *, fast: bool = False) -> Prediction | None:
    """Return what a plan of `count` contracts costs; None where the adapter tells no costs."""
    sent = [cost for cost in costs if cost.applies(step, fast=fast, count=count)]
    return sum((cost.predicted(count) for cost in sent), Prediction(0, 0)) if sent else None


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
