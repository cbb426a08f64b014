"""Contracts as tables for people: CSV, Excel and JSON lines, streamed, and harmless to open.

Record text comes from the CRM and may be hostile: no cell may become a formula (OWASP ASVS 5.0, 1.2.10).
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import BinaryIO, Protocol, TypeAlias

from crm_bridge.domain.contract import Contract
from crm_bridge.errors import UsageError
from crm_bridge.i18n import LANGUAGES, N_, _, in_language
from crm_bridge.spreadsheets.guards import guarded

SCHEMA = "crm-bridge.contract/1"
COLUMNS: Mapping[str, str] = {
    "id": N_("Id"),
    "number": N_("Number"),
    "title": N_("Title"),
    "customer": N_("Customer"),
    "status": N_("Status"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "start": N_("Start"),
    "end": N_("End"),
    "owner": N_("Owner"),
    "created": N_("Created"),
    "modified": N_("Modified"),
    "state": N_("State"),
}
Rows: TypeAlias = Iterable[Mapping[str, str | None]]
_BOM = b"\xef\xbb\xbf"
_MARK = "written by crm-bridge"
_LONGEST_HEADER = 65_536
_CELL_LIMIT = 32_767
_ROW_LIMIT = 1_048_576


def write_table(form: str, contracts: Iterable[Contract], output: BinaryIO, language: str) -> int:
    """Write contracts as `csv`, `xlsx` or `jsonl`, and return their number. Raises UsageError for another format.

    `language` chooses the headers, `en` or `zh_CN`. Memory does not grow with the number of contracts. Amounts are
    the digits that the CRM sent; times keep the offset in which they were read.
    """
    if form == "jsonl":
        return _write_jsonl(contracts, output)
    headers = [in_language(language, text) for text in COLUMNS.values()]
    return write_rows(form, headers, map(fields_of, contracts), output)


def write_rows(form: str, headers: Sequence[str], rows: Iterable[Mapping[str, str | None]], output: BinaryIO) -> int:
    """Write rows as `csv` or `xlsx`, and return their number. Raises UsageError for another format."""
    write = WRITERS.get(form)
    if write is None:
        raise UsageError(
            _("there is no table format {format!r}").format(format=form),
            hint=_("choose one of: {formats}").format(formats="csv, xlsx, jsonl"),
        )
    return write(rows, output, headers)


def is_table(form: str, columns: Mapping[str, str] = COLUMNS) -> Callable[[BinaryIO], bool]:
    """Return what recognises a table that was written here in a format, in any language."""
    return (lambda file: _begins_csv(file, columns)) if form == "csv" else lambda file: _BEGINS[form](file)


def _begins_csv(file: BinaryIO, columns: Mapping[str, str]) -> bool:
    first = file.readline(_LONGEST_HEADER)
    headers = ([in_language(language, text) for text in columns.values()] for language in LANGUAGES)
    return any(first == _BOM + f"{','.join(one)}\r\n".encode() for one in headers)


def _begins_jsonl(file: BinaryIO) -> bool:
    first = json.loads(file.readline(_LONGEST_HEADER))
    return isinstance(first, dict) and first.get("schema") == SCHEMA


def _begins_xlsx(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as book:
            return _MARK.encode() in book.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError):
        return False


def fields_of(contract: Contract) -> dict[str, str | None]:
    """Return the columns of one contract as text: ids and amounts digit by digit, dates and times as ISO 8601."""
    return {
        "id": contract.id,
        "number": contract.number,
        "title": contract.title,
        "customer": contract.customer,
        "status": contract.status,
        "amount": None if contract.amount is None else format(contract.amount, "f"),
        "currency": contract.currency,
        "start": _day(contract.start),
        "end": _day(contract.end),
        "owner": contract.owner,
        "created": _moment(contract.created),
        "modified": _moment(contract.modified),
        "state": contract.state.value,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _cell(name: str, value: str | None) -> str:
    if value is None:
        return ""
    # An amount is digits of ours, never the CRM's text; an apostrophe would only spoil a negative one.
    return _unmistakable(value) if name == "amount" else guarded(value)


def _unmistakable(amount: str) -> str:
    """Return an amount of which no reader takes the decimal point for thousands: 1.234 becomes 1.2340."""
    return amount + "0" if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", amount) else amount


def _encodable(text: str) -> str:
    """Return text without lone surrogates, which no encoding has; they become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _write_csv(rows: Rows, output: BinaryIO, headers: Sequence[str]) -> int:
    # The byte-order mark is what makes Excel read UTF-8.
    output.write(_BOM)
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    writer.writerow(headers)
    count = 0
    for row in rows:
        count += 1
        writer.writerow([_cell(name, value) for name, value in row.items()])
        if line.tell() > 65_536:
            _drain(line, output)
    _drain(line, output)
    return count


def _drain(line: io.StringIO, output: BinaryIO) -> None:
    output.write(line.getvalue().encode("utf-8", "backslashreplace"))
    line.seek(0)
    line.truncate()


def _write_jsonl(contracts: Iterable[Contract], output: BinaryIO) -> int:
    count = 0
    for contract in contracts:
        count += 1
        text = json.dumps({"schema": SCHEMA, **fields_of(contract)}, ensure_ascii=False)
        # A lone surrogate becomes \udXXX, which is its JSON escape.
        output.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return count


class _Sheet(Protocol):
    def write_string(self, row: int, column: int, text: str) -> object: ...


def _write_xlsx(rows: Rows, output: BinaryIO, headers: Sequence[str]) -> int:
    try:
        import xlsxwriter
    except ImportError:
        raise UsageError(
            _("Excel files need the package xlsxwriter, which is not installed"),
            hint=_("install it with: pip install xlsxwriter, or choose csv"),
        ) from None
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(output, {**options, "strings_to_numbers": False})
    book.set_properties({"comments": _MARK})
    try:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(headers) - 1, 18)
        return _fill(sheet, rows, headers)
    finally:
        book.close()


def _fill(sheet: _Sheet, rows: Rows, headers: Sequence[str]) -> int:
    """Write every cell as text: ids longer than 15 digits would be rounded, and text is never evaluated."""
    row = 0
    for row, cells in enumerate(_cells(rows, headers)):
        if row >= _ROW_LIMIT:
            raise UsageError(
                _("an Excel sheet holds no more than {count} contracts").format(count=_ROW_LIMIT - 1),
                hint=_("choose csv"),
            )
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text)
    return row


def _cells(rows: Rows, headers: Sequence[str]) -> Iterator[Sequence[str]]:
    yield headers
    for row in rows:
        yield [_excel(value) for value in row.values()]


def _excel(value: str | None) -> str:
    text = _encodable(value or "")
    # xlsxwriter drops a longer text without a word.
    return text if len(text) <= _CELL_LIMIT else text[: _CELL_LIMIT - 1] + "…"


WRITERS: Mapping[str, Callable[[Rows, BinaryIO, Sequence[str]], int]] = {"csv": _write_csv, "xlsx": _write_xlsx}
_BEGINS: Mapping[str, Callable[[BinaryIO], bool]] = {"jsonl": _begins_jsonl, "xlsx": _begins_xlsx}
