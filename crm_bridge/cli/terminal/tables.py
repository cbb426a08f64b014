"""Tables: keys and amounts stay whole, titles give way, prose is folded; tab-separated where no terminal reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from crm_bridge.harmless import cut

_GAP = 2


class ColumnKind(StrEnum):
    """Kind of a column's content: decides how it is shortened."""

    KEY = "key"
    """Copied and compared: never cut, never folded."""
    AMOUNT = "amount"
    """Likewise, and aligned to the right."""
    TITLE = "title"
    """Recognised by its beginning: cut, and left out where nothing of it would remain."""
    PROSE = "prose"
    """Read to its end: folded into several lines."""


_LEAST = {ColumnKind.TITLE: 8, ColumnKind.PROSE: 16}


@dataclass(frozen=True, slots=True)
class Column:
    """The header of a column, and its kind."""

    title: str
    kind: ColumnKind = ColumnKind.PROSE


def key(title: str) -> Column:
    """Return a column of numbers, ids or dates."""
    return Column(title, ColumnKind.KEY)


def amount(title: str) -> Column:
    """Return a column of amounts or counts."""
    return Column(title, ColumnKind.AMOUNT)


def title(text: str) -> Column:
    """Return a column of names that may be cut."""
    return Column(text, ColumnKind.TITLE)


Rows = Iterable[Sequence[str]]
Cells = Sequence[Sequence[str]]


def without_empty(columns: Sequence[Column], rows: Cells) -> tuple[list[Column], list[list[str]]]:
    """Return the columns that have something in at least one row."""
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in rows]


def for_terminal(columns: Sequence[Column], rows: Cells, width: int) -> list[str]:
    """Return the lines of a table that is at most `width` cells wide, if its keys and amounts allow it."""
    from rich.cells import cell_len

    columns, rows = without_empty(columns, rows)
    widths = [
        max(cell_len(column.title), *(cell_len(row[place]) for row in rows)) for place, column in enumerate(columns)
    ]
    dropped = _shrink(columns, widths, width)
    shown = [place for place in range(len(columns)) if place not in dropped]
    ruler = "─" * (sum(widths[place] for place in shown) + _GAP * (len(shown) - 1))
    kinds, sizes = [columns[place].kind for place in shown], [widths[place] for place in shown]
    header = _lines([columns[place].title for place in shown], kinds, sizes)
    return [*header, ruler, *(line for row in rows for line in _lines([row[place] for place in shown], kinds, sizes))]


def _shrink(columns: Sequence[Column], widths: list[int], width: int) -> set[int]:
    """Make the widest of what may give way smaller until a line fits; return the titles that have to go."""
    dropped: set[int] = set()

    def excess() -> int:
        shown = [size for place, size in enumerate(widths) if place not in dropped]
        return sum(shown) + _GAP * (len(shown) - 1) - width

    while excess() > 0:
        giving = [
            place
            for place, column in enumerate(columns)
            if place not in dropped and widths[place] > _LEAST.get(column.kind, widths[place])
        ]
        if giving:
            widths[max(giving, key=lambda place: widths[place])] -= 1
            continue
        titles = [
            place for place, column in enumerate(columns) if column.kind is ColumnKind.TITLE and place not in dropped
        ]
        if not titles:
            break
        dropped.add(titles[-1])
    return dropped


def _lines(cells: Sequence[str], kinds: Sequence[ColumnKind], widths: Sequence[int]) -> list[str]:
    """Return one row, over several lines where prose is folded."""
    parts = [
        folded(cell, size) if kind is ColumnKind.PROSE else [cut(cell, size) if kind is ColumnKind.TITLE else cell]
        for cell, kind, size in zip(cells, kinds, widths, strict=True)
    ]
    height = max(len(part) for part in parts)
    return [
        (" " * _GAP)
        .join(
            _padded(part[number] if number < len(part) else "", size, right=kind is ColumnKind.AMOUNT)
            for part, kind, size in zip(parts, kinds, widths, strict=True)
        )
        .rstrip()
        for number in range(height)
    ]


def _padded(cell: str, size: int, *, right: bool) -> str:
    from rich.cells import cell_len

    space = " " * (size - cell_len(cell))
    return space + cell if right else cell + space


def folded(text: str, size: int) -> list[str]:
    """Return a text as lines of at most so many cells, broken between words where that is possible."""
    from rich.console import Console
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(text).wrap(Console(file=io.StringIO(), width=size), size)] or [""]


_WHOLE = re.compile(r"[^\s`]*crm-bridge .+$|--[\w-]+ \S+$|\S*`[^`]*`\S*|\S+")
"""What stays on one line: a command at the end, what is quoted as one, a word."""


def broken(line: str, width: int) -> str:
    """Return a sentence over several lines; what is copied, such as a command or a path, is never broken by one."""
    from rich.cells import cell_len

    indent = line[: len(line) - len(line.lstrip())]
    words = _WHOLE.findall(line)
    if cell_len(line) <= width or any(cell_len(indent + word) > width for word in words):
        return line
    lines = [indent + words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        lines[-1:] = [longer] if cell_len(longer) <= width else [lines[-1], indent + word]
    return "\n".join(lines)


def as_tabs(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """Yield a table for programs: one row a line, cells as they are, divided by tabs."""
    yield "\t".join(column.title for column in columns)
    for row in rows:
        yield "\t".join(row)


def as_csv(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """Yield a table as CSV; no cell becomes a formula."""
    from crm_bridge.spreadsheets.guards import guarded

    for row in chain([[column.title for column in columns]], rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([guarded(cell) for cell in row])
        yield line.getvalue()


def as_markdown(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """Yield a table in Markdown; what a cell holds is text and never markup."""
    yield _markdown([_unmarked(column.title) for column in columns])
    yield _markdown(["---:" if column.kind is ColumnKind.AMOUNT else "---" for column in columns])
    for row in rows:
        yield _markdown([_unmarked(cell) for cell in row])


def _markdown(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _unmarked(cell: str) -> str:
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#~&!" else one for one in cell)


FORMS: dict[str, Callable[[Sequence[Column], Rows], Iterator[str]]] = {"csv": as_csv, "md": as_markdown}
"""Forms of a table that were asked for by name."""


def columns_of(columns: Iterable[Column | str]) -> list[Column]:
    """Return columns; a bare header is one of prose, of which nothing may be lost."""
    return [column if isinstance(column, Column) else Column(column) for column in columns]
