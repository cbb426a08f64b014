"""How contracts look: as JSON fields, and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key, title
from crm_bridge.domain.capabilities import Support
from crm_bridge.domain.money import counted, money, sums
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.domain.contract import Contract
    from crm_bridge.domain.planning.obstacles import Deletability

CONTRACT = "crm-bridge.contract/1"


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


_SHOWN = 20
"""Rows on a terminal, unless every one is asked for."""


def contract_table(contracts: Iterable[Contract], *, form: str = "", every: bool = False) -> None:
    """Print contracts as a table, with how many there are, and how much they are worth in each currency."""
    columns = (
        key(_("number")),
        title(_("title")),
        title(_("customer")),
        title(_("status")),
        amount(_("amount")),
        key(_("end")),
        key(_("id")),
    )
    found = list(contracts)
    footer = counted(len(found), sums((c.amount, c.currency) for c in found)) if found else ""
    Output.table(columns, map(_contract_row, found), footer=footer, form=form, most=0 if every else _SHOWN)


def _contract_row(c: Contract) -> tuple[object, ...]:
    return (c.number, c.title, c.customer, c.status, money(c.amount, c.currency), c.end, c.id)


def contract_pairs(c: Contract) -> list[tuple[str, object]]:
    """Return what is known about a contract, in words."""
    lasting = " – ".join(day.isoformat() for day in (c.start, c.end) if day)
    told: list[tuple[str, object]] = [
        (_("number"), c.number),
        (_("title"), c.title),
        (_("customer"), c.customer),
        (_("status"), c.status),
        (_("amount"), money(c.amount, c.currency)),
        (_("term"), lasting),
        (_("owner"), c.owner),
        (_("created"), c.created and c.created.isoformat(timespec="minutes")),
        (_("modified"), c.modified and c.modified.isoformat(timespec="minutes")),
        (_("id"), c.id),
    ]
    return [(label, value) for label, value in told if value]
