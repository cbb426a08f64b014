"""How a value that a CRM holds compares with a literal of a filter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

Literal = str | Decimal | bool | date | datetime
V = TypeVar("V")

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stored_values(value: object) -> Iterator[object]:
    """Yield the comparable parts: members of a list, name and id of a lookup, nothing at all for "no value"."""
    if isinstance(value, Mapping):
        for key in ("name", "id"):
            yield from stored_values(value.get(key))
    elif isinstance(value, list | tuple):
        for member in value:
            yield from stored_values(member)
    elif value is not None and value != "":
        yield value


def whole(value: object) -> bool:
    """Return whether a value is told in full: False for a lookup with an id and no name, also inside a list."""
    if isinstance(value, Mapping):
        return "id" not in value or bool(value.get("name"))
    return all(whole(member) for member in value) if isinstance(value, list | tuple) else True


def equal(stored: object, literal: Literal) -> bool:
    """Return whether both are the same text, number, truth value, day or instant."""
    if isinstance(literal, str):
        return text_of(stored) == literal
    if isinstance(literal, bool):
        return _truth(stored) is literal
    return order(stored, literal) == 0


def order(stored: object, literal: Literal) -> int | None:
    """Return -1, 0 or 1 as the stored value lies before, on or after the literal; None when they do not compare."""
    if isinstance(literal, datetime):
        return _order_in_time(_moment(stored), literal)
    if isinstance(literal, date):
        return _order_in_time(_moment(stored), literal)
    if isinstance(literal, Decimal):
        number = _number(stored)
        return None if number is None else (number > literal) - (number < literal)
    return None


def text_of(stored: object) -> str | None:
    """Return the text in NFC; numbers as their digits, because ids and codes arrive as either."""
    if isinstance(stored, str):
        return unicodedata.normalize("NFC", stored)
    if isinstance(stored, bool) or not isinstance(stored, int | Decimal):
        return None
    return str(stored)


def without_case(value: V) -> V | str:
    """Return a text without its case; other values as they are."""
    return value.casefold() if isinstance(value, str) else value


def _number(stored: object) -> Decimal | None:
    if isinstance(stored, bool):
        return None
    if isinstance(stored, float):
        stored = repr(stored)  # the shortest digits that mean this float, as JSON wrote them
    if isinstance(stored, Decimal):
        return stored if stored.is_finite() else None
    if isinstance(stored, int):
        return Decimal(stored)
    if isinstance(stored, str):
        digits = stored.strip()
        return Decimal(digits) if _NUMBER.fullmatch(digits) else None
    return None


def _truth(stored: object) -> bool | None:
    if isinstance(stored, bool):
        return stored
    if isinstance(stored, str):
        return {"true": True, "false": False}.get(stored.strip().lower())
    return None


def _moment(stored: object) -> date | datetime | None:
    """Read a day or an instant; a date-time without an offset counts as UTC, a whole number as epoch milliseconds."""
    try:
        if isinstance(stored, datetime):
            return _in_utc(stored)
        if isinstance(stored, date):
            return stored
        if isinstance(stored, int) and not isinstance(stored, bool):
            return _EPOCH + timedelta(milliseconds=stored)
        if isinstance(stored, str) and _DAY.match(stored):
            return date.fromisoformat(stored) if len(stored) == 10 else _in_utc(datetime.fromisoformat(stored))
    except (ValueError, OverflowError):  # 2024-02-30, or outside the years 1 to 9999: not a moment
        return None
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _order_in_time(stored: date | datetime | None, literal: date | datetime) -> int | None:
    if stored is None:
        return None
    if isinstance(stored, datetime) and isinstance(literal, datetime):
        return (stored > literal) - (stored < literal)
    # A day against an instant, or two days: compare days, so that a bare date means that whole day in UTC.
    left, right = _day(stored), _day(literal)
    return (left > right) - (left < right)


def _day(moment: date | datetime) -> date:
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
