"""The rule book of conditions: fields, operators, and which literals go together."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from crm_bridge.domain.filters.values import Literal, order
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

MAX_DIGITS = 40


class Op(Enum):
    """Operator of a condition; the value is how it is written."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    CONTAINS = "~"
    NOT_CONTAINS = "!~"
    STARTS_WITH = "starts with"
    IN = "in"
    NOT_IN = "not in"
    BETWEEN = "between"
    IS_NULL = "is null"
    IS_NOT_NULL = "is not null"


ORDERING = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.BETWEEN})
TEXTUAL = frozenset({Op.CONTAINS, Op.NOT_CONTAINS, Op.STARTS_WITH})
NULLITY = frozenset({Op.IS_NULL, Op.IS_NOT_NULL})
LISTING = frozenset({Op.IN, Op.NOT_IN})

# True complements, also on empty and on incomparable values. `<` and `>=` are none: both are false on empty.
COMPLEMENT: Mapping[Op, Op] = {
    Op.EQ: Op.NE,
    Op.NE: Op.EQ,
    Op.CONTAINS: Op.NOT_CONTAINS,
    Op.NOT_CONTAINS: Op.CONTAINS,
    Op.IN: Op.NOT_IN,
    Op.NOT_IN: Op.IN,
    Op.IS_NULL: Op.IS_NOT_NULL,
    Op.IS_NOT_NULL: Op.IS_NULL,
}


class ValueKind(Enum):
    """Kind of a field's values: decides which operators and literals it takes."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    INSTANT = "instant"
    ANY = "any"


FIELDS: Mapping[str, ValueKind] = {
    "id": ValueKind.TEXT,
    "number": ValueKind.TEXT,
    "title": ValueKind.TEXT,
    "customer": ValueKind.TEXT,
    "status": ValueKind.TEXT,
    "amount": ValueKind.NUMBER,
    "currency": ValueKind.TEXT,
    "start": ValueKind.DATE,
    "end": ValueKind.DATE,
    "owner": ValueKind.TEXT,
    "created": ValueKind.INSTANT,
    "modified": ValueKind.INSTANT,
}


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field of every contract (`status`), or with `vendor=True` a field of this CRM under its own name."""

    name: str
    vendor: bool = False

    def __post_init__(self) -> None:
        """Refuse a name that cannot mean anything."""
        if not self.name:
            raise UsageError(_("a field needs a name"))
        if not self.vendor and self.name not in FIELDS:
            raise UsageError(
                _("contracts have no field {name}").format(name=self.name),
                hint=_("known fields: {names}; a field of the CRM itself is named as where[{name}]").format(
                    names=", ".join(FIELDS), name=f'"{self.name}"'
                ),
            )

    @property
    def kind(self) -> ValueKind:
        """Return what the field holds; nothing is known about a vendor's field."""
        return ValueKind.ANY if self.vendor else FIELDS[self.name]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a condition makes no sense; `at` is the index of the literal at fault, or None for the operator."""

    message: str
    hint: str = ""
    at: int | None = None


def problem(field: FieldRef, op: Op, values: Iterable[object]) -> Problem | None:
    """Return what is wrong with the condition, or None. One rule book for text, builder and code."""
    literals = tuple(values)
    return (
        _operator_problem(field, op)
        or _count_problem(op, len(literals))
        or next((p for i, v in enumerate(literals) if (p := _literal_problem(field, op, v, i))), None)
        or (_range_problem(*literals) if op is Op.BETWEEN else None)
    )


def _operator_problem(field: FieldRef, op: Op) -> Problem | None:
    if field.kind is ValueKind.TEXT and op in ORDERING:
        return Problem(
            _("{field} is text, and {op} does not order text").format(field=field.name, op=op.value),
            _("use =, !=, ~, starts with, or in (...)"),
        )
    if field.kind in (ValueKind.NUMBER, ValueKind.DATE, ValueKind.INSTANT) and op in TEXTUAL:
        return Problem(
            _("{field} is not text, so {op} cannot be asked of it").format(field=field.name, op=op.value),
            _("use =, !=, <, <=, >, >=, or between ... and ..."),
        )
    return None


def _count_problem(op: Op, count: int) -> Problem | None:
    if op in NULLITY:
        wrong, wanted = count != 0, _("no value")
    elif op is Op.BETWEEN:
        wrong, wanted = count != 2, _("two values")
    elif op in LISTING:
        wrong, wanted = count == 0, _("at least one value")
    else:
        wrong, wanted = count != 1, _("one value")
    return Problem(_("{op} takes {wanted}").format(op=op.value, wanted=wanted)) if wrong else None


def _literal_problem(field: FieldRef, op: Op, value: object, at: int) -> Problem | None:
    if isinstance(value, float):
        return Problem(
            _("{value} is a float, which is not exact").format(value=value),
            _("write Decimal({text}) or a whole number").format(text=f'"{value}"'),
            at,
        )
    if value == "":
        return Problem(_("an empty text matches nothing"), _("to find empty fields, ask: is null"), at)
    if not isinstance(value, str | int | Decimal | date):
        return Problem(_("a filter cannot compare with this kind of value: {kind}").format(kind=type(value).__name__),
                       _("to find empty fields, ask: is null") if value is None else "", at)  # fmt: skip
    if isinstance(value, datetime) and not _is_instant(value):
        return Problem(_("a date-time needs an offset from UTC"), _("for example 2024-01-31T09:00:00+08:00"), at)
    if isinstance(value, int | Decimal) and not _is_plain_number(value):
        return Problem(_("a number must be finite and have at most {count} digits").format(count=MAX_DIGITS), "", at)
    return _kind_problem(field, op, value, at)


def _kind_problem(field: FieldRef, op: Op, value: object, at: int) -> Problem | None:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    moment = isinstance(value, date)
    names = {"field": field.name, "op": op.value, "value": value}
    match field.kind:
        case ValueKind.TEXT if not isinstance(value, str):
            return Problem(
                _("{field} takes text").format(**names), _('put it in quotes: "{value}"').format(**names), at
            )
        case ValueKind.NUMBER if not number:
            return Problem(
                _("{field} takes a number").format(**names), _("for example 1000 or 99.50, without quotes"), at
            )
        case ValueKind.DATE | ValueKind.INSTANT if not moment:
            return Problem(
                _("{field} takes a date or a date-time").format(**names),
                _("for example 2024-01-31 or 2024-01-31T09:00:00+08:00, without quotes"),
                at,
            )
        case ValueKind.ANY if op in ORDERING and not (number or moment):
            return Problem(_("{op} orders numbers and dates, not text or truth values").format(**names), "", at)
        case ValueKind.ANY if op in TEXTUAL and not isinstance(value, str):
            return Problem(_("{op} takes text").format(**names), _('put it in quotes: "{value}"').format(**names), at)
    return None


def _range_problem(low: object, high: object) -> Problem | None:
    first, last = normal_literal(low, ValueKind.ANY), normal_literal(high, ValueKind.ANY)
    if isinstance(first, Decimal) is not isinstance(last, Decimal):
        return Problem(_("between takes two numbers or two dates"), "", 1)
    if order(first, last) == 1:
        return Problem(_("between matches nothing: the first value is greater than the second"), _("swap the two"), 0)
    return None


def normal_literal(value: object, kind: ValueKind) -> Literal:
    """Return the one form in which a checked literal is kept."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, datetime):
        return value.date() if kind is ValueKind.DATE else value.astimezone(UTC)
    assert isinstance(value, date), "`problem` refused everything else"
    return value


def _is_instant(value: datetime) -> bool:
    try:
        return value.utcoffset() is not None and value.astimezone(UTC) is not None
    except OverflowError:  # year 1 or 9999, pushed out of range by its offset
        return False


def _is_plain_number(value: int | Decimal) -> bool:
    number = Decimal(value)
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and number.adjusted() < MAX_DIGITS and -exponent <= MAX_DIGITS


def nearest_field(name: str) -> str | None:
    """Return the canonical field that the writer probably meant: other case, a letter too many, too few or swapped."""
    written = name.lower()
    near = [
        (edits, field)
        for field in FIELDS
        if abs(len(written) - len(field)) <= 2 and (edits := _edits(written, field)) <= (1 if len(field) <= 6 else 2)
    ]
    return min(near)[1] if near else None


def _edits(left: str, right: str) -> int:
    """Return the optimal string alignment distance: insertions, deletions, substitutions, swapped neighbours."""
    above: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        two_above, above, row = above, row, [i]
        for j, other in enumerate(right, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, two_above[j - 2] + 1)
            row.append(cost)
    return row[-1]
