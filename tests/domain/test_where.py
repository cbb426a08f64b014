"""Filters written in Python mean the same as their text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm_bridge import all_of, where
from crm_bridge.domain.filters.syntax import parse_filter, to_text
from crm_bridge.domain.filters.tree import Filter
from crm_bridge.errors import UsageError


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (where.status == "Expired", 'status = "Expired"'),
        (where.status != "Expired", 'status != "Expired"'),
        (where.customer.contains("Acme"), 'customer ~ "Acme"'),
        (where.customer.lacks("Acme"), 'customer !~ "Acme"'),
        (where.number.starts_with("HT-"), 'number starts with "HT-"'),
        (where.amount < 1000, "amount < 1000"),
        (where.amount <= Decimal("99.50"), "amount <= 99.50"),
        (where.amount > 0, "amount > 0"),
        (where.amount >= 1000, "amount >= 1000"),
        (where.amount.between(1, 5), "amount between 1 and 5"),
        (where.end.before(date(2020, 1, 1)), "end < 2020-01-01"),
        (where.created.after(datetime(2024, 1, 1, tzinfo=UTC)), "created > 2024-01-01T00:00:00Z"),
        (where.status.one_of(["A", "B"]), 'status in ("A", "B")'),
        (where.status.none_of(name for name in "AB"), 'status not in ("A", "B")'),
        (where.owner.is_empty(), "owner is null"),
        (where.owner.is_not_empty(), "owner is not null"),
        (where["合同等级"] == 1, "合同等级 = 1"),
        (where["Signed"] == True, "Signed = true"),  # noqa: E712
        (where["status"] == "raw", '`status` = "raw"'),
        (
            (where.amount < 1) | (where.amount > 5) & ~(where.amount == 9),
            "amount < 1 or (amount > 5 and not amount = 9)",
        ),
        (all_of(where.status == "A", where.amount < 1), 'status = "A" and amount < 1'),
    ],
)
def test_every_way_to_ask_has_its_text(built: Filter, text: str) -> None:
    assert (to_text(built), built) == (text, parse_filter(text))


def test_a_float_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(UsageError) as caught:
        where.amount < 99.5  # type: ignore[operator]  # noqa: B015
    assert caught.value.hint == 'write Decimal("99.5") or a whole number'


def test_a_condition_in_an_if_is_refused() -> None:
    with pytest.raises(UsageError, match="neither true nor false"):
        bool(where.status == "A")


def test_python_and_between_conditions_is_refused() -> None:
    with pytest.raises(UsageError, match="neither true nor false"):
        bool((where.status == "A") and (where.amount < 1))


def test_a_chained_comparison_is_refused() -> None:
    with pytest.raises(UsageError, match="neither true nor false"):
        1 < where.amount < 5  # noqa: B015


def test_a_field_in_an_if_is_refused() -> None:
    with pytest.raises(UsageError, match=r"where\.status is a field, not a condition"):
        bool(where.status)


def test_none_is_refused_with_what_to_ask_instead() -> None:
    with pytest.raises(UsageError) as caught:
        where.owner == None  # noqa: B015, E711
    assert caught.value.hint == "to find empty fields, ask where.owner.is_empty()"


def test_one_text_is_no_list() -> None:
    with pytest.raises(UsageError, match="take a list"):
        where.status.one_of("Expired")


def test_a_mistyped_field_is_refused_with_what_was_meant() -> None:
    with pytest.raises(UsageError) as caught:
        where.stauts  # noqa: B018
    assert caught.value.hint == "did you mean where.status?"


def test_an_unknown_field_is_refused_with_the_bracket_form() -> None:
    with pytest.raises(UsageError) as caught:
        where.contract_level  # noqa: B018
    assert 'where["contract_level"]' in caught.value.hint
