"""Totals of a plan: sums of money, and what no sum can be made with."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.money import money
from crm_bridge.domain.planning.plan import Totals
from crm_bridge.domain.planning.target import Card, Target
from crm_bridge.errors import GuardError


def target(amount: Decimal | None, currency: str | None = "CNY") -> Target:
    return Target(ContractRef("Contracts", "1"), "d", Card(amount=amount, currency=currency))


@pytest.mark.parametrize("amount", ["1E+999999999", "-1E+999999999", "1E-999999999", "NaN", "Infinity", "1E+25"])
def test_an_amount_out_of_range_is_refused_and_named(amount: str) -> None:
    with pytest.raises(GuardError) as caught:
        Totals().plus(target(Decimal(amount)))
    assert (caught.value.reason, caught.value.exit_code) == ("amount_out_of_range", 4)
    assert "contract 1 " in caught.value.message


@pytest.mark.parametrize("amount", ["1E+999999999", "1E-999999999"])
def test_an_amount_out_of_range_is_shown_as_it_is_written(amount: str) -> None:
    assert money(Decimal(amount), "EUR") == f"EUR {amount}"


def test_sums_are_kept_by_currency() -> None:
    totals = (
        Totals().plus(target(Decimal("1.5"))).plus(target(Decimal("2"))).plus(target(None)).plus(target(Decimal(0)))
    )
    assert (totals.count, totals.amounts) == (4, {"CNY": Decimal("3.5")})
    assert totals.plus(target(Decimal("-7"), None)).amounts["?"] == -7
