"""COQL: literals, brackets, and running queries with what Zoho lets through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_bridge.errors import CrmBridgeError
from crm_bridge.transport import Answer
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.wire import list_of, more_records, rows_of

ROUTE = "POST /crm/v8/coql"
SMALL_LIMIT = 200
"""The LIMIT that every version takes; more is asked for until Zoho says no."""
MOST_BYTES = 64 * 1024 * 1024
REFUSED_SHAPE = frozenset({"LIMIT_EXCEEDED", "INVALID_QUERY", "SYNTAX_ERROR"})
"""Codes that say "not in this form": a smaller or plainer query may pass."""


def text(value: str) -> str:
    """Return a string literal: single quotes, with backslash and quote escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def in_list(column: str, values: Sequence[str]) -> str:
    """Return `column in ('a','b')` for text values."""
    return f"{column} in ({','.join(text(value) for value in values)})"


def joined(parts: Sequence[str], word: str) -> str:
    """Join conditions by `and` or `or`, bracketed in pairs as Zoho wants more than two to be."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({joined(parts[:middle], word)} {word} {joined(parts[middle:], word)})"


def any_id(ids: Sequence[str], size: int, column: str = "id") -> str:
    """Return the condition that `column` is one of `ids`, in lists of at most `size`."""
    return joined([in_list(column, ids[at : at + size]) for at in range(0, len(ids), size)], "or")


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
        return f"{self._from(', '.join(self.columns))} where {condition} order by id {order} limit {limit}"

    def count(self) -> str:
        """Return the query that counts."""
        return f"{self._from('COUNT(id)')} where {self.where or 'id is not null'}"

    def _from(self, columns: str) -> str:
        return f"select {columns} from {self.module}"  # noqa: S608 - not SQL; names come from Zoho's own metadata


class Coql:
    """Runs queries; remembers the LIMIT that this Zoho accepts."""

    def __init__(self, client: ZohoClient, limit: int) -> None:
        """Ask for at most `limit` rows a call; 200 after Zoho refused more."""
        self._client = client
        self.limit = limit

    def run(self, query: str, limit: int = SMALL_LIMIT) -> Answer | None:
        """Run one query; None when no row fits."""
        return self._client.read(
            "/crm/v8/coql", ROUTE, json={"select_query": query}, weight=credits_of(limit), max_bytes=MOST_BYTES
        )

    def page(self, select: Select, *, after: str | None = None, limit: int | None = None) -> tuple[Answer | None, int]:
        """Return one page and the LIMIT it was asked with."""
        asked = min(self.limit, limit or self.limit)
        try:
            return self.run(select.page(after=after, limit=asked), asked), asked
        except CrmBridgeError as error:
            if error.vendor_code != "LIMIT_EXCEEDED" or asked <= SMALL_LIMIT:
                raise
        self.limit = SMALL_LIMIT
        return self.run(select.page(after=after, limit=SMALL_LIMIT), SMALL_LIMIT), SMALL_LIMIT

    def pages(self, select: Select, *, limit: int | None = None) -> Iterator[Answer]:
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
            rows = list_of(self.run(select.count()), "data")
        except CrmBridgeError as error:
            if error.vendor_code in REFUSED_SHAPE or error.reason == "invalid":
                return None
            raise
        return counted(rows[0]) if rows else 0


def counted(row: Mapping[str, Any]) -> int | None:
    """Return the number in the row of a COUNT query, whatever Zoho calls its column."""
    for name, value in row.items():
        if name.upper().startswith("COUNT") and str(value).isdigit():
            return int(value)
    found = [value for name, value in row.items() if name != "id" and isinstance(value, int)]
    return found[0] if len(found) == 1 else None
