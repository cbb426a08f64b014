"""Amounts as people write them: read as a column, because a single cell does not tell its decimal mark."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from crm_bridge.i18n import N_

NO_VALUE = frozenset({"-", "--", "—", "–", "/", "n/a", "na", "#n/a", "null", "none", "nil", "无", "暂无", "空"})
"""What people write into a cell that has no value, in lower case."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell that could not be read for certain: its text, and why not (a message)."""

    cell: str
    why: str


NOT_AN_AMOUNT = N_("not an amount")
TWO_READINGS = N_("thousands or decimals: the column does not tell")
ROUNDED = N_("rounded by a spreadsheet")

_UNITS = """
AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNH CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JOD JPY KES KRW KWD
KZT LKR MAD MOP MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RMB RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU
VND ZAR 人民币元 人民币 美元 欧元 港币 港元 日元 日圆 英镑 新台币 台币 韩元 澳元 元整 元 圆整 圆 円 块
HK$ US$ NT$ A$ C$ S$ R$ CA$ AU$ $ ¥ £ € ₹ ₽ ₩ ฿ ₫ ₺ ₪ zł Kč kr. kr Rs. Rs SFr. SFr Fr. euros euro dollars dollar
"""
_UNIT = "|".join(re.escape(word) for word in sorted(_UNITS.split(), key=len, reverse=True))
_LEADING = re.compile(rf"(?:{_UNIT})\s*", re.IGNORECASE)
_TRAILING = re.compile(rf"\s*(?:{_UNIT})", re.IGNORECASE)
_MINUS = str.maketrans(dict.fromkeys("−–—‐‑﹣", "-"))
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "′": "'", "٬": "'"})
_ROUND_ENDING = re.compile(r"(?:[.,:](?:-{1,2}|—|–)|/-)$")

_CHINESE = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8}
_CHINESE |= {
    "十万": 10**5,
    "百万": 10**6,
    "千万": 10**7,
    "百万亿": 10**14,
    "万亿": 10**12,
    "十亿": 10**9,
    "百亿": 10**10,
}
_CHINESE_PART = re.compile(r"(?P<number>\d(?:[\d.,' ]*\d)?)\s*(?P<unit>[十百千万萬亿億]+)")
_WESTERN = {"k": 3, "tsd": 3, "tsd.": 3, "thousand": 3, "mn": 6, "mio": 6, "mio.": 6, "mln": 6, "million": 6}
_WESTERN |= {"millions": 6, "millionen": 6, "bn": 9, "mrd": 9, "mrd.": 9, "lakh": 5, "lakhs": 5, "lac": 5, "crore": 7}
_WESTERN_UNIT = re.compile(r"(?P<number>.*\d)\s*(?P<unit>[a-z]+\.?)", re.IGNORECASE)

_EXPONENT = re.compile(r"(?P<digits>\d(?:[.,]\d+)?)e(?P<power>[+-]?\d{1,2})", re.IGNORECASE)
_ROUNDED_DIGITS = 6
_DIGITS = re.compile(r"\d+(?:[.,' ]\d+)*|[.,]\d+|\d+[.,]")
_GROUPS = r"\d{1,3}(?:S\d{3})+"
_INDIAN_GROUPS = r"\d{1,2}(?:,\d{2})*,\d{3}"


def read_amounts(cells: Sequence[str], *, comma_groups: bool = True) -> list[Decimal | Unread | None]:
    """Return the amounts of a column: a number, None for a cell without value, or `Unread` with the reason.

    The decimal mark is concluded from all cells together. `1,234` is taken for thousands where no cell says otherwise
    and `comma_groups` holds (False for files with semicolons: their writers use a decimal comma); `1.234` is `Unread`.
    """
    parsed = [_parse(cell) for cell in cells]
    proven = {mark for part in parsed if isinstance(part, _Number) for mark in _decimal_marks(part.digits)}
    mark = proven.pop() if len(proven) == 1 else None
    if mark is None and not proven and comma_groups:
        mark = _default_mark(parsed)
    return [_value(part, mark) if isinstance(part, _Number) else part for part in parsed]


@dataclass(frozen=True, slots=True)
class _Number:
    """The digits of a cell with their marks, still to be read, and what they are multiplied with."""

    cell: str
    digits: str
    factor: Decimal


def _parse(cell: str) -> _Number | Decimal | Unread | None:
    text = unicodedata.normalize("NFKC", cell).translate(_APOSTROPHES).strip()
    if not text or text.lower() in NO_VALUE:
        return None
    if any(unicodedata.category(sign) == "No" for sign in cell):
        return Unread(cell, NOT_AN_AMOUNT)  # a raised 2 would become a digit
    text, factor = _signed(text)
    if match := _EXPONENT.fullmatch(text):
        return _of_exponent(cell, match, factor)
    if chinese := _chinese(text):
        return _of_chinese(cell, chinese, factor)
    if (match := _WESTERN_UNIT.fullmatch(text)) and match["unit"].lower() in _WESTERN:
        text, factor = match["number"].strip(), factor * Decimal(10) ** _WESTERN[match["unit"].lower()]
    if factor and _DIGITS.fullmatch(text):
        return _Number(cell, text, factor)
    return Unread(cell, NOT_AN_AMOUNT)


def _signed(text: str) -> tuple[str, Decimal]:
    """Return a text without currency and sign, and its sign; factor 0 where there is more than one sign."""
    signs, before = 0, ""
    while before != text:
        before = text
        text = _ROUND_ENDING.sub("", text) if re.search(r"\d[.,:/](?:-{1,2}|—|–)$", text) else text
        text = text.translate(_MINUS)
        if match := re.fullmatch(r"\((.*)\)", text):
            text, signs = match[1].strip(), signs + 1
        if match := re.fullmatch(r"-\s*(.*\S)|(.*\S)\s*-", text):
            text, signs = match[1] or match[2], signs + 1
        text = text.removeprefix("+").strip()
        if match := _LEADING.match(text):
            text = text[match.end() :]
        if (match := re.search(rf"(?:{_TRAILING.pattern})$", text, re.IGNORECASE)) and match.start():
            text = text[: match.start()]
    return text, Decimal((1, -1)[signs]) if signs < 2 else Decimal()


def _of_exponent(cell: str, match: re.Match[str], factor: Decimal) -> Decimal | Unread:
    digits = match["digits"].replace(",", ".")
    value = Decimal(digits).scaleb(int(match["power"])) * factor
    # A spreadsheet shows long numbers with six digits: what they were is lost.
    if len(digits.replace(".", "")) >= _ROUNDED_DIGITS:
        return Unread(cell, ROUNDED)
    return value if factor else Unread(cell, NOT_AN_AMOUNT)


def _chinese(text: str) -> list[tuple[str, int]] | None:
    parts, at = [], 0
    while match := _CHINESE_PART.match(text, at):
        if match["unit"] not in _CHINESE:
            return None
        parts.append((match["number"], _CHINESE[match["unit"]]))
        at = match.end()
    return parts if parts and at == len(text) else None


def _of_chinese(cell: str, parts: list[tuple[str, int]], factor: Decimal) -> _Number | Decimal | Unread:
    if len(parts) == 1 and factor:
        return _Number(cell, parts[0][0], factor * parts[0][1])
    descending = all(before[1] > after[1] for before, after in pairwise(parts))
    if not factor or not descending or not all(number.isdigit() for number, _unit in parts):
        return Unread(cell, NOT_AN_AMOUNT)
    return factor * sum((Decimal(number) * unit for number, unit in parts), Decimal())


def _decimal_marks(digits: str) -> set[str]:
    """Return the decimal mark that one cell proves: empty where it could be read either way, or has none."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        last = "." if digits.rfind(".") > digits.rfind(",") else ","
        return {last} if digits.count(last) == 1 else {"." if last == "," else ","}
    if points > 1 or commas > 1:
        return {","} if points else {"."}
    mark = "." if points else "," if commas else ""
    return {mark} if mark and not _either_way(digits, mark) else set()


def _either_way(digits: str, mark: str) -> bool:
    before, _mark, after = digits.partition(mark)
    if "'" in before or " " in before:
        return False  # thousands stand apart already
    return len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")


def _default_mark(parsed: Sequence[_Number | Decimal | Unread | None]) -> str | None:
    doubtful = {mark for part in parsed if isinstance(part, _Number) for mark in ".," if mark in part.digits}
    return "." if doubtful == {","} else None


def _value(part: _Number, mark: str | None) -> Decimal | Unread:
    digits = part.digits
    if mark is None and any(sign in digits for sign in ".,"):
        proven = _decimal_marks(digits)
        if not proven:
            return Unread(part.cell, TWO_READINGS)
        mark = proven.pop()
    whole, _point, fraction = digits.rpartition(mark) if mark and mark in digits else (digits, "", "")
    if (grouped := _ungrouped(whole, mark)) is None or not (fraction or grouped).isdigit():
        return Unread(part.cell, NOT_AN_AMOUNT)
    try:
        return Decimal(f"{grouped or 0}.{fraction or 0}") * part.factor if fraction else Decimal(grouped) * part.factor
    except InvalidOperation:
        return Unread(part.cell, NOT_AN_AMOUNT)


def _ungrouped(whole: str, mark: str | None) -> str | None:
    """Return digits without thousands separators; None where they do not stand as separators do."""
    separators = {sign for sign in ".,' " if sign in whole}
    if not separators:
        return whole
    sign = separators.pop()
    groups = _GROUPS.replace("S", re.escape(sign))
    fits = re.fullmatch(groups, whole) or (sign == "," and re.fullmatch(_INDIAN_GROUPS, whole))
    return whole.replace(sign, "") if fits and not separators and sign != mark else None
