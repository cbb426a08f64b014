"""The filter tree: which contracts are meant, and whether one contract is among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filter_rules import (
    COMPLEMENT,
    FIELDS,
    LISTING,
    NULLITY,
    ORDERING,
    TEXTUAL,
    FieldRef,
    Kind,
    Op,
    Problem,
    normal_literal,
    problem,
)
from crm_bridge.domain.filter_values import Literal, equal, order, stored_values, text_of
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

__all__ = [
    "COMPLEMENT",
    "FIELDS",
    "LISTING",
    "NULLITY",
    "ORDERING",
    "TEXTUAL",
    "And",
    "Compare",
    "Everything",
    "FieldRef",
    "Filter",
    "Kind",
    "Literal",
    "Not",
    "Op",
    "Or",
    "Problem",
    "all_of",
    "any_of",
    "conditions",
    "fields_of",
    "matches",
    "value_of",
]

_NEGATIVE = frozenset({Op.NE, Op.NOT_CONTAINS, Op.NOT_IN, Op.IS_NOT_NULL})


class _Combinable:
    """Filters combine with `&`, `|` and `~`, and have no truth value of their own."""

    __slots__ = ()

    def __and__(self, other: Filter) -> Filter:
        return all_of(self, other)  # type: ignore[arg-type]  # only filters derive from this class

    def __or__(self, other: Filter) -> Filter:
        return any_of(self, other)  # type: ignore[arg-type]

    def __invert__(self) -> Filter:
        return Not(self)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        raise UsageError(
            _("a filter is neither true nor false by itself"),
            hint=_("combine filters with & | ~ and parentheses, not with and, or, not, or a chain like 1 < x < 5"),
        )


@dataclass(frozen=True, slots=True)
class Compare(_Combinable):
    """One condition. `value`: a literal; a tuple for in, not in, between (low, high); None for is (not) null.

    Literals are kept in one form: text in NFC, numbers as Decimal, date-times in UTC, dates for date fields.
    """

    field: FieldRef
    op: Op
    value: Literal | tuple[Literal, ...] | None = None

    def __post_init__(self) -> None:
        """Check operator and literals against the field, then normalise them."""
        found = problem(self.field, self.op, self.values)
        if found is not None:
            raise UsageError(found.message, hint=found.hint)
        cleaned = tuple(normal_literal(value, self.field.kind) for value in self.values)
        several = self.op in LISTING or self.op is Op.BETWEEN
        object.__setattr__(self, "value", cleaned if several else cleaned[0] if cleaned else None)

    @property
    def values(self) -> tuple[Literal, ...]:
        """Return the literals as a tuple, whatever the operator: none, one or several."""
        if isinstance(self.value, tuple):
            return self.value
        return () if self.value is None else (self.value,)


@dataclass(frozen=True, slots=True)
class And(_Combinable):
    """All of two or more filters."""

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        """Refuse fewer than two parts: `all_of` builds from any number."""
        _need_two(self.parts)


@dataclass(frozen=True, slots=True)
class Or(_Combinable):
    """At least one of two or more filters."""

    parts: tuple[Filter, ...]

    def __post_init__(self) -> None:
        """Refuse fewer than two parts: `any_of` builds from any number."""
        _need_two(self.parts)


@dataclass(frozen=True, slots=True)
class Not(_Combinable):
    """Plain negation: exactly the contracts that `part` does not match."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Everything(_Combinable):
    """Every contract. Written `everything`; an empty text is an error, so that nobody says it by accident."""


Filter: TypeAlias = Compare | And | Or | Not | Everything


def all_of(*filters: Filter) -> Filter:
    """Return the filter that all given filters make together; no filter at all means everything."""
    parts = tuple(inner for one in filters for inner in (one.parts if isinstance(one, And) else (_checked(one),)))
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else And(parts)


def any_of(first: Filter, *others: Filter) -> Filter:
    """Return the filter that matches whatever at least one of the given filters matches."""
    filters = (first, *others)
    parts = tuple(inner for one in filters for inner in (one.parts if isinstance(one, Or) else (_checked(one),)))
    return parts[0] if len(parts) == 1 else Or(parts)


def conditions(filter: Filter) -> Iterator[Compare]:  # noqa: A002 - the word of the domain
    """Yield every condition of the tree, left to right."""
    match filter:
        case Compare():
            yield filter
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)
        case Everything():
            return


def fields_of(filter: Filter) -> frozenset[FieldRef]:  # noqa: A002
    """Return the fields that the filter reads: what an adapter must ask the CRM for."""
    return frozenset(condition.field for condition in conditions(filter))


def matches(filter: Filter, contract: Contract) -> bool:  # noqa: A002
    """Say whether the contract is meant. No value: false, except `!=`, `!~`, `not in` and `is null`, which are true."""
    match filter:
        case Compare():
            return _holds(filter, tuple(stored_values(value_of(filter.field, contract))))
        case And(parts):
            return all(matches(part, contract) for part in parts)
        case Or(parts):
            return any(matches(part, contract) for part in parts)
        case Not(part):
            return not matches(part, contract)
        case Everything():
            return True


def value_of(field: FieldRef, contract: Contract) -> object:
    """Return what the contract holds in a field; a vendor name with dots also walks into nested records."""
    if not field.vendor:
        value: object = contract.ref.id if field.name == "id" else getattr(contract, field.name)
        return value
    found: object = contract.raw
    if field.name in contract.raw:
        return contract.raw[field.name]
    for step in field.name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _holds(condition: Compare, stored: tuple[object, ...]) -> bool:
    positive = COMPLEMENT[condition.op] if condition.op in _NEGATIVE else condition.op
    literals = condition.values
    found = not stored if positive is Op.IS_NULL else any(_asks(positive, value, literals) for value in stored)
    return found is not (condition.op in _NEGATIVE)


def _asks(op: Op, stored: object, literals: tuple[Literal, ...]) -> bool:
    if op in (Op.EQ, Op.IN):
        return any(equal(stored, literal) for literal in literals)
    if op in TEXTUAL:
        text, wanted = text_of(stored), str(literals[0])
        return text is not None and (text.startswith(wanted) if op is Op.STARTS_WITH else wanted in text)
    sides = [order(stored, literal) for literal in literals]
    if op is Op.BETWEEN:
        return sides[0] in (0, 1) and sides[1] in (-1, 0)
    return sides[0] in {Op.LT: (-1,), Op.LE: (-1, 0), Op.GT: (1,), Op.GE: (0, 1)}[op]


def _checked(filter: Filter) -> Filter:  # noqa: A002
    if not isinstance(filter, _Combinable):
        raise UsageError(
            _("{kind} is not a filter").format(kind=type(filter).__name__),
            hint=_('for example where.status == "Expired"'),
        )
    return filter


def _need_two(parts: tuple[Filter, ...]) -> None:
    if len(parts) < 2:
        raise UsageError(_("and/or need at least two parts"), hint=_("build them with all_of(...) or any_of(...)"))
