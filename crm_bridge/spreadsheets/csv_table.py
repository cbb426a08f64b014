"""A CSV file as a table: cells by column, each row with its line, line breaks only where CSV has them."""

from __future__ import annotations

import csv
import io
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.spreadsheets.encodings import decode
from crm_bridge.spreadsheets.guards import unguarded
from crm_bridge.spreadsheets.headers import map_header

DELIMITERS = ",;\t|"

_SEPARATOR_LINE = re.compile(r'^"?sep=(?P<mark>[,;\t|])"?\r?\n?', re.IGNORECASE)
_CELL_LIMIT = threading.Lock()
"""The csv module keeps one limit of a cell's length for the whole process."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row of a table: the line of the file on which it begins (from 1), and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV as it was read. Cells are as they stand in the file, without the guards of spreadsheets."""

    name: str
    header: Sequence[str]
    rows: Sequence[CsvRow]
    encoding: str
    delimiter: str


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, or of standard input for `-`. Raises UsageError."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise UsageError(
            _("{path} cannot be read: {why}").format(path=path, why=why), hint=_("name a CSV that a CRM exported")
        ) from None


def read_table(path: Path, *, encoding: str | None = None) -> Table:
    """Read a CSV with a header line, its cells between commas, semicolons, tabs or bars.

    Raises UsageError, naming the line where there is one.
    """
    name = _("standard input") if str(path) == "-" else path.name
    decoded = decode(read_bytes(path), name=name, encoding=encoding)
    delimiter, rows = cells_of(decoded.text, name)
    first = next(rows, None)
    header = _header(first[1]) if first else []
    table = [row for line, cells in rows if (row := _row(name, line, header, cells))]
    if not header or not table:
        raise UsageError(_("{file} holds no rows").format(file=name), hint=_("export with a header line"))
    return Table(name, header, table, decoded.encoding, delimiter)


def cells_of(text: str, name: str) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """Return the delimiter of a CSV text, and its rows as (line, cells), guards of spreadsheets taken off."""
    told = _SEPARATOR_LINE.match(text)
    body = text[told.end() :] if told else text
    delimiter = told["mark"] if told else _delimiter(body)
    return delimiter, _rows(body, delimiter, name, before=1 if told else 0)


def _rows(text: str, delimiter: str, name: str, *, before: int) -> Iterator[tuple[int, list[str]]]:
    with _CELL_LIMIT:
        usual = csv.field_size_limit(max(len(text), 1))
        try:
            # Without universal newlines: a line ends at CR, LF or CRLF, and nowhere else.
            reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
            rows, line = [], 1
            for cells in reader:
                rows.append((line + before, [unguarded(cell) for cell in cells]))
                line = reader.line_num + 1
        except csv.Error as broken:
            raise UsageError(
                _("{file}, line {line}: not CSV").format(file=name, line=reader.line_num + before),
                hint=_("a quotation mark inside a quoted cell is written twice"),
            ) from broken
        finally:
            csv.field_size_limit(usual)
    yield from rows


def _delimiter(text: str) -> str:
    """Return what stands between the cells: what makes most columns of the header understood, else most columns."""
    line = re.split(r"[\r\n]", text, maxsplit=1)[0]
    candidates = {mark: next(csv.reader([line], delimiter=mark), []) for mark in DELIMITERS}
    return max(candidates, key=lambda mark: (len(map_header(candidates[mark])), len(candidates[mark])))


def _header(cells: list[str]) -> list[str]:
    """Return the names of the columns; a name that comes again gets a number, so that no column is lost."""
    names: list[str] = []
    for cell in cells:
        again = sum(name.strip() == cell.strip() for name in cells[: len(names)])
        names.append(f"{cell} ({again + 1})" if again and cell.strip() else cell)
    return names


def _row(name: str, line: int, header: list[str], cells: list[str]) -> CsvRow | None:
    """Return one row; None where every cell is empty. Raises UsageError for more cells than the header has."""
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()  # spreadsheets end lines with empty cells
    if len(cells) > len(header):
        raise UsageError(
            _("{file}, line {line}: {count} cells, but the header has {expected}").format(
                file=name, line=line, count=len(cells), expected=len(header)
            ),
            hint=_("put cells that hold the separator into quotation marks"),
        )
    if not any(cell.strip() for cell in cells):
        return None
    return CsvRow(line, dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True)))
