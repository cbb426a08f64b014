"""Lists of ids or contract numbers, as people have them: one a line, or a column of a CSV."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_bridge.errors import UsageError
from crm_bridge.i18n import N_, _
from crm_bridge.spreadsheets.csv_table import cells_of, read_bytes
from crm_bridge.spreadsheets.encodings import decode
from crm_bridge.spreadsheets.guards import plain_key
from crm_bridge.spreadsheets.headers import map_header

_SHOWN = 10
_EXACT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps; what follows becomes zeros."""
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)

NOT_AN_ID = N_("not an id")
ROUNDED_ID = N_("rounded by a spreadsheet: the last digits are lost")


@dataclass(frozen=True, slots=True)
class Key:
    """One id or number of a list, and the line of the file on which it stands."""

    line: int
    text: str


def read_ids(path: Path, *, column: str | None = None, encoding: str | None = None) -> list[str]:
    """Return the ids of a list in order, each once.

    Raises UsageError for a file without ids, and for one in which anything is no id: all lines are named, none is
    guessed.
    """
    keys = _read(path, "id", column, encoding)
    bad = [(key, ROUNDED_ID if _is_rounded(key.text) else NOT_AN_ID) for key in keys if not _is_id(key.text)]
    long = [key for key in keys if key.text.isdigit() and len(key.text) > _EXACT_DIGITS]
    if len(long) > 1 and all(set(key.text[_EXACT_DIGITS:]) == {"0"} for key in long):
        bad += [(key, ROUNDED_ID) for key in long]
    _refuse(path, bad)
    return list(dict.fromkeys(key.text for key in keys))


def read_numbers(path: Path, *, column: str | None = None, encoding: str | None = None) -> list[str]:
    """Return the contract numbers of a list in order, each once, in the form in which filters compare text."""
    keys = _read(path, "number", column, encoding)
    _refuse(path, [(key, ROUNDED_ID) for key in keys if _SCIENTIFIC.fullmatch(key.text)])
    return list(dict.fromkeys(unicodedata.normalize("NFC", key.text) for key in keys))


def _is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and not _is_rounded(text)


def _is_rounded(text: str) -> bool:
    # Hexadecimal ids may look like an exponent; those of spreadsheets have a plus, a point, or little else.
    return bool(_SCIENTIFIC.fullmatch(text)) and (not text.isalnum() or len(text) < 8)


def _refuse(path: Path, bad: Sequence[tuple[Key, str]]) -> None:
    if not bad:
        return
    lines = [_("line {line}: {cell} ({why})").format(line=key.line, cell=key.text[:40], why=_(why)) for key, why in bad]
    more = [_("... and {count} more").format(count=len(lines) - _SHOWN)] if len(lines) > _SHOWN else []
    raise UsageError(
        _("{path}: {count} entries cannot be used; nothing is guessed").format(path=path, count=len(bad)),
        reason="bad_list",
        hint="\n".join([*lines[:_SHOWN], *more]),
    )


def _read(path: Path, meaning: str, column: str | None, encoding: str | None) -> list[Key]:
    name = _("standard input") if str(path) == "-" else path.name
    text = decode(read_bytes(path), name=name, encoding=encoding).text
    rows = [
        (line, cells)
        for line, cells in cells_of(text, name)[1]
        if any(cell.strip() for cell in cells) and not (column is None and cells[0].lstrip().startswith("#"))
    ]
    place, begin = _place(rows, meaning, column, path)
    keys = [Key(line, plain_key(cells[place])) for line, cells in rows[begin:] if len(cells) > place]
    keys = [key for key in keys if key.text]
    if not keys:
        what = _("{path} holds no ids") if meaning == "id" else _("{path} holds no numbers")
        raise UsageError(what.format(path=path))
    return keys


def _place(rows: Sequence[tuple[int, list[str]]], meaning: str, column: str | None, path: Path) -> tuple[int, int]:
    """Return the place of the column, and the index of the first row with a value."""
    if not rows:
        return 0, 0
    header = [cell.strip() for cell in rows[0][1]]
    if column is not None:
        matching = [index for index, name in enumerate(header) if name == column.strip()]
        if len(matching) != 1:
            raise UsageError(
                _("{path} has no column {column}").format(path=path, column=column)
                if not matching
                else _("{path} has {count} columns {column}").format(path=path, count=len(matching), column=column),
                hint=_("its columns: {names}").format(names=", ".join(header)),
            )
        return matching[0], 1
    meant = {meaning_: header.index(name) for name, meaning_ in map_header(header).items()}
    if meaning in meant:
        return meant[meaning], 1
    widths = Counter(len(cells) for _line, cells in rows)
    if max(widths) > 1:
        raise UsageError(
            _("{path} has several columns, and none is known to hold what is wanted").format(path=path),
            hint=_("name it with --column; its columns: {names}").format(names=", ".join(header)),
        )
    return 0, 0
