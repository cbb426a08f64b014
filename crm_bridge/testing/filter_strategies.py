"""Hypothesis strategies: filter trees, and contracts for them to meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from crm_bridge.domain.contract import Contract, ContractRef, RecordState, Untold
from crm_bridge.domain.filters.rules import FIELDS, LISTING, NULLITY, ORDERING, TEXTUAL, FieldRef, Op, ValueKind
from crm_bridge.domain.filters.tree import And, Compare, Everything, Filter, Literal, Not, Or
from crm_bridge.domain.filters.values import order

# Small pools, so that random filters meet random contracts often enough to say something.
TEXTS = ("A", "Acme", "acme", "Expired", "已过期", "12", "é", "e\u0301")
NUMBERS = (Decimal("-1"), Decimal(0), Decimal("0.5"), Decimal(12), Decimal("12.0"), Decimal(1000))
DAYS = (date(2019, 12, 31), date(2020, 1, 1), date(2020, 1, 2))
INSTANTS = (
    datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 1, 1, 7, 30, tzinfo=timezone(timedelta(hours=8))),
    datetime(2020, 1, 2, tzinfo=UTC),
)
VENDOR_NAMES = ("Level", "合同等级", "Account_Name.id", "odd `name`\n", "status", "and", "Partner")
NESTED_NAMES = ("Partner.id", "Partner.name", "Partner.region.code")
_STORED: tuple[object, ...] = (
    None,
    "",
    "A",
    "12",
    12,
    Decimal("0.5"),
    True,
    "2020-01-01",
    "2020-01-01T07:30:00+08:00",
    [],
    ["A", "12"],
    {"name": "Acme", "id": "12"},
    [{"name": "Acme", "id": "12"}, "A"],
    {"name": "A", "id": "0", "region": {"code": "12"}},
)


def _numbers() -> st.SearchStrategy[Literal]:
    return st.sampled_from(NUMBERS) | st.decimals(-(10**12), 10**12, places=4)


def _moments() -> st.SearchStrategy[Literal]:
    aware = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
    return st.sampled_from(DAYS) | st.dates() | st.sampled_from(INSTANTS) | aware


def _literals(kind: ValueKind, op: Op) -> st.SearchStrategy[Literal]:
    texts: st.SearchStrategy[Literal] = st.sampled_from(TEXTS) | st.text(min_size=1)
    if op in TEXTUAL or kind is ValueKind.TEXT:
        return texts
    if kind is ValueKind.NUMBER:
        return _numbers()
    if kind in (ValueKind.DATE, ValueKind.INSTANT):
        return _moments()
    return _numbers() | _moments() if op in ORDERING else texts | _numbers() | _moments() | st.booleans()


@st.composite
def compares(draw: st.DrawFn) -> Compare:
    """Draw one condition that the rule book allows."""
    canonical = st.sampled_from(tuple(FIELDS)).map(FieldRef)
    names = st.sampled_from(VENDOR_NAMES + NESTED_NAMES) | st.text(min_size=1)
    field = draw(canonical | names.map(lambda name: FieldRef(name, vendor=True)))
    refused = {ValueKind.TEXT: ORDERING, ValueKind.ANY: frozenset[Op]()}.get(field.kind, TEXTUAL)
    op = draw(st.sampled_from([op for op in Op if op not in refused]))
    literals = _literals(field.kind, op)
    if op in NULLITY:
        return Compare(field, op)
    if op in LISTING:
        return Compare(field, op, tuple(draw(st.lists(literals, min_size=1, max_size=4))))
    if op is Op.BETWEEN:
        return Compare(field, op, draw(_ranges(field.kind)))
    return Compare(field, op, draw(literals))


@st.composite
def _ranges(draw: st.DrawFn, kind: ValueKind) -> tuple[Literal, Literal]:
    days = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS))
    pairs = {
        ValueKind.NUMBER: st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)),
        ValueKind.INSTANT: days | st.tuples(st.sampled_from(INSTANTS), st.sampled_from(INSTANTS)),
    }.get(kind, days)
    first, second = draw(pairs)
    return (second, first) if order(first, second) == 1 else (first, second)


def filters(max_leaves: int = 12) -> st.SearchStrategy[Filter]:
    """Draw a filter tree of any shape."""
    leaves: st.SearchStrategy[Filter] = st.one_of(compares(), compares(), compares(), st.just(Everything()))

    def grow(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        parts = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(parts.map(And), parts.map(Or), inner.map(Not))

    return st.recursive(leaves, grow, max_leaves=max_leaves)


def contracts() -> st.SearchStrategy[Contract]:
    """Draw a contract whose fields are often empty and often among the literals of `filters`."""
    text = st.none() | st.just("") | st.sampled_from(TEXTS)
    day = st.none() | st.sampled_from(DAYS)
    instant = st.none() | st.sampled_from(INSTANTS)
    return st.builds(
        Contract,
        ref=st.sampled_from(TEXTS).map(lambda name: ContractRef("contracts", name)),
        number=text,
        title=text,
        customer=text,
        status=text,
        amount=st.none() | st.sampled_from(NUMBERS),
        currency=text,
        start=day,
        end=day,
        owner=text,
        created=instant,
        modified=instant,
        state=st.just(RecordState.NORMAL),
        digest=st.just("0" * 64),
        raw=st.dictionaries(st.sampled_from(VENDOR_NAMES), st.sampled_from(_STORED)),
    )


CAUSES = tuple(Untold)


@st.composite
def less_known(draw: st.DrawFn, full: Contract) -> Contract:
    """Draw the same contract as a user sees it who is not told some of its fields, or the names behind some ids."""
    names = draw(st.sets(st.sampled_from([name for name in FIELDS if name != "id"])))
    untold = {name: draw(st.sampled_from(CAUSES)) for name in sorted(names)}
    shown: dict[str, Any] = {name: _behind(getattr(full, name), why) for name, why in untold.items()}
    raw = dict(full.raw)
    missing: dict[str, Untold | None] = dict(full.missing)
    for key in sorted(draw(st.sets(st.sampled_from(VENDOR_NAMES)))):
        if key not in raw:
            continue
        value = raw.pop(key)
        if draw(st.booleans()) and _nameless(value) != value:
            raw[key] = _nameless(value)
        elif draw(st.booleans()):
            missing[key] = draw(st.sampled_from(CAUSES))
    return replace(full, **shown, untold={**full.untold, **untold}, raw=raw, missing=missing)


def _behind(value: object, why: Untold) -> object:
    """Return what still stands in a field that is not known: the id behind a name, or nothing."""
    return "4150868000000225013" if why is Untold.UNRESOLVED and isinstance(value, str) and value else None


def _nameless(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: part for key, part in value.items() if key == "id"}
    return [_nameless(part) for part in value] if isinstance(value, list) else value
