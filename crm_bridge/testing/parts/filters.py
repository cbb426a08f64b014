"""The part of the exam about filters: what the CRM evaluates and what we evaluate is together the filter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.rules import FIELDS, LISTING, NULLITY, ORDERING, TEXTUAL, FieldRef, Op, ValueKind
from crm_bridge.domain.filters.tree import Compare, Filter, Literal, Not, all_of, any_of, matches, value_of
from crm_bridge.testing.bench import Bench
from crm_bridge.testing.exam import Exam


class FilterExam(Exam):
    """Every operator on every field of a contract, and how they combine."""

    @pytest.mark.parametrize("name", list(FIELDS))
    def test_every_operator_means_what_it_says(self, bench: Bench, name: str) -> None:
        contracts = bench.listing()[0]
        wrong = [
            f"{condition.op.value} {condition.value!r}: {problem}"
            for condition in conditions_on(FieldRef(name), contracts)
            if (problem := self._difference(bench, condition, contracts))
        ]
        assert wrong == []

    def test_conditions_combine(self, bench: Bench) -> None:
        contracts = bench.listing()[0]
        status, amount, number = (FieldRef(name) for name in ("status", "amount", "number"))
        some = next(one for one in contracts if one.status and one.amount is not None and one.number)
        assert some.amount is not None
        assert some.status
        assert some.number
        one, two = Compare(status, Op.EQ, some.status), Compare(amount, Op.GT, some.amount)
        three = Compare(number, Op.CONTAINS, some.number[-2:])
        filters: tuple[Filter, ...] = (
            all_of(one, two),
            any_of(two, three),
            Not(one),
            Not(all_of(one, two)),
            any_of(all_of(one, Not(three)), two),
            all_of(any_of(one, three), any_of(two, Not(one))),
        )
        assert [text for each in filters if (text := self._difference(bench, each, contracts))] == []

    def _difference(self, bench: Bench, where: Filter, contracts: Sequence[Contract]) -> str:
        """Return what is missing or doubled; more than needed may come, the core applies the filter again."""
        expected = {one.id for one in contracts if matches(where, one)}
        found = [one.id for one in bench.listing(where)[0] if matches(where, one)]
        if len(found) != len(set(found)):
            return "contracts come more than once"
        missing, surplus = expected - set(found), set(found) - expected
        return f"missing {sorted(missing)}, surplus {sorted(surplus)}" if missing or surplus else ""


def conditions_on(field: FieldRef, contracts: Sequence[Contract]) -> Iterator[Compare]:
    """Yield one condition per operator that the field takes, on values that contracts really have."""
    values = _values(field, contracts)
    if not values:
        yield from (Compare(field, op) for op in NULLITY)
        return
    low, middle, high = values[0], values[len(values) // 2], values[-1]
    for op in Op:
        if (field.kind is ValueKind.TEXT and op in ORDERING) or (field.kind is not ValueKind.TEXT and op in TEXTUAL):
            continue
        if op in NULLITY:
            yield Compare(field, op)
        elif op in LISTING:
            yield Compare(field, op, (low, high))
        elif op is Op.BETWEEN:
            yield Compare(field, op, (low, middle))
        elif op in TEXTUAL:
            text = str(middle)
            yield Compare(field, op, text[:2] if op is Op.STARTS_WITH else text[len(text) // 2 :])
        else:
            yield Compare(field, op, middle)


def _values(field: FieldRef, contracts: Sequence[Contract]) -> list[Literal]:
    found = {value for one in contracts if (value := value_of(field, one)) not in (None, "")}
    ordered: list[Literal] = sorted(found, key=_order)  # type: ignore[arg-type]
    return ordered


def _order(value: Literal) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
