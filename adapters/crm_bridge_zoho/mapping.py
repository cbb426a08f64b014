"""From a row of Zoho to a Contract, and to the digest that tells whether it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge.domain.contract import Contract, ContractRef, Untold
from crm_bridge.domain.records.content import Content, digits_of
from crm_bridge.domain.records.shown import ShownFields
from crm_bridge_zoho.module.record_states import state_of
from crm_bridge_zoho.wire import id_text


class RowReader:
    """Reads rows of one module, whichever call they came from."""

    def __init__(self, module: str, meanings: Mapping[str, str], content: Content, org_currency: str = "") -> None:
        """`meanings` maps canonical names to API names; `org_currency` is that of a module without currency."""
        self._module = module
        self._meanings = meanings
        self._content = content
        self._currency = "" if "currency" in meanings else org_currency

    def contract(self, row: Mapping[str, object], shown_fields: ShownFields) -> Contract:
        """Return the contract of a row; `shown_fields` tells what the fields mean that the row lacks."""
        values: dict[str, Any] = {}
        untold: dict[str, Untold] = {}
        for meaning, read in _READ.items():
            name = self._meanings.get(meaning)
            value = read(row.get(name)) if name else None
            why = shown_fields.why_unknown("", row, name, value)
            if meaning == "currency" and value is None and self._currency and why in (None, Untold.NO_FIELD):
                value, why = self._currency, None
            values[meaning] = value
            if why is not None:
                untold[meaning] = why
        return Contract(
            ref=ContractRef(self._module, id_text(row.get("id"))),
            **values,
            state=state_of(row),
            digest=self.digest(row),
            raw=row,
            untold=untold,
            missing=shown_fields.missing_in("", row),
            modified_by=shown(row.get("Modified_By")),
        )

    def digest(self, row: Mapping[str, object]) -> str:
        """Return the drift digest: the same for the same content, whichever call the row came from."""
        return self._content.digest(row)


def shown(value: object) -> str | None:
    """Return what people read: the name of a lookup, else its id; text as it is; None for nothing."""
    if isinstance(value, Mapping):
        return shown(value.get("name")) or shown(value.get("id"))
    if value is None or value == "" or isinstance(value, bool | list):
        return None
    return digits_of(value) if isinstance(value, Decimal) else str(value)


def amount_of(value: object) -> Decimal | None:
    """Return an amount exactly as written; None for nothing or no number."""
    if value is None or isinstance(value, bool | list | Mapping):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def day_of(value: object) -> date | None:
    """Return the day of a date or date-time."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def instant_of(value: object) -> datetime | None:
    """Return the instant of a date-time with an offset, in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


_READ: Mapping[str, Callable[[object], object]] = {
    "number": shown,
    "title": shown,
    "customer": shown,
    "status": shown,
    "amount": amount_of,
    "currency": shown,
    "start": day_of,
    "end": day_of,
    "owner": shown,
    "created": instant_of,
    "modified": instant_of,
}
