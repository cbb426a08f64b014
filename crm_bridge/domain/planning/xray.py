"""Selection X-ray: the contracts of a plan that are not like the others in it, each with the reason.

A rule (status, owner, currency, name, amount, created, modified) says something only where a selection is of one kind:
values that few contracts have, and amounts and dates far outside of where nearly all lie. A rule by which more than a
few would be odd says nothing, and all rules together name at most one contract in twenty.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from crm_bridge.domain.contract import Contract
from crm_bridge.i18n import N_, _

FEWEST = 20
"""Contracts that a plan must have before any of them can be unlike the others."""
RARE, ODD, MOST = 0.01, 0.02, 0.05
"""Share of one value, of all odd contracts by one rule, and by all rules together."""
_FAR = 5.0
"""Robust standard deviations from the median, beyond which an amount or a date is odd."""
_LEAST = {"amount": 0.15, "created": 20.0, "modified": 20.0}
"""Least deviation that counts: a factor (as a power of ten), and days."""
RULES = {
    "status": N_("status"),
    "owner": N_("owner"),
    "currency": N_("currency"),
    "name": N_("form of number or title"),
    "amount": N_("amount"),
    "created": N_("created"),
    "modified": N_("changed last"),
}
_RUNS = (
    (re.compile(r"\d+"), "9"),
    (re.compile(r"[^\W\d_]*[\u3400-\u9fff]+[^\W\d_]*"), "文"),
    (re.compile(r"[^\W\d_文]+"), "A"),
)


def shape(text: str | None) -> str:
    """Return the form of a name: `HT-2024-0001` is `HT-9-9`, words are `A`, Chinese text is `文`."""
    found = text or ""
    prefix = re.match(r"[^\W\d_]{1,6}(?=[-_/#\d])", found)
    rest = found[prefix.end() :] if prefix else found
    for run, sign in _RUNS:
        rest = run.sub(sign, rest)
    return (prefix[0] if prefix else "") + re.sub(r"(A|文)( \1)+", r"\1", rest)


@dataclass(frozen=True, slots=True)
class Unlike:
    """How many contracts of a plan one rule finds odd."""

    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class Oddity:
    """One reason why a contract is not like the others."""

    rule: str
    value: str
    usual: str
    in_module: int | None = None
    """How many contracts of the whole module have it; None where that was not counted."""

    def text(self) -> str:
        """Return the reason in words."""
        told = _("{rule} {value}, usual: {usual}")
        if self.in_module is not None:
            told = _("{rule} {value} ({count} in the module), usual: {usual}")
        words = {"rule": _(RULES[self.rule]), "value": self.value, "usual": self.usual}
        return told.format(**words, count=f"{self.in_module or 0:,}")


@dataclass(slots=True)
class Xray:
    """What is usual in a selection. Fed every contract once, then `finish`ed, it judges single ones."""

    count: int = 0
    _values: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _sizes: dict[tuple[str, str], array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    """Numbers by rule and currency: 8 bytes a contract."""
    _odd: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _bounds: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    unlike: tuple[Unlike, ...] = ()

    def take(self, contract: Contract) -> None:
        """Count one contract."""
        self.count += 1
        for rule, value in _words(contract):
            self._values[rule][value] += 1
        for rule, unit, size in _numbers(contract):
            self._sizes[rule, unit].append(size)

    def finish(self) -> Xray:
        """Find out what is odd. Rules are taken from the one that names fewest, as long as few are named in all."""
        if self.count < FEWEST:
            return self
        found: dict[str, int] = {}
        for rule, counts in self._values.items():
            odd = {value: number for value, number in counts.items() if number <= max(1, RARE * self.count)}
            if 0 < sum(odd.values()) <= ODD * self.count:
                self._odd[rule], found[rule] = odd, sum(odd.values())
        for (rule, unit), sizes in self._sizes.items():
            low, high = _limits(sizes, _LEAST[rule])
            if number := sum(not low <= one <= high for one in sizes):
                self._bounds[rule, unit] = low, high
                found[rule] = found.get(rule, 0) + number
        left = MOST * self.count
        for rule, number in sorted(found.items(), key=lambda item: item[1]):
            if number <= min(left, ODD * self.count if rule in self._odd else left):
                left -= number
                self.unlike += (Unlike(rule, number),)
        return self

    def odd_values(self, rule: str) -> tuple[str, ...]:
        """Return the odd values of one rule, the rarest last."""
        odd = self._odd.get(rule, {}) if any(one.rule == rule for one in self.unlike) else {}
        return tuple(sorted(odd, key=lambda value: (-odd[value], value)))

    def reasons(self, contract: Contract) -> Iterator[Oddity]:
        """Yield why a contract is not like the others; nothing for most."""
        rules = {one.rule for one in self.unlike}
        for rule, value in _words(contract):
            if rule in rules and value in self._odd.get(rule, {}):
                ((usual, _number),) = self._values[rule].most_common(1)
                yield Oddity(rule, value or "-", usual or "-")
        for rule, unit, size in _numbers(contract):
            bounds = self._bounds.get((rule, unit)) if rule in rules else None
            if bounds and not bounds[0] <= size <= bounds[1]:
                yield Oddity(rule, _shown(rule, unit, size), " … ".join(_shown(rule, unit, one) for one in bounds))


def _words(contract: Contract) -> Iterator[tuple[str, str]]:
    yield "status", contract.status or ""
    yield "owner", contract.owner or ""
    yield "currency", contract.currency or ""
    yield "name", f"{shape(contract.number)} {shape(contract.title)}"


def _numbers(contract: Contract) -> Iterator[tuple[str, str, float]]:
    if contract.amount is not None and contract.amount.is_finite():
        yield "amount", contract.currency or "", math.log10(max(1.0, float(abs(contract.amount)) + 1.0))
    for rule, moment in (("created", contract.created), ("modified", contract.modified)):
        if moment is not None:
            yield rule, "", moment.timestamp() / 86_400


def _limits(sizes: array[float], least: float) -> tuple[float, float]:
    """Return where nearly all lie: some robust deviations around the median, or further, so that few lie outside."""
    middle = median(sizes)
    distances = sorted(abs(one - middle) for one in sizes)
    deviation = max(1.4826 * median(distances), least)
    # A distribution with long tails has many that lie far out: then only the outermost are odd.
    reach = max(_FAR * deviation, distances[max(0, math.ceil(len(distances) * (1 - ODD)) - 1)])
    return middle - reach, middle + reach


def _shown(rule: str, unit: str, size: float) -> str:
    if rule == "amount":
        return f"{unit} {10**size - 1:,.0f}".strip()
    return datetime.fromtimestamp(size * 86_400).astimezone().date().isoformat()
