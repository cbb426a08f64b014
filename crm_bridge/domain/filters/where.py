"""Filters written in Python: `where.status == "Expired"`, `where["Vendor_Field"] > 3`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn

from crm_bridge.domain.filters.rules import FIELDS, nearest_field
from crm_bridge.domain.filters.tree import Compare, FieldRef, Op
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

Value = str | int | Decimal | bool | date | datetime
Ordered = int | Decimal | date | datetime


class WhereField:
    """One field, waiting for its condition. Floats are refused: write whole numbers or Decimal."""

    __slots__ = ("_field",)
    __hash__ = None  # type: ignore[assignment]  # `==` builds a condition, so it cannot serve a dict

    def __init__(self, field: FieldRef) -> None:
        """Wait for a condition on `field`."""
        self._field = field

    def __repr__(self) -> str:
        return f'where["{self._field.name}"]' if self._field.vendor else f"where.{self._field.name}"

    def __eq__(self, value: Value) -> Compare:  # type: ignore[override]
        return self._is(Op.EQ, value)

    def __ne__(self, value: Value) -> Compare:  # type: ignore[override]
        return self._is(Op.NE, value)

    def __lt__(self, value: Ordered) -> Compare:
        return self._is(Op.LT, value)

    def __le__(self, value: Ordered) -> Compare:
        return self._is(Op.LE, value)

    def __gt__(self, value: Ordered) -> Compare:
        return self._is(Op.GT, value)

    def __ge__(self, value: Ordered) -> Compare:
        return self._is(Op.GE, value)

    def contains(self, text: str) -> Compare:
        """Ask for fields that contain the text, case-sensitive.

        >>> condition = where.title.contains("Draft")
        """
        return self._is(Op.CONTAINS, text)

    def lacks(self, text: str) -> Compare:
        """Ask for fields that do not contain the text; empty ones do not either.

        >>> condition = where.title.lacks("Draft")
        """
        return self._is(Op.NOT_CONTAINS, text)

    def starts_with(self, text: str) -> Compare:
        """Ask for fields that begin with the text, case-sensitive.

        >>> condition = where.number.starts_with("HT-2025")
        """
        return self._is(Op.STARTS_WITH, text)

    def before(self, moment: date) -> Compare:
        """Ask for dates before the day, or date-times before the instant or before the day begins in UTC.

        >>> condition = where.end.before(date(2026, 1, 1))
        """
        return self._is(Op.LT, moment)

    def after(self, moment: date) -> Compare:
        """Ask for dates after the day, or date-times after the instant or after the day has ended in UTC.

        >>> condition = where.end.after(date(2026, 1, 1))
        """
        return self._is(Op.GT, moment)

    def between(self, low: Ordered, high: Ordered) -> Compare:
        """Ask for values from `low` to `high`, both included.

        >>> condition = where.amount.between(100, 200)
        """
        return self._is(Op.BETWEEN, low, high)

    def one_of(self, values: Iterable[Value]) -> Compare:
        """Ask for any of the values.

        >>> condition = where.status.one_of(["Expired", "Cancelled"])
        """
        return self._is(Op.IN, *_members(values))

    def none_of(self, values: Iterable[Value]) -> Compare:
        """Ask for none of the values; empty fields are none of them.

        >>> condition = where.status.none_of(["Active"])
        """
        return self._is(Op.NOT_IN, *_members(values))

    def is_empty(self) -> Compare:
        """Ask for fields without a value.

        >>> condition = where.customer.is_empty()
        """
        return self._is(Op.IS_NULL)

    def is_not_empty(self) -> Compare:
        """Ask for fields with a value.

        >>> condition = where.owner.is_not_empty()
        """
        return self._is(Op.IS_NOT_NULL)

    def __bool__(self) -> NoReturn:
        raise UsageError(
            _("{field} is a field, not a condition").format(field=repr(self)),
            hint=_('compare it with something, for example where.status == "Expired"'),
        )

    def _is(self, op: Op, *values: object) -> Compare:
        several = op in (Op.IN, Op.NOT_IN, Op.BETWEEN)
        # Unchecked here: `Compare` refuses what does not fit the field, in the words that the text syntax uses.
        given: object = values if several else values[0] if values else None
        if given is None and values:
            raise UsageError(
                _("{field} cannot be compared with None").format(field=repr(self)),
                hint=_("to find empty fields, ask {field}.is_empty()").format(field=repr(self)),
            )
        return Compare(self._field, op, given)  # type: ignore[arg-type]


class Where:
    """The fields of every contract as attributes, and any field of the CRM itself in brackets.

    Conditions are written with `== != < <= > >=` and the methods of a field, and combined with `&`, `|` and `~`.

    >>> drafts = (where.status == "Expired") & ~where.title.contains("Draft") & (where["Region__c"] == "North")
    """

    __slots__ = ()

    id = WhereField(FieldRef("id"))
    number = WhereField(FieldRef("number"))
    title = WhereField(FieldRef("title"))
    customer = WhereField(FieldRef("customer"))
    status = WhereField(FieldRef("status"))
    amount = WhereField(FieldRef("amount"))
    currency = WhereField(FieldRef("currency"))
    start = WhereField(FieldRef("start"))
    end = WhereField(FieldRef("end"))
    owner = WhereField(FieldRef("owner"))
    created = WhereField(FieldRef("created"))
    modified = WhereField(FieldRef("modified"))

    def __getitem__(self, name: str) -> WhereField:
        """Return the CRM's own field of that name, even if contracts have one of the same name."""
        return WhereField(FieldRef(name, vendor=True))

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # what Python itself looks for, and must be told the usual way
            raise AttributeError(name)
        meant = nearest_field(name)
        raise UsageError(
            _("contracts have no field {name}").format(name=name),
            hint=_("did you mean where.{meant}?").format(meant=meant)
            if meant
            else _('known fields: {names}; a field of the CRM itself: where["{name}"]').format(
                names=", ".join(FIELDS), name=name
            ),
        )


def _members(values: Iterable[Value]) -> tuple[Value, ...]:
    if isinstance(values, str):
        raise UsageError(
            _("one_of and none_of take a list, not one text"),
            hint=_('write one_of(["A", "B"]), even for a single value'),
        )
    return tuple(values)


where = Where()
"""The start of every filter in Python."""
