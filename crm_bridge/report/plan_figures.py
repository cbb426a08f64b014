"""The figures of a plan: its contracts by status, owner, year and amount, and the largest and newest of them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from crm_bridge.domain.contract import Contract

MOST = 10
"""Bars of a chart, and contracts of a list of extremes."""


@dataclass(slots=True)
class PlanFigures:
    """Counts over every contract of a plan, in one pass."""

    statuses: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)
    years: Counter[str] = field(default_factory=Counter)
    """By the first day that a contract is for."""
    amounts: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By currency and number of digits before the point; 0 for none and for less than 1."""
    largest: list[Contract] = field(default_factory=list)
    newest: list[Contract] = field(default_factory=list)

    @classmethod
    def of(cls, contracts: Iterable[Contract]) -> Self:
        """Count contracts. Amounts of different currencies are never compared."""
        figures = cls()
        largest: dict[str, list[tuple[Decimal, int, Contract]]] = {}
        newest: list[tuple[str, int, Contract]] = []
        for at, contract in enumerate(contracts):
            figures.statuses[contract.status or ""] += 1
            figures.owners[contract.owner or ""] += 1
            figures.years[str(contract.start.year) if contract.start else ""] += 1
            if contract.amount is not None:
                currency = contract.currency or "?"
                figures.amounts[currency, _digits(contract.amount)] += 1
                _keep(largest.setdefault(currency, []), (contract.amount, -at, contract))
            if contract.created is not None:
                _keep(newest, (contract.created.isoformat(), -at, contract))
        by_currency = sorted(largest.values(), key=len, reverse=True)
        figures.largest = [one for kept in by_currency for _size, _at, one in sorted(kept, reverse=True)]
        figures.newest = [one for _moment, _at, one in sorted(newest, reverse=True)]
        return figures


def first_ones(counts: Counter[str]) -> tuple[list[tuple[str, int]], int]:
    """Return the most frequent values, and how many contracts have another one."""
    told = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return told[:MOST], sum(count for _value, count in told[MOST:])


def _digits(amount: Decimal) -> int:
    return max(0, amount.adjusted() + 1) if amount > 0 else 0


def _keep(kept: list[Any], one: tuple[object, int, Contract]) -> None:
    """Keep the largest few; the place in the plan comes before the contract, which has no order."""
    heapq.heappush(kept, one)
    if len(kept) > MOST:
        heapq.heappop(kept)
