"""How contracts look: as JSON fields, and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.output import Output
from crm_bridge.domain.capabilities import Support
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.domain.contract import Contract
    from crm_bridge.domain.obstacles import Deletability

CONTRACT = "crm-bridge.contract/1"
_MOST_DIGITS = 24


def contract_json(contract: Contract) -> dict[str, Any]:
    """Return a contract's fields; amounts as text, times in ISO 8601."""
    return {
        "id": contract.id,
        "number": contract.number,
        "title": contract.title,
        "customer": contract.customer,
        "status": contract.status,
        "amount": None if contract.amount is None else str(contract.amount),
        "currency": contract.currency,
        "start": contract.start.isoformat() if contract.start else None,
        "end": contract.end.isoformat() if contract.end else None,
        "owner": contract.owner,
        "created": contract.created.isoformat() if contract.created else None,
        "modified": contract.modified.isoformat() if contract.modified else None,
        "state": contract.state.value,
    }


def deletable_json(judged: Deletability) -> dict[str, Any]:
    """Return whether this user may delete a contract: `full` yes, `absent` no, `unproven` the CRM does not tell."""
    return {
        "may_be_deleted": judged.support.value,
        "obstacle": judged.reason.value if judged.reason else None,
        "who_can_help": (judged.reason.rule.helper.value or None) if judged.reason else None,
    }


def deletable_text(judged: Deletability) -> str:
    """Return the same in words, with what is missing."""
    if judged.reason is None:
        return _("yes") if judged.support is Support.FULL else _("not proven: the CRM tells only when it is tried")
    told = (_("no"), judged.reason.words, judged.hint, judged.reason.help)
    return "; ".join(part for part in told if part)


def contract_table(contracts: Iterable[Contract]) -> None:
    """Print contracts as a table."""
    columns = (_("number"), _("title"), _("customer"), _("status"), _("amount"), _("end"), _("id"))
    Output.table(columns, (_contract_row(contract) for contract in contracts))


def _contract_row(c: Contract) -> tuple[object, ...]:
    return (c.number, c.title, c.customer, c.status, money(c.amount, c.currency), c.end, c.id)


def money(amount: Any, currency: str | None) -> str:
    """Return `CNY 12,418.00`; two digits after the point, or more where there are more; empty if not known."""
    if amount is None:
        return ""
    if abs(amount.adjusted()) > _MOST_DIGITS:
        return f"{currency or ''} {amount}".strip()  # written out it would fill the memory
    exact = f"{amount:,f}"
    whole, _point, cents = exact.partition(".")
    return f"{currency or ''} {whole}.{cents.rstrip('0'):0<2}".strip()
