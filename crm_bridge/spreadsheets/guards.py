"""Guards of spreadsheets: how a cell is kept from becoming a formula (OWASP ASVS 5.0, 1.2.10), and taken back."""

from __future__ import annotations

import re

_FORMULA_STARTS = "=+-@＝＋－＠﹢﹣﹦﹫−\t\r\n\x00"
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff\u200b"
_TEXT_FORMULA = re.compile(r'\s*=\s*"(?P<inside>[^"]*)"\s*')


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading apostrophe where the first character could.

    Blanks before it are looked through: some programs strip them. `unguarded` gives the same text back.
    """
    return "'" + text if _needs_guard(text) else text


def unguarded(cell: str) -> str:
    """Return a cell without its guard: an apostrophe before a formula's start, or `="text"`."""
    if cell.startswith("'") and _needs_guard(cell[1:]):
        return cell[1:]
    match = _TEXT_FORMULA.fullmatch(cell)
    return match["inside"] if match else cell


def plain_key(cell: str) -> str:
    """Return an id or a contract number without blanks, invisible marks, and the apostrophe that keeps its digits."""
    text = unguarded(cell).strip().strip(_BLANKS + "\u200e\u200f\u2060")
    return text[1:].strip() if text[:1] in ("'", "’") else text


def _needs_guard(text: str) -> bool:
    starts = (text[:1], text.lstrip(_BLANKS)[:1])
    # An apostrophe of the text's own is doubled, so that the guard can be told from it.
    return text.startswith("'") or any(start and start in _FORMULA_STARTS for start in starts)
