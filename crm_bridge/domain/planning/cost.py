"""The cost of a plan: calls and credits by arithmetic, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crm_bridge.domain.capabilities import Step


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
