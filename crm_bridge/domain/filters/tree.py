"""The filter tree: which contracts are meant, and whether one contract is among them.

Filters are evaluated in Kleene's three-valued logic (`domain.truth`): a condition on a value that the CRM did not
tell is neither true nor false, and only what is true is selected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from crm_bridge.domain.contract import Contract, Untold
from crm_bridge.domain.filters.rules import (
    COMPLEMENT,
    FIELDS,
    LISTING,
    NULLITY,
    ORDERING,
    TEXTUAL,
    FieldRef,
    Op,
    Problem,
    ValueKind,
    normal_literal,
    problem,
)
from crm_bridge.domain.filters.truth import Truth
from crm_bridge.domain.filters.values import Literal, equal, order, stored_values, text_of, whole, without_case
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
    "Literal",
    "Not",
    "Op",
    "Or",
    "Problem",
    "ValueKind",
    "all_of",
    "any_of",
    "conditions",
    "differs_in_case",
    "evaluate",
    "fields_of",
    "knowledge_of",
    "matches",
    "open_fields",
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
    """Return the filter that all given filters make together; no filter at all means everything.

    >>> all_of(where.status == "Expired", where.amount < 3) == parse_filter('status = "Expired" and amount < 3')
    True
    """
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
    """Return whether the contract is meant: the filter is *true* of it, not merely undecided."""
    return evaluate(filter, contract) is Truth.TRUE


def evaluate(filter: Filter, contract: Contract, *, any_case: bool = False) -> Truth:  # noqa: A002
    """Return whether the filter holds, or UNKNOWN where that depends on a value that the CRM did not tell.

    An empty value: false, except for `!=`, `!~`, `not in` and `is null`, which are true. `any_case` compares texts
    without their case: for hints, never for a selection.
    """
    match filter:
        case Compare():
            return _holds(filter, contract, any_case=any_case)
        case And(parts):
            return min(evaluate(part, contract, any_case=any_case) for part in parts)
        case Or(parts):
            return max(evaluate(part, contract, any_case=any_case) for part in parts)
        case Not(part):
            return ~evaluate(part, contract, any_case=any_case)
        case Everything():
            return Truth.TRUE


def open_fields(filter: Filter, contract: Contract) -> Mapping[str, Untold]:  # noqa: A002
    """Return the fields whose conditions are undecided for this contract, and why their values are not known."""
    leaves = (leaf for leaf in conditions(filter) if evaluate(leaf, contract) is Truth.UNKNOWN)
    return {leaf.field.name: why for leaf in leaves if (why := knowledge_of(leaf.field, contract)[1]) is not None}


def differs_in_case(filter: Filter, contract: Contract) -> str:  # noqa: A002
    """Return the text of a contract that misses the filter by its case alone; empty if that is not why."""
    if evaluate(filter, contract, any_case=True) is not Truth.TRUE:
        return ""
    texts = (
        text_of(stored)
        for leaf in conditions(filter)
        if evaluate(leaf, contract) is not evaluate(leaf, contract, any_case=True)
        for stored in stored_values(value_of(leaf.field, contract))
    )
    return next((text for text in texts if text), "")


def value_of(field: FieldRef, contract: Contract) -> object:
    """Return what the contract is known to hold in a field."""
    return knowledge_of(field, contract)[0]


def knowledge_of(field: FieldRef, contract: Contract) -> tuple[object, Untold | None]:
    """Return what is known of a field, and why that is not all; None = the value is told.

    A vendor name with dots also walks into nested records. A lookup without its name is known in part: its id.
    """
    if not field.vendor:
        value: object = contract.ref.id if field.name == "id" else getattr(contract, field.name)
        return value, contract.untold.get(field.name)
    if field.name in contract.raw:
        return _judged(contract.raw[field.name])
    first, *steps = field.name.split(".")
    if first not in contract.raw:
        missing = contract.missing
        return None, missing.get(field.name, missing.get(first, Untold.LEFT_OUT))
    found: object = contract.raw[first]
    for step in steps:
        if found is None or found == "":
            return None, None
        if not isinstance(found, Mapping) or step not in found:
            return None, Untold.LEFT_OUT
        found = found[step]
    return _judged(found)


def _judged(value: object) -> tuple[object, Untold | None]:
    return value, None if whole(value) else Untold.UNRESOLVED


def _holds(condition: Compare, contract: Contract, *, any_case: bool) -> Truth:
    negative = condition.op in _NEGATIVE
    positive = COMPLEMENT[condition.op] if negative else condition.op
    value, why = knowledge_of(condition.field, contract)
    stored, literals = tuple(stored_values(value)), condition.values
    if any_case:
        stored, literals = tuple(map(without_case, stored)), tuple(map(without_case, literals))
    if positive is Op.IS_NULL:
        answer = Truth.of(not stored) if stored or why is None else Truth.UNKNOWN
    elif why is not None and not condition.field.vendor:  # an id in place of a name says nothing about the name
        answer = Truth.UNKNOWN
    else:
        answer = Truth.of(any(_asks(positive, part, literals) for part in stored))
        if why is not None:
            answer = max(answer, Truth.UNKNOWN)
    return ~answer if negative else answer


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
