"""Amounts in words: one, the sums of many in each currency, and how many contracts they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from crm_bridge.i18n import ngettext

_MOST_DIGITS = 24


def sums(amounts: Iterable[tuple[Decimal | None, str | None]]) -> dict[str, Decimal]:
    """Return the sum in each currency; of amounts that no sum can hold, none at all."""
    totals: dict[str, Decimal] = {}
    for value, currency in amounts:
        if value is not None and abs(value.adjusted()) > _MOST_DIGITS:
            return {}
        if value is not None:
            totals[currency or "?"] = totals.get(currency or "?", Decimal()) + value
    return totals


def counted(count: int, amounts: Mapping[str, Decimal]) -> str:
    """Return `85 contracts, CNY 12,418.00 + EUR 300.00`, largest sum first."""
    ordered = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
    worth = " + ".join(money(total, currency) for currency, total in ordered)
    contracts = ngettext("{count} contract", "{count} contracts", count).format(count=f"{count:,}")
    return ", ".join(filter(None, (contracts, worth)))


def money(amount: Decimal | None, currency: str | None) -> str:
    """Return `CNY 12,418.00`; two digits after the point, or more where there are more; empty if not known."""
    if amount is None:
        return ""
    if abs(amount.adjusted()) > _MOST_DIGITS:
        return f"{currency or ''} {amount}".strip()  # written out it would fill the memory
    exact = f"{amount:,f}"
    whole, _point, cents = exact.partition(".")
    return f"{currency or ''} {whole}.{cents.rstrip('0'):0<2}".strip()
