"""COQL: literals, brackets, and running queries with what Zoho lets through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm_bridge.errors import CrmBridgeError
from crm_bridge.transport import Response
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.errors import ColumnRefusedError
from crm_bridge_zoho.wire import list_of, more_records, rows_of

ROUTE = "POST /crm/v8/coql"
SMALL_LIMIT = 200
"""The LIMIT that every version takes; more is asked for until Zoho says no."""
MOST_BYTES = 64 * 1024 * 1024
REFUSED_SHAPE = frozenset({"LIMIT_EXCEEDED", "INVALID_QUERY", "SYNTAX_ERROR"})
"""Codes that say "not in this form": a smaller or plainer query may pass."""


PLAIN = ""
QUOTES = ("`", PLAIN, '"')
"""What stands around the name of a column. Zoho's pages show backticks and double quotes; some servers take neither."""
_QUOTED = re.compile(r"'(?:''|[^'])*'|`([^`]*)`")


def text(value: str) -> str:
    """Return a string literal: single quotes, those inside doubled, and backslashes escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def column(name: str) -> str:
    """Return the name of a column in backticks: unquoted, one that is a word of SQL ends the query.

    The id and paths over lookups are no such words.
    """
    return name if name == "id" or "." in name else f"`{name}`"


def plain(condition: str) -> str:
    """Return a condition as people write it, without quotes around columns."""
    return _in_quotes(condition, PLAIN)


def _in_quotes(query: str, quote: str) -> str:
    """Return a query whose columns stand in backticks with another quote around them."""
    return _QUOTED.sub(lambda piece: f"{quote}{piece[1]}{quote}" if piece[1] is not None else piece[0], query)


def in_list(place: str, values: Sequence[str]) -> str:
    """Return `place in ('a','b')` for text values."""
    return f"{place} in ({','.join(text(value) for value in values)})"


def joined(parts: Sequence[str], word: str) -> str:
    """Join conditions by `and` or `or`, bracketed in pairs as Zoho wants more than two to be."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({joined(parts[:middle], word)} {word} {joined(parts[middle:], word)})"


def any_id(ids: Sequence[str], size: int, place: str = "id") -> str:
    """Return the condition that the column `place` is one of `ids`, in lists of at most `size`."""
    return joined([in_list(place, ids[at : at + size]) for at in range(0, len(ids), size)], "or")


def credits_of(limit: int) -> int:
    """Return what a query costs: by the LIMIT asked for, not by the rows found."""
    if limit <= SMALL_LIMIT:
        return 1
    return 2 if limit <= 1000 else 3


@dataclass(frozen=True, slots=True)
class Select:
    """One query without its paging: module, columns, condition (None for all records)."""

    module: str
    columns: tuple[str, ...]
    where: str | None = None

    def page(self, *, after: str | None, limit: int, descending: bool = False) -> str:
        """Return the query for the rows after an id, ordered by id."""
        parts = [self.where] if self.where else []
        if after is not None:
            parts.append(f"id > {text(after)}")
        condition = joined(parts, "and") if parts else "id is not null"
        order = "desc" if descending else "asc"
        return f"{self._from(', '.join(map(column, self.columns)))} where {condition} order by id {order} limit {limit}"

    def count(self) -> str:
        """Return the query that counts."""
        return f"{self._from('COUNT(id)')} where {self.where or 'id is not null'}"

    def _from(self, columns: str) -> str:
        return f"select {columns} from {self.module}"  # noqa: S608 - not SQL; names come from Zoho's own metadata


class Coql:
    """Runs queries; remembers the LIMIT, the quotes and the columns that this Zoho accepts."""

    def __init__(self, client: ZohoClient, limit: int) -> None:
        """Ask for at most `limit` rows a call; 200 after Zoho refused more."""
        self._client = client
        self.limit = limit
        self._quotes: dict[str, str] = {}
        self._refused: dict[str, frozenset[str]] = {}

    def refused(self, module: str) -> frozenset[str]:
        """Return the columns of a module that no query is allowed to select: they have to be read by id."""
        return self._refused.get(module, frozenset())

    def run(self, query: str, limit: int = SMALL_LIMIT) -> Response | None:
        """Run one query; None when no row fits."""
        return self._client.read(
            "/crm/v8/coql", ROUTE, json={"select_query": query}, weight=credits_of(limit), max_bytes=MOST_BYTES
        )

    def page(
        self, select: Select, *, after: str | None = None, limit: int | None = None
    ) -> tuple[Response | None, int]:
        """Return one page and the LIMIT it was asked with."""
        asked = min(self.limit, limit or self.limit)
        try:
            return self._page(select, after, asked), asked
        except CrmBridgeError as error:
            if error.vendor_code != "LIMIT_EXCEEDED" or asked <= SMALL_LIMIT:
                raise
        self.limit = SMALL_LIMIT
        return self._page(select, after, SMALL_LIMIT), SMALL_LIMIT

    def _page(self, select: Select, after: str | None, limit: int) -> Response | None:
        """Run one page without the columns that Zoho names in its refusals."""
        dropped = self.refused(select.module)
        while True:
            left = replace(select, columns=tuple(name for name in select.columns if name not in dropped))
            try:
                answer = self.quoted(select.module, left.page(after=after, limit=limit), limit)
            except ColumnRefusedError as error:
                if error.column not in left.columns or error.column == "id":
                    raise
                dropped |= {error.column}
                continue
            # Only now: a refusal may have meant the condition, and the column can be selected after all.
            self._refused[select.module] = dropped
            return answer

    def quoted(self, module: str, query: str, limit: int) -> Response | None:
        """Run a query with the quotes that the module's queries took last; others are tried after a syntax error."""
        if plain(query) == query:
            return self.run(query, limit)
        first: CrmBridgeError | None = None
        for quote in dict.fromkeys((self._quotes.get(module, QUOTES[0]), *QUOTES)):
            try:
                answer = self.run(_in_quotes(query, quote), limit)
            except CrmBridgeError as error:
                if not _is_about_quotes(error, quote):
                    raise
                first = first or error
                continue
            self._quotes[module] = quote
            return answer
        assert first is not None, "every kind of quotes was refused"
        raise first

    def pages(self, select: Select, *, limit: int | None = None) -> Iterator[Response]:
        """Yield all pages, by id: offsets end at 100,000 rows and shift when rows vanish, ids do neither."""
        after: str | None = None
        while True:
            answer, asked = self.page(select, after=after, limit=limit)
            listed = rows_of(answer, "data")
            rows, last = len(listed.rows) + len(listed.unreadable), listed.last
            if answer is None or not rows:
                return
            yield answer
            more = more_records(answer)
            # Zoho documents 2,000 rows a call and elsewhere 200: fewer rows than asked for prove no end by themselves.
            if more is False or (more is None and rows < min(asked, SMALL_LIMIT)) or last == after or not last:
                return
            after = last

    def count(self, select: Select) -> int | None:
        """Return how many records fit; None when this Zoho does not count by query."""
        try:
            rows = list_of(self.quoted(select.module, select.count(), SMALL_LIMIT), "data")
        except CrmBridgeError as error:
            if error.vendor_code in REFUSED_SHAPE or error.reason == "invalid":
                return None
            raise
        return counted(rows[0]) if rows else 0


def _is_about_quotes(error: CrmBridgeError, quote: str) -> bool:
    if error.vendor_code == "SYNTAX_ERROR":
        return True
    return bool(quote) and isinstance(error, ColumnRefusedError) and error.column.startswith(quote)


def counted(row: Mapping[str, Any]) -> int | None:
    """Return the number in the row of a COUNT query, whatever Zoho calls its column."""
    for name, value in row.items():
        if name.upper().startswith("COUNT") and str(value).isdigit():
            return int(value)
    found = [value for name, value in row.items() if name != "id" and isinstance(value, int)]
    return found[0] if len(found) == 1 else None
