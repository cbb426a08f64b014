"""From a row of Zoho to a Contract, and to the digest that tells whether it changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from crm_bridge.domain.content import Content, digits_of
from crm_bridge.domain.contract import Contract, ContractRef
from crm_bridge_zoho.states import state_of
from crm_bridge_zoho.wire import id_text


class RowReader:
    """Reads rows of one module, whichever call they came from."""

    def __init__(self, module: str, meanings: Mapping[str, str], content: Content, org_currency: str = "") -> None:
        """`meanings` maps canonical names to API names; `org_currency` is that of a module without currency."""
        self._module = module
        self._meanings = meanings
        self._content = content
        self._currency = "" if "currency" in meanings else org_currency

    def contract(self, row: Mapping[str, object]) -> Contract:
        """Return the contract of a row that has at least the base columns."""
        owner = row.get(self._meanings.get("owner", "Owner"))
        return Contract(
            ref=ContractRef(self._module, id_text(row.get("id"))),
            number=shown(self._value(row, "number")),
            title=shown(self._value(row, "title")),
            customer=shown(self._value(row, "customer")),
            status=shown(self._value(row, "status")),
            amount=amount_of(self._value(row, "amount")),
            currency=shown(self._value(row, "currency")) or self._currency or None,
            start=day_of(self._value(row, "start")),
            end=day_of(self._value(row, "end")),
            owner=shown(owner),
            created=instant_of(self._value(row, "created")),
            modified=instant_of(self._value(row, "modified")),
            state=state_of(row),
            digest=self.digest(row),
            raw=row,
        )

    def digest(self, row: Mapping[str, object]) -> str:
        """Return the drift digest: the same for the same content, whichever call the row came from."""
        return self._content.digest(row)

    def _value(self, row: Mapping[str, object], meaning: str) -> object:
        name = self._meanings.get(meaning)
        return row.get(name) if name else None


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
