"""Filters in COQL: a table from operator and data type to a condition, and what is left for us to evaluate.

What is pushed finds at least what the filter means: text is compared by Zoho in a way its pages leave open (case,
accents), so text conditions count as "perhaps more" and are never negated.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal

from crm_bridge.domain.filters.labels import field_hint
from crm_bridge.domain.filters.pushdown import Pushed, coverage_of, fold, split
from crm_bridge.domain.filters.tree import Compare, FieldRef, Filter, Literal, Op, conditions, fields_of
from crm_bridge.domain.records.field_map import require_meanings
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge_zoho.module.metadata import LOOKUPS, ZohoField
from crm_bridge_zoho.reading import coql

MOST_CONDITIONS = 6
"""One of our conditions may become four of Zoho's 25, and paging needs one."""
LONGEST_LIST = 100
LONGEST_IN = 50
SHORTEST_ID = 15
"""Digits of an id; a shorter number may be part of a name."""
NAME_COLUMNS = {"Accounts": "Account_Name", "Deals": "Deal_Name", "Vendors": "Vendor_Name", "Products": "Product_Name"}
"""The column by which a standard module's records are shown; custom modules have `Name`."""

Made = Pushed[str] | None
Make = Callable[[str, Compare], Made]

_ORDER = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}


class CoqlFilters:
    """Compiles filters for one module."""

    def __init__(
        self,
        module: str,
        fields: Mapping[str, ZohoField],
        meanings: Mapping[str, str],
        *,
        profile: str = "",
        org_currency: str = "",
    ) -> None:
        """`meanings` maps canonical names to API names; `profile` is the id of the user's profile."""
        self._module = module
        self._fields = fields
        self._meanings = meanings
        self._profile = profile
        self._known = frozenset(meanings) | ({"currency"} if org_currency else set())

    def compile(self, where: Filter) -> tuple[str | None, Filter | None]:
        """Return the COQL condition (None: all records) and the residual. UsageError for unknown fields."""
        self.check(where)
        parted = split(
            where,
            coverage_of(self._leaf),
            told=self.is_shown,
            can_or=True,
            can_not=False,
            max_conditions=MOST_CONDITIONS,
        )
        if parted.pushed is None:
            return None, parted.residual
        native = fold(
            parted.pushed,
            leaf=self._native,
            conjunction=lambda parts: coql.joined(parts, "and"),
            disjunction=lambda parts: coql.joined(parts, "or"),
            negation=lambda part: part,
        )
        return native, parted.residual

    def check(self, where: Filter) -> None:
        """Raise UsageError for a field or a meaning that the module does not have."""
        require_meanings(where, self._known, module=self._module)
        for ref in fields_of(where):
            if ref.vendor and ref.name != "id" and ref.name.partition(".")[0] not in self._fields:
                raise UsageError(
                    _("the module has no field {name}").format(name=ref.name),
                    reason="field",
                    hint=field_hint(ref.name, {name: field.label for name, field in self._fields.items()}),
                )
            field = self._fields.get(ref.name)
            if field is not None and not field.in_coql:
                raise UsageError(
                    _("Zoho cannot filter by {name} ({type})").format(name=ref.name, type=field.data_type),
                    reason="field",
                )

    def columns_of(self, where: Filter, *, but: Callable[[Compare], bool] = lambda _one: False) -> tuple[str, ...]:
        """Return the columns that evaluating the filter here needs, without those of some conditions."""
        refs = {one.field for one in conditions(where) if not but(one)}
        named = ((ref.name if ref.vendor else self._meanings.get(ref.name, "")) for ref in refs)
        return tuple(sorted({name for name in named if name}))

    def lookups_of(self, where: Filter) -> tuple[str, ...]:
        """Return the columns of the filter that hold other records, whose names it may be about."""
        named = (ref.name if ref.vendor else self._meanings.get(ref.name, "") for ref in fields_of(where))
        known = ((name, self._fields.get(name)) for name in named)
        return tuple(sorted({name for name, field in known if field is not None and field.data_type in LOOKUPS}))

    def is_shown(self, ref: FieldRef) -> bool:
        """Return whether Zoho's own description shows the field to the user's profile."""
        name = ref.name.partition(".")[0] if ref.vendor else self._meanings.get(ref.name, "")
        field = self._fields.get(name)
        return field is None or self._profile not in field.hidden_from

    def _native(self, condition: Compare) -> str:
        made = self._leaf(condition)
        assert made is not None, "only conditions that compile are pushed"
        return made.native

    def _leaf(self, condition: Compare) -> Made:
        column, kind = self._place(condition.field)
        table = TABLES.get(kind)
        if not column or table is None:
            return None
        make = table.get(condition.op)
        return make(coql.column(column), condition) if make else None

    def _place(self, ref: FieldRef) -> tuple[str, str]:
        """Return column and data type; empty for what no query can reach."""
        name = ref.name if ref.vendor else self._meanings.get(ref.name, "")
        if name == "id":
            return "id", "id"
        field = self._fields.get(name)
        if field is None or not field.in_coql:
            return "", ""
        if field.data_type == "lookup" and field.target:
            named = f"{name}.{NAME_COLUMNS.get(field.target, 'Name')}"
            # Contacts are shown by a name that Zoho puts together; no query can compare it.
            return (
                ("", "")
                if field.target in ("Contacts", "Leads")
                else (named, "vendor_lookup" if ref.vendor else "text")
            )
        if field.data_type in ("ownerlookup", "userlookup"):
            # People are shown by name, which no query compares; an id is found by the vendor field.
            return (name, "vendor_owner") if ref.vendor else ("", "")
        return name, field.data_type


def _spellings(value: Literal) -> list[str]:
    """Return the text as composed and as decomposed characters: Zoho keeps whichever it was given."""
    plain = str(value)
    return list(dict.fromkeys((plain, unicodedata.normalize("NFD", plain))))


def _text_equals(column: str, condition: Compare) -> Made:
    wanted = [spelling for value in condition.values for spelling in _spellings(value)]
    if len(wanted) > LONGEST_LIST:
        return None
    if len(wanted) == 1:
        return Pushed(f"{column} = {coql.text(wanted[0])}", exact=False)
    return Pushed(coql.any_id(wanted, LONGEST_IN, column), exact=False)


def _like(pattern: str) -> Make:
    def make(column: str, condition: Compare) -> Made:
        # A % or _ in the text is a wildcard for Zoho: it finds more, never less.
        parts = [f"{column} like {coql.text(pattern.format(one))}" for one in _spellings(condition.values[0])]
        return Pushed(coql.joined(parts, "or"), exact=False)

    return make


def _lookup_equals(column: str, condition: Compare) -> Made:
    by_name = _text_equals(column, condition)
    if by_name is None:
        return None
    ids = [str(value) for value in condition.values if str(value).isdigit()]
    if not ids:
        return by_name
    lookup = coql.column(column.partition(".")[0])
    return Pushed(coql.joined([coql.any_id(ids, LONGEST_IN, lookup), by_name.native], "or"), exact=False)


def _choice_equals(column: str, condition: Compare) -> Made:
    values = [str(value) for value in condition.values]
    if len(values) > LONGEST_LIST:
        return None
    if len(values) == 1:
        return Pushed(f"{column} = {coql.text(values[0])}")
    return Pushed(coql.any_id(values, LONGEST_IN, column))


def _choice_differs(column: str, condition: Compare) -> Made:
    values = [str(value) for value in condition.values]
    if len(values) > LONGEST_IN:
        return None
    listed = ",".join(coql.text(value) for value in values)
    differs = f"{column} != {listed}" if len(values) == 1 else f"{column} not in ({listed})"
    return Pushed(f"({differs} or {column} is null)")


def _owner_equals(column: str, condition: Compare) -> Made:
    values = [str(value) for value in condition.values]
    if not all(value.isascii() and value.isdigit() and len(value) >= SHORTEST_ID for value in values):
        return None
    return Pushed(coql.any_id(values, LONGEST_IN, column), exact=False) if len(values) <= LONGEST_LIST else None


def _boolean_equals(column: str, condition: Compare) -> Made:
    value = condition.values[0]
    return Pushed(f"{column} = {str(value).lower()}", exact=False) if isinstance(value, bool) else None


def _id_equals(column: str, condition: Compare) -> Made:
    values = [str(value) for value in condition.values]
    if not all(value.isdigit() and value.isascii() for value in values) or len(values) > LONGEST_LIST:
        return None
    return Pushed(coql.any_id(values, LONGEST_IN, column))


def _is_null(column: str, _condition: Compare) -> Made:
    return Pushed(f"{column} is null")


def _is_not_null(column: str, _condition: Compare) -> Made:
    return Pushed(f"{column} is not null")


def _number(value: Literal) -> str | None:
    return format(value, "f") if isinstance(value, Decimal) else None


def _day(value: Literal) -> str | None:
    if isinstance(value, datetime):
        value = value.astimezone(UTC).date()
    return coql.text(value.isoformat()) if isinstance(value, date) else None


def _ordered(literal: Callable[[Literal], str | None]) -> dict[Op, Make]:
    """Return the table of a type whose values have an order and one literal form."""

    def compared(column: str, condition: Compare) -> Made:
        value = literal(condition.values[0])
        return None if value is None else Pushed(f"{column} {_ORDER[condition.op]} {value}")

    def equals(column: str, condition: Compare) -> Made:
        values = [literal(value) for value in condition.values]
        if None in values or len(values) > LONGEST_IN:
            return None
        told = [value for value in values if value is not None]
        return Pushed(f"{column} = {told[0]}" if len(told) == 1 else f"{column} in ({','.join(told)})")

    def differs(column: str, condition: Compare) -> Made:
        value = literal(condition.values[0])
        return None if value is None else Pushed(f"({column} != {value} or {column} is null)")

    def between(column: str, condition: Compare) -> Made:
        low, high = (literal(value) for value in condition.values)
        return None if low is None or high is None else Pushed(f"{column} between {low} and {high}")

    table: dict[Op, Make] = dict.fromkeys(_ORDER, compared)
    return table | {Op.EQ: equals, Op.IN: equals, Op.NE: differs, Op.BETWEEN: between} | NULLITY


def _instant_bounds(value: Literal) -> tuple[str, str] | None:
    """Return the first and last second that a literal stands for: Zoho keeps whole seconds, a date is a day in UTC."""
    if isinstance(value, datetime):
        if value.microsecond:
            return None
        return (_instant(value), _instant(value))
    if isinstance(value, date):
        return _instant(datetime.combine(value, time(), UTC)), _instant(datetime.combine(value, time(23, 59, 59), UTC))
    return None


def _instant(value: datetime) -> str:
    return coql.text(value.astimezone(UTC).isoformat(timespec="seconds"))


def _instant_compared(column: str, condition: Compare) -> Made:
    bounds = _instant_bounds(condition.values[0])
    if bounds is None:
        return None
    first, last = bounds
    side = first if condition.op in (Op.LT, Op.GE) else last
    return Pushed(f"{column} {_ORDER[condition.op]} {side}")


def _instant_between(column: str, condition: Compare) -> Made:
    low = _instant_bounds(condition.values[0])
    high = _instant_bounds(condition.values[-1])
    return None if low is None or high is None else Pushed(f"{column} between {low[0]} and {high[1]}")


NULLITY: dict[Op, Make] = {Op.IS_NULL: _is_null, Op.IS_NOT_NULL: _is_not_null}
_TEXT: dict[Op, Make] = {
    Op.EQ: _text_equals,
    Op.IN: _text_equals,
    Op.CONTAINS: _like("%{}%"),
    Op.STARTS_WITH: _like("{}%"),
} | NULLITY
_CHOICE: dict[Op, Make] = {
    Op.EQ: _choice_equals,
    Op.IN: _choice_equals,
    Op.NE: _choice_differs,
    Op.NOT_IN: _choice_differs,
    Op.CONTAINS: _like("%{}%"),
    Op.STARTS_WITH: _like("{}%"),
} | NULLITY
_INSTANT: dict[Op, Make] = (
    dict.fromkeys(_ORDER, _instant_compared)
    | {
        Op.EQ: _instant_between,
        Op.BETWEEN: _instant_between,
    }
    | NULLITY
)
_NUMBER, _DATE = _ordered(_number), _ordered(_day)

TABLES: Mapping[str, Mapping[Op, Make]] = {
    "id": {Op.EQ: _id_equals, Op.IN: _id_equals},
    "text": _TEXT,
    "email": _TEXT,
    "phone": _TEXT,
    "website": _TEXT,
    "autonumber": {Op.EQ: _text_equals, Op.IN: _text_equals} | NULLITY,
    "picklist": _CHOICE,
    "vendor_lookup": _TEXT | {Op.EQ: _lookup_equals, Op.IN: _lookup_equals},
    "integer": _NUMBER,
    "bigint": _NUMBER,
    "double": _NUMBER,
    "currency": _NUMBER,
    "percent": _NUMBER,
    "date": _DATE,
    "datetime": _INSTANT,
    "multiselectpicklist": NULLITY,
    "boolean": {Op.EQ: _boolean_equals},
    "vendor_owner": {Op.EQ: _owner_equals, Op.IN: _owner_equals} | NULLITY,
}
"""Data type -> operator -> how the condition is written. Not listed: evaluated here."""
