"""Dates and times as people write them: read as a column, because a single cell may not tell day from month."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from crm_bridge.i18n import N_
from crm_bridge.spreadsheets.amounts import NO_VALUE, Unread

NOT_A_DATE = N_("not a date")
NO_SUCH_DAY = N_("there is no such day")
DAY_OR_MONTH = N_("day or month first: the column does not tell")
WHICH_CENTURY = N_("the year has two digits")

_EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheets, as their count stands from March 1900 on."""
_DAY_NUMBERS = range(20_000, 80_000)
_YEARS = range(1900, 2200)
"""Years in which eight digits without any mark are taken for a date."""
_MONTHS = (
    "jan januar january janvier janv januari|feb fev fevr februar february fevrier februari|"
    "mar mrz marz maerz march mars|apr avr april avril|may mai maj|jun juin juni june|jul juil juli july juillet|"
    "aug aout august augusti|sep sept september septembre|oct okt october oktober octobre|"
    "nov november novembre|dec dez des december dezember decembre"
)
_MONTH = {name: number for number, names in enumerate(_MONTHS.split("|"), 1) for name in names.split()}
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民国": 1911, "民國": 1911}
_CLOCK = re.compile(
    r"(?:[T\s]\s*(?P<half>上午|下午)?\s*(?P<hour>\d{1,2})[:時时](?P<minute>\d{2})(?:[:分](?P<second>\d{2})秒?)?"
    r"(?:[.,](?P<fraction>\d{1,6})\d*)?\s*(?P<noon>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)$"
)
_WEEKDAY = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+|\s*[(]?(?:星期|周|週)[一二三四五六日天][)]?$", re.IGNORECASE
)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})\s*([-/.年])\s*(?P<m>\d{1,2})\s*(?:\2|月)\s*(?P<d>\d{1,2})\s*[日号]?")
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})")
_ERA = re.compile(
    rf"(?P<era>{'|'.join(_ERAS)})\s*(?P<y>\d{{1,3}}|元)\s*年\s*(?P<m>\d{{1,2}})\s*月\s*(?P<d>\d{{1,2}})\s*日?"
)
_DAY_NAMED = re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]*(?P<name>[a-z]+)\.?[\s,-]*(?P<y>\d{4}|\d{2})", re.I)
_NAMED_DAY = re.compile(r"(?P<name>[a-z]+)\.?[\s-]*(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s,-]+(?P<y>\d{4}|\d{2})", re.I)
_YEAR_NAMED = re.compile(r"(?P<y>\d{4})[\s-]+(?P<name>[a-z]+)\.?[\s-]+(?P<d>\d{1,2})", re.I)
_TWO_FIRST = re.compile(r"(?P<a>\d{1,2})(?P<sign>[/.-])(?P<b>\d{1,2})(?P=sign)(?P<y>\d{4}|\d{2})\.?")
_THIS_CENTURY = 29
"""The last two-digit year that spreadsheets take for this century; later ones are not guessed."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """Year, and two numbers of which one is the day: in the written order."""

    year: int
    first: int
    second: int
    order: str | None
    """`dmy` or `mdy` where the form says so; None where the column has to."""


def read_dates(cells: Sequence[str], *, order: str | None = None) -> list[date | Unread | None]:
    """Return the dates of a column: a date, None for a cell without value, or `Unread` with the reason.

    `order` (`dmy`, `mdy`) says what stands first where the cells do not; else it is concluded from all of them.
    A time of day is left out; the day is the one that is written, whatever the offset.
    """
    parsed = [_parse(_without_clock(cell)[0], cell) for cell in cells]
    known = order or _order_of([part for part in parsed if isinstance(part, _Parts)])
    return [
        _day(part, cell, known) if isinstance(part, _Parts) else part for part, cell in zip(parsed, cells, strict=True)
    ]


def read_moments(cells: Sequence[str], *, order: str | None = None) -> list[datetime | Unread | None]:
    """Return the moments of a column; a time without an offset is taken as UTC, a date alone as its midnight."""
    days = read_dates(cells, order=order)
    return [_moment(day, cell) if isinstance(day, date) else day for day, cell in zip(days, cells, strict=True)]


def _moment(day: date, cell: str) -> datetime | Unread:
    _text, clock = _without_clock(cell)
    if clock is None:
        return datetime.combine(day, time(tzinfo=UTC)) + _part_of_day(_text)
    hour, minute, second = (int(clock[part] or 0) for part in ("hour", "minute", "second"))
    half = (clock["noon"] or clock["half"] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return Unread(cell, NOT_A_DATE)
        hour = hour % 12 + (12 if half in ("pm", "下午") else 0)
    micro = int((clock["fraction"] or "0").ljust(6, "0"))
    try:
        return datetime.combine(day, time(hour, minute, second, micro, tzinfo=_zone(clock["zone"])))
    except ValueError:
        return Unread(cell, NOT_A_DATE)


def _part_of_day(text: str) -> timedelta:
    """Return the time that a day number carries behind its point, to the second."""
    match = re.fullmatch(r"\d{5}[.,](\d+)", text)
    return timedelta(seconds=round(float(f"0.{match[1]}") * 86_400)) if match else timedelta()


def _zone(offset: str | None) -> timezone:
    if offset is None or offset[0] not in "+-":
        return UTC
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-ahead if offset[0] == "-" else ahead)


def _without_clock(cell: str) -> tuple[str, re.Match[str] | None]:
    text = _WEEKDAY.sub("", unicodedata.normalize("NFKC", cell).strip())
    clock = _CLOCK.search(text)
    return (_WEEKDAY.sub("", text[: clock.start()].strip()), clock) if clock else (text, None)


def _parse(text: str, cell: str) -> _Parts | date | Unread | None:
    if not text or text.lower() in NO_VALUE:
        return None
    if re.fullmatch(r"\d{5}(?:[.,]\d+)?", text):
        number = int(text[:5])
        return _EPOCH + timedelta(days=number) if number in _DAY_NUMBERS else Unread(cell, NOT_A_DATE)
    if match := _ERA.fullmatch(text):
        count = 1 if match["y"] == "元" else int(match["y"])
        return _date(_ERAS[match["era"]] + count, int(match["m"]), int(match["d"]), cell)
    match = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    if match and (int(match["y"]) in _YEARS or len(text) != 8):
        return _date(int(match["y"]), int(match["m"]), int(match["d"]), cell)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    if match := _DAY_NAMED.fullmatch(plain) or _NAMED_DAY.fullmatch(plain) or _YEAR_NAMED.fullmatch(plain):
        month = _MONTH.get(match["name"].lower())
        year = _year(match["y"])
        if month is None or year is None:
            return Unread(cell, NOT_A_DATE if month is None else WHICH_CENTURY)
        return _date(year, month, int(match["d"]), cell)
    if match := _TWO_FIRST.fullmatch(text):
        year = _year(match["y"])
        if year is None:
            return Unread(cell, WHICH_CENTURY)
        return _Parts(year, int(match["a"]), int(match["b"]), "dmy" if match["sign"] == "." else None)
    return Unread(cell, NOT_A_DATE)


def _year(text: str) -> int | None:
    if len(text) == 4:
        return int(text)
    return 2000 + int(text) if int(text) <= _THIS_CENTURY else None


def _order_of(column: Sequence[_Parts]) -> str | None:
    open_ = [part for part in column if part.order is None]
    orders = {"dmy" for part in open_ if part.first > 12} | {"mdy" for part in open_ if part.second > 12}
    return orders.pop() if len(orders) == 1 else None


def _day(part: _Parts, cell: str, known: str | None) -> date | Unread:
    order = part.order or known
    if order is None:
        if part.first > 12 or part.second > 12:
            order = "dmy" if part.first > 12 else "mdy"
        elif part.first != part.second:
            return Unread(cell, DAY_OR_MONTH)
    day, month = (part.second, part.first) if order == "mdy" else (part.first, part.second)
    return _date(part.year, month, day, cell)


def _date(year: int, month: int, day: int, cell: str) -> date | Unread:
    try:
        return date(year, month, day)
    except ValueError:
        return Unread(cell, NO_SUCH_DAY)
