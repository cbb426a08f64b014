"""Splitting a filter into what a CRM evaluates and the residual that we evaluate.

A condition is pushed only if its field is *told* to this user (`split(told=...)`), whatever the operator. The CRM may
know what the user is not shown: a condition on such a field would drop contracts that plain evaluation can only call
undecided, and they would not be counted. On a told field both see the same value, so what is pushed holds for every
contract that is true or undecided, and pushed and residual together are plain evaluation.

Whatever was pushed, the core evaluates the whole filter again on every row: the CRM's word selects nothing by itself.
Conditions on an exact id or number may be pushed without looking; what they exclude is known not to be meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

from crm_bridge.domain.filters.tree import (
    COMPLEMENT,
    And,
    Compare,
    Everything,
    FieldRef,
    Filter,
    Not,
    Op,
    Or,
    all_of,
    any_of,
    conditions,
)

T = TypeVar("T")


class Coverage(Enum):
    """How well a CRM can evaluate one condition."""

    EXACT = "exact"
    SUPERSET = "superset"  # it returns all that match, and perhaps more: case-insensitive, word search, whole days
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Pushed(Generic[T]):
    """One condition in the CRM's own language; `exact=False` says that the CRM may return more than it should."""

    native: T
    exact: bool = True


CompileLeaf: TypeAlias = Callable[[Compare], Pushed[T] | None]  # None: the CRM cannot evaluate this condition


@dataclass(frozen=True, slots=True)
class Split:
    """`pushed` and `residual` together are the filter. None in `pushed`: ask for all; None in `residual`: done."""

    pushed: Filter | None
    residual: Filter | None


@dataclass(frozen=True, slots=True)
class _Language:
    """Coverage of a CRM's query language."""

    can_push: Callable[[Compare], Coverage]
    can_or: bool
    can_not: bool


def coverage_of(compile_leaf: CompileLeaf[T]) -> Callable[[Compare], Coverage]:
    """Return `split`'s question, answered by an adapter's table: try to compile, see what comes."""

    def cover(condition: Compare) -> Coverage:
        pushed = compile_leaf(condition)
        if pushed is None:
            return Coverage.NONE
        return Coverage.EXACT if pushed.exact else Coverage.SUPERSET

    return cover


def names_exactly(condition: Compare) -> bool:
    """Return whether a condition names contracts by exact id or number."""
    field = condition.field
    return not field.vendor and field.name in ("id", "number") and condition.op in (Op.EQ, Op.IN)


def split(
    filter: Filter,  # noqa: A002 - the word of the domain
    can_push: Callable[[Compare], Coverage],
    *,
    told: Callable[[FieldRef], bool],
    can_or: bool,
    can_not: bool,
    max_conditions: int,
) -> Split:
    """Return what to send and what to evaluate here.

    `told` returns whether a field's value is shown to this user in every record, empty or not. `can_not` promises
    plain negation, true on empty values too; SQL's NOT over NULL is none. At most `max_conditions` conditions are
    pushed, earlier ones first. Conditions come in negation normal form.
    """

    def cover(condition: Compare) -> Coverage:
        if names_exactly(condition) or told(condition.field):
            return can_push(condition)
        return Coverage.NONE

    language = _Language(cover, can_or, can_not)
    pushed: list[Filter] = []
    residual: list[Filter] = []
    room = max_conditions
    normal = normal_form(filter)
    for part in normal.parts if isinstance(normal, And) else (normal,):
        weaker, exact = _push(part, language)
        size = 0 if weaker is None else len(list(conditions(weaker)))
        if weaker is not None and size <= room:
            pushed.append(weaker)
            room -= size
        else:
            exact = weaker is None and exact
        if not exact:
            residual.append(part)
    return Split(all_of(*pushed) if pushed else None, all_of(*residual) if residual else None)


def fold(
    filter: Filter,  # noqa: A002
    *,
    leaf: Callable[[Compare], T],
    conjunction: Callable[[list[T]], T],
    disjunction: Callable[[list[T]], T],
    negation: Callable[[T], T],
) -> T:
    """Build the native query from a pushed filter, inside out. `Everything` is never part of one."""

    def build(node: Filter) -> T:
        match node:
            case Compare():
                return leaf(node)
            case And(parts):
                return conjunction([build(part) for part in parts])
            case Or(parts):
                return disjunction([build(part) for part in parts])
            case Not(part):
                return negation(build(part))
            case Everything():
                raise AssertionError("`split` keeps Everything out of what is pushed")

    return build(filter)


def normal_form(filter: Filter) -> Filter:  # noqa: A002
    """Return an equal filter with `not` only before conditions, and/or flattened, `everything` worked out.

    Nothing at all is `Not(Everything())`. A condition stays under `not` where no operator is its true complement.
    """
    return _normal(filter, negated=False)


def _normal(node: Filter, *, negated: bool) -> Filter:
    match node:
        case Not(part):
            return _normal(part, negated=not negated)
        case Everything():
            return Not(node) if negated else node
        case Compare(field, op, value):
            if not negated:
                return node
            return Compare(field, COMPLEMENT[op], value) if op in COMPLEMENT else Not(node)
        case And(parts) | Or(parts):
            normal = [_normal(part, negated=negated) for part in parts]
            return _both(normal) if isinstance(node, And) is not negated else _either(normal)


def _both(parts: list[Filter]) -> Filter:
    nothing = Not(Everything())
    return nothing if nothing in parts else all_of(*(part for part in parts if part != Everything()))


def _either(parts: list[Filter]) -> Filter:
    nothing = Not(Everything())
    possible = [part for part in parts if part != nothing]
    if Everything() in possible:
        return Everything()
    return any_of(*possible) if possible else nothing


def _push(node: Filter, language: _Language) -> tuple[Filter | None, bool]:
    """Return the strongest pushable filter that `node` implies (None: everything), and whether it equals `node`."""
    match node:
        case Compare():
            coverage = language.can_push(node)
            return (None if coverage is Coverage.NONE else node), coverage is Coverage.EXACT
        case Everything():
            return None, True
        case Not(part):
            return _push_negated(node, part, language)
        case And(parts):
            pairs = [_push(part, language) for part in parts]
            kept = [pushed for pushed, _exact in pairs if pushed is not None]
            return (all_of(*kept) if kept else None), all(exact for _pushed, exact in pairs)
        case Or(parts):
            return _push_either(parts, language)


def _push_either(parts: tuple[Filter, ...], language: _Language) -> tuple[Filter | None, bool]:
    """Push an `or` only whole: a branch that the CRM cannot see would lose contracts."""
    listed = _as_list(parts)
    if listed is not None and (coverage := language.can_push(listed)) is not Coverage.NONE:
        return listed, coverage is Coverage.EXACT
    if not language.can_or:
        return None, False
    pairs = [_push(part, language) for part in parts]
    kept = [pushed for pushed, _exact in pairs if pushed is not None]
    if len(kept) < len(pairs):
        return None, False
    return any_of(*kept), all(exact for _pushed, exact in pairs)


def _as_list(parts: tuple[Filter, ...]) -> Compare | None:
    """Return `a = 1 or a = 2` as `a in (1, 2)`: one condition, and CRMs without "or" have lists."""
    wanted = [part for part in parts if isinstance(part, Compare) and part.op in (Op.EQ, Op.IN)]
    if len(wanted) < len(parts) or len({part.field for part in wanted}) > 1:
        return None
    return Compare(wanted[0].field, Op.IN, tuple(value for part in wanted for value in part.values))


def _push_negated(node: Not, part: Filter, language: _Language) -> tuple[Filter | None, bool]:
    """Push `not` before an exact condition; the negation of a superset would be a subset and lose contracts."""
    if not isinstance(part, Compare):
        return None, False
    if language.can_not and language.can_push(part) is Coverage.EXACT:
        return node, True
    spelled_out = _without_not(part)
    return (None, False) if spelled_out is None else _push(spelled_out, language)


def _without_not(condition: Compare) -> Filter | None:
    """Spell out the negation of an ordering, e.g. `>= or is null`. Not for vendor fields, which may hold anything."""
    field, values = condition.field, condition.values
    opposite = {
        Op.LT: [(Op.GE, 0)],
        Op.LE: [(Op.GT, 0)],
        Op.GT: [(Op.LE, 0)],
        Op.GE: [(Op.LT, 0)],
        Op.BETWEEN: [(Op.LT, 0), (Op.GT, 1)],
    }.get(condition.op)
    if opposite is None or field.vendor:
        return None
    return Or((*(Compare(field, op, values[index]) for op, index in opposite), Compare(field, Op.IS_NULL)))
