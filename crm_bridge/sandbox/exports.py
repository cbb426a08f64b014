"""Contracts from the CSV export of a real CRM: columns by meaning, cells as values, what was not understood by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.emulator import LoadedContract, LoadedValue
from crm_bridge.spreadsheets.amounts import NO_VALUE, Unread, read_amounts
from crm_bridge.spreadsheets.csv_table import Table, read_table
from crm_bridge.spreadsheets.dates import read_dates, read_moments
from crm_bridge.spreadsheets.guards import plain_key
from crm_bridge.spreadsheets.headers import MEANINGS, map_header, scale_of

NAMING = frozenset({"id", "number", "title"})
"""Meanings of which a file needs one: a row without any of them is no contract."""

CURRENCIES: Mapping[str, str] = {
    name: code
    for code, names in {
        "CNY": ("人民币", "人民币元", "rmb", "¥", "￥", "元"),
        "USD": ("美元", "us dollar", "$", "us$"),
        "EUR": ("欧元", "euro", "€"),
        "HKD": ("港币", "港元", "hk$"),
        "JPY": ("日元", "日圆"),
        "GBP": ("英镑", "£"),
    }.items()
    for name in names
}
"""What exports write instead of a currency's code."""

_SHOWN = 5
_TYPED = frozenset({"amount", "start", "end", "created", "modified"})


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How an export is read where the file itself does not tell."""

    encoding: str | None = None
    date_order: str | None = None
    """`dmy` or `mdy`, for dates such as 1/5/2024."""
    leave_empty: bool = False
    """Whether cells that are not understood are left empty; else the file is refused."""


@dataclass(frozen=True, slots=True)
class UnreadCells:
    """Cells of one column that were not understood: (line, cell, why)."""

    column: str
    meaning: str
    cells: Sequence[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Export:
    """A CSV as it was read: the contracts, the columns, and what is said of it to the user."""

    contracts: Sequence[LoadedContract]
    columns: Sequence[str]
    meanings: Mapping[str, str]
    """Column -> meaning; the other columns are kept under their own names."""
    encoding: str
    unread: Sequence[UnreadCells] = ()
    blank: Mapping[str, int] = field(default_factory=dict)
    """Column -> how many of its cells are signs for "no value"."""

    @property
    def extra_columns(self) -> list[str]:
        """Return the columns that are kept as they are."""
        return [column for column in self.columns if column.strip() and column not in self.meanings]


def read_export(path: Path, options: LoadOptions | None = None) -> Export:
    """Read an export. Cells that are not understood are refused, or by option left empty; `unread` names them.

    Raises UsageError, with line and column where there are any.
    """
    options = options or LoadOptions()
    table = read_table(path, encoding=options.encoding)
    meanings = map_header(table.header)
    if not NAMING & set(meanings.values()):
        raise UsageError(
            _("{file} has no column that names contracts").format(file=table.name),
            hint=_("its header needs one of: {names}").format(
                names=", ".join(name for meaning in sorted(NAMING) for name in MEANINGS[meaning])
            ),
        )
    columns = {meaning: _values(table, column, meaning, options.date_order) for column, meaning in meanings.items()}
    unread = [one for column, meaning in meanings.items() if (one := _unread(table, column, meaning, columns[meaning]))]
    if unread and not options.leave_empty:
        raise UsageError(
            _("{file} holds cells that cannot be read for certain; nothing was loaded").format(file=table.name),
            reason="unread_cells",
            hint="\n".join([*unread_lines(unread), _("correct them, or load with --unread empty to leave them empty")]),
        )
    named = set(meanings)
    contracts = [
        LoadedContract(
            row.line,
            {meaning: value for meaning, values in columns.items() if isinstance(value := values[place], LoadedValue)},
            {column: text for column, text in row.cells.items() if column not in named and text.strip()},
        )
        for place, row in enumerate(table.rows)
    ]
    _refuse_doubled_ids(table.name, contracts)
    return Export(contracts, table.header, meanings, table.encoding, unread, _blank(table, meanings))


def unread_lines(unread: Sequence[UnreadCells]) -> Iterator[str]:
    """Yield a line for each column with cells that were not understood: how many, and the first of them."""
    for column in unread:
        shown = "; ".join(
            _("line {line}: {cell} ({why})").format(line=line, cell=cell[:40], why=_(why))
            for line, cell, why in column.cells[:_SHOWN]
        )
        more = len(column.cells) - _SHOWN
        tail = _(" ... and {count} more").format(count=more) if more > 0 else ""
        yield _("{column}: {count} cells: {cells}").format(
            column=column.column.strip(), count=len(column.cells), cells=shown + tail
        )


def _values(table: Table, column: str, meaning: str, date_order: str | None) -> Sequence[LoadedValue | Unread | None]:
    cells = [row.cells[column] for row in table.rows]
    if meaning == "amount":
        scale = scale_of(column)
        amounts = read_amounts(cells, comma_groups=table.delimiter != ";")
        return [value * scale if isinstance(value, Decimal) else value for value in amounts]
    if meaning in ("start", "end"):
        return read_dates(cells, order=date_order)
    if meaning in ("created", "modified"):
        return read_moments(cells, order=date_order)
    if meaning in ("id", "number"):
        return [plain_key(cell) or None for cell in cells]
    if meaning == "currency":
        return [CURRENCIES.get(cell.strip().lower(), cell.strip()) or None for cell in cells]
    return [cell.strip() or None for cell in cells]


def _unread(
    table: Table, column: str, meaning: str, values: Sequence[LoadedValue | Unread | None]
) -> UnreadCells | None:
    cells = [
        (row.line, value.cell, value.why)
        for row, value in zip(table.rows, values, strict=True)
        if isinstance(value, Unread)
    ]
    return UnreadCells(column, meaning, cells) if cells else None


def _blank(table: Table, meanings: Mapping[str, str]) -> dict[str, int]:
    """Count the cells of amounts and dates that were taken for a sign of "no value"."""
    typed = [
        column for column, meaning in meanings.items() if meaning in ("amount", "start", "end", "created", "modified")
    ]
    counts = {column: sum(row.cells[column].strip().lower() in NO_VALUE for row in table.rows) for column in typed}
    return {column: count for column, count in counts.items() if count}


def _refuse_doubled_ids(name: str, contracts: Sequence[LoadedContract]) -> None:
    lines: dict[str, int] = {}
    for contract in contracts:
        if (identity := contract.text("id")) and lines.setdefault(identity, contract.line) != contract.line:
            raise UsageError(
                _("{file}, line {line}: the id {id} stands in line {other} already").format(
                    file=name, line=contract.line, id=identity[:40], other=lines[identity]
                ),
                hint=_("an id is there once; numbers may come twice"),
            )
