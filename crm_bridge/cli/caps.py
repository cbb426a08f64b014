"""Caps of the policy that one plan sets for itself, as options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.connection import RaisedCaps

F = TypeVar("F", bound=Callable[..., Any])
_COUNT = click.IntRange(min=1)
_DECLARATIONS = (
    click.option("--max-contracts", type=_COUNT, default=None, help="Contracts that the plan may have."),
    click.option("--max-leaves", type=_COUNT, default=None, help="Lines, notes and files that may go along."),
    click.option("--max-share", type=click.IntRange(1, 100), default=None, help="Percent of the module it may have."),
    click.option("--max-per-customer", type=_COUNT, default=None, help="Contracts of one customer it may have."),
    click.option("--max-amount", multiple=True, metavar="CUR:AMOUNT", help="Money in a currency that it may have."),
)


def cap_options(command: F) -> F:
    """Let a command take the options that set a cap for one plan."""
    for declaration in reversed(_DECLARATIONS):
        command = declaration(command)
    return command


def caps_of(chosen: Mapping[str, Any]) -> RaisedCaps:
    """Return the caps that were given. Raises UsageError."""
    return {
        "max_contracts": chosen["max_contracts"],
        "max_leaves": chosen["max_leaves"],
        "max_share": chosen["max_share"],
        "max_per_customer": chosen["max_per_customer"],
        "max_amount": dict(map(_money, chosen["max_amount"])) or None,
    }


def _money(text: str) -> tuple[str, Decimal]:
    currency, _colon, amount = text.partition(":")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal("NaN")
    if len(currency) != 3 or not value.is_finite() or value < 0:
        raise UsageError(_("max_amount takes a number per currency, such as CNY:1000000"))
    return currency.upper(), value
