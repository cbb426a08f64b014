"""The only place that prints: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, islice
from typing import IO, Any

import click

from crm_bridge.cli.terminal.screen import page, screen
from crm_bridge.cli.terminal.streams import unread
from crm_bridge.cli.terminal.tables import FORMS, Column, as_tabs, broken, columns_of, folded, for_terminal
from crm_bridge.errors import AmbiguousContractError, Choice, CrmBridgeError, FilterSyntaxError, UsageError
from crm_bridge.harmless import harmful, plain
from crm_bridge.i18n import _, ngettext
from crm_bridge.redaction import clean


def _lines(text: str) -> str:
    """Make text of several lines harmless; the line breaks are ours and stay."""
    return "\n".join(line if line.isprintable() else plain(line, len(line)) for line in clean(text).split("\n"))


def _say(text: str, stream: IO[str]) -> None:
    """Print sentences, on a terminal broken between words."""
    shown = _lines(text)
    width = screen(stream).columns if stream.isatty() else 0
    print("\n".join(broken(line, width) for line in shown.split("\n")) if width else shown, file=stream)


def _json_text(value: object, stream: IO[str], *, indent: int | None = None) -> str:
    """Return JSON that is harmless on a terminal, and from which a reader gets the exact text in any encoding."""
    plainly = (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"
    text = clean(json.dumps(value, ensure_ascii=not plainly, indent=indent, default=str))
    return "\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n"))


def _escaped(line: str) -> str:
    # json.dumps writes what stands beyond 16 bits as a pair of escapes, as JSON wants it.
    return "".join(json.dumps(one)[1:-1] if harmful(one) else one for one in line)


_ROWS_AT_ONCE = 500
_SPARED = 5
"""Rows that are not worth a line that counts them."""


def _stream_document(value: Mapping[str, Any]) -> None:
    """Print a JSON document of two spaces' indent, the elements of iterators one at a time."""
    _clear()
    opening = "{\n"
    for key, item in value.items():
        print(f"{opening}  {_json_text(key, sys.stdout)}: ", end="")
        opening = ",\n"
        if not isinstance(item, Iterator):
            print(_indented(item() if callable(item) else item, "  "), end="")
            continue
        before = "["
        for element in item:
            print(f"{before}\n    {_indented(element, '    ')}", end="")
            before = ","
        print("[]" if before == "[" else "\n  ]", end="")
    print("\n}")


def _indented(value: object, by: str) -> str:
    return _json_text(value, sys.stdout, indent=2).replace("\n", f"\n{by}")


_actions: list[Callable[[], None]] = []


def before_printing(action: Callable[[], None]) -> None:
    """Run `action` once, right before the next line is printed: whatever is drawn on the terminal must go first."""
    _actions.append(action)


def _clear() -> None:
    while _actions:
        _actions.pop()()


class Output:
    """Prints documents, lines and tables."""

    def __init__(self, *, as_json: bool) -> None:
        """`as_json`: one document, or JSON lines for streams, instead of tables."""
        self.as_json = as_json

    @property
    def unread(self) -> bool:
        """Return whether the reader of the results has left: a stream may end here."""
        return unread()

    def document(self, schema: str, value: Mapping[str, Any]) -> None:
        """Print one JSON document with its schema name. An iterator among the values is a list that is streamed.

        A function there is called when its turn comes: it tells what was counted while lists before it were printed.
        """
        if any(isinstance(item, Iterator) for item in value.values()):
            _stream_document({"schema": schema, **value})
        else:
            self._json({"schema": schema, **value}, indent=2)

    def line(self, schema: str, value: Mapping[str, Any]) -> None:
        """Print one JSON line of a stream."""
        self._json({"schema": schema, **value}, indent=None)

    @staticmethod
    def _json(value: Mapping[str, Any], indent: int | None) -> None:
        _clear()
        print(_json_text(value, sys.stdout, indent=indent))

    @staticmethod
    def text(text: str, *, out: IO[str] | None = None) -> None:
        """Print a result; whatever it quotes, only line breaks have an effect on the terminal."""
        _clear()
        _say(text, out or sys.stdout)

    @staticmethod
    def note(text: str) -> None:
        """Say something beside the results."""
        _clear()
        _say(text, sys.stderr)

    @staticmethod
    def prompt(text: str) -> None:
        """Print what an answer stands behind. That of `input` would go where the results go, into a file too."""
        _clear()
        print(_lines(text), end="", file=sys.stderr, flush=True)

    @staticmethod
    def table(
        columns: Sequence[Column | str],
        rows: Iterable[Sequence[object]],
        *,
        footer: str = "",
        form: str = "",
        most: int = 0,
        out: IO[str] | None = None,
    ) -> None:
        """Print a table, in the form that was asked for, else as the reader needs it; then a line about all of it.

        `most`: so many rows on a terminal, with a line that counts the others and names `--all`; 0: every row.
        """
        headers = columns_of(columns)
        cells = (["" if cell is None else plain(cell) for cell in row] for row in rows)
        # Asked first: it may read on, and draw bars meanwhile.
        first = list(islice(cells, _ROWS_AT_ONCE))
        _clear()
        stream = out or sys.stdout
        if form in FORMS:
            _write(FORMS[form](headers, chain(first, cells)), stream)
            return
        last = [footer] if footer else []
        if not first:
            _write(last, stream)
            return
        if not stream.isatty():
            _write(chain(as_tabs(headers, chain(first, cells)), last), stream)
            return
        if most and len(first) > most + _SPARED:
            hidden = len(first) - most + sum(1 for _row in cells)
            more = ngettext("... {count} more; every one: --all", "... {count} more; every one: --all", hidden)
            first, last = first[:most], [more.format(count=hidden), *last]
        size = screen(stream)
        lines = chain.from_iterable(for_terminal(headers, part, size.columns) for part in _parts(first, cells))
        opening = list(islice(lines, size.lines))
        show = page if len(opening) == size.lines and out is None else _write
        show(chain(opening, lines, last), stream)

    @staticmethod
    def pairs(rows: Iterable[tuple[str, object]], *, out: IO[str] | None = None) -> None:
        """Print labels and values side by side; long values keep their column."""
        from rich.cells import cell_len

        given = [(label, "" if value is None else plain(value, 2000)) for label, value in rows]
        _clear()
        stream = out or sys.stdout
        room = max((cell_len(label) for label, _value in given), default=0) + 2
        width = max(screen(stream).columns - room, 20) if stream.isatty() else 0
        for label, value in given:
            first, *more = folded(value, width) if width else [value]
            print(f"{label}{' ' * (room - cell_len(label))}{first}".rstrip(), file=stream)
            _write([" " * room + line for line in more], stream)


def _parts(first: list[list[str]], rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Yield a long table as several, each with its columns: hundreds of thousands of rows are never held at once."""
    part = first
    while part:
        yield part
        part = list(islice(rows, _ROWS_AT_ONCE))


def _write(lines: Iterable[str], stream: IO[str]) -> None:
    for line in lines:
        print(line, file=stream)


def report_usage(error: click.ClickException, *, as_json: bool) -> None:
    """Print what is wrong with the command line."""
    if as_json:
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = _("see `{command} --help`").format(command=context.command_path) if context else ""
        report_error(UsageError(error.format_message(), hint=hint), as_json=True)
    else:
        error.show()


def report_error(error: CrmBridgeError, *, as_json: bool) -> None:
    """Print what happened and what to do next, in two lines; as JSON where that was asked for."""
    _clear()
    if as_json:
        more = {"choices": [asdict(one) for one in _choices(error)]} if _choices(error) else {}
        value = {"schema": "crm-bridge.error/1", **error.facts(), **more}
        print(_json_text(value, sys.stderr), file=sys.stderr)
        return
    _say(_("error: {message}").format(message=plain(error.message)), sys.stderr)
    if isinstance(error, FilterSyntaxError):
        print(f"  {plain(error.text)}\n  {' ' * (_screen_column(error))}^", file=sys.stderr)
    if choices := _choices(error):
        columns = (_("connection"), _("number"), _("customer"), _("date"), _("id"))
        rows = ((one.connection, one.number, one.customer, one.date, one.id) for one in choices)
        Output.table(columns, rows, out=sys.stderr)
    details = [plain(part) for part in (error.vendor_code, error.request_id) if part]
    if details:
        print(_("  the CRM said: {details}").format(details=", ".join(details)), file=sys.stderr)
    if error.hint:
        _say(_("hint: {hint}").format(hint=plain(error.hint)), sys.stderr)


def _choices(error: CrmBridgeError) -> tuple[Choice, ...]:
    return error.choices if isinstance(error, AmbiguousContractError) else ()


def _screen_column(error: FilterSyntaxError) -> int:
    from rich.cells import cell_len

    return cell_len(plain(error.text[: error.column - 1]))
