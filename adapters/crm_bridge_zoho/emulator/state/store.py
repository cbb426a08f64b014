"""Records of one module in memory: by id, in id order, and by what they point to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Record:
    """One record in stored form.

    Cells hold ids for lookups and people, seconds since 1970 for times, ISO text for dates, Decimal for amounts,
    int for numbers, lists for multi-selects. An empty value has no cell.
    """

    id: str
    module: str
    cells: dict[str, Any]

    def copy(self) -> Record:
        """Return the record as it is now, for a view of the past."""
        return Record(self.id, self.module, dict(self.cells))


class Table:
    """The live records of a module."""

    def __init__(self, lookups: Iterable[str] = ()) -> None:
        """Start empty; `lookups` are the fields to index by target."""
        self.rows: dict[str, Record] = {}
        self._order: list[int] = []
        self._links: dict[str, dict[str, dict[str, None]]] = {name: {} for name in lookups}
        self._unique: dict[str, dict[str, str]] = {}

    def __len__(self) -> int:
        """Return how many records are live."""
        return len(self.rows)

    def get(self, record_id: str) -> Record | None:
        """Return a live record or None."""
        return self.rows.get(record_id)

    def put(self, record: Record) -> None:
        """Take a record in (again)."""
        if record.id not in self.rows:
            number = int(record.id)
            if not self._order or number > self._order[-1]:
                self._order.append(number)
            else:
                insort(self._order, number)
        self.rows[record.id] = record
        self._index(record, self._links.keys() | self._unique.keys())

    def drop(self, record_id: str) -> Record | None:
        """Take a record out."""
        record = self.rows.pop(record_id, None)
        if record is None:
            return None
        del self._order[bisect_left(self._order, int(record_id))]
        self._unindex(record, self._links.keys() | self._unique.keys())
        return record

    def change(self, record: Record, cells: Mapping[str, Any]) -> None:
        """Set cells; None clears one."""
        touched = (self._links.keys() | self._unique.keys()) & cells.keys()
        self._unindex(record, touched)
        for name, value in cells.items():
            if value is None:
                record.cells.pop(name, None)
            else:
                record.cells[name] = value
        self._index(record, touched)

    def linked(self, name: str, target: str) -> list[Record]:
        """Return the records whose lookup `name` points to `target`."""
        return [self.rows[key] for key in self._links.get(name, {}).get(target, ())]

    def indexes(self, name: str) -> bool:
        """Return whether `linked` knows that field."""
        return name in self._links

    def index(self, name: str) -> None:
        """Index one more field by target: `linked` knows it from now on."""
        if name not in self._links:
            self._links[name] = {}
            for record in self.rows.values():
                self._index(record, {name})

    def holder(self, name: str, value: object) -> Record | None:
        """Return the record with that value in a unique field; text is compared without case."""
        if name not in self._unique:
            held = ((record.cells.get(name), record.id) for record in self.rows.values())
            self._unique[name] = {_folded(cell): key for cell, key in held if cell is not None}
        return self.rows.get(self._unique[name].get(_folded(value), ""))

    def scan(self, low: int = 0, high: int = 10**20, *, descending: bool = False) -> Iterator[Record]:
        """Yield records with low <= id <= high in id order."""
        begin, end = bisect_left(self._order, low), bisect_right(self._order, high)
        span = range(end - 1, begin - 1, -1) if descending else range(begin, end)
        rows, order = self.rows, self._order
        for position in span:
            yield rows[str(order[position])]

    def _index(self, record: Record, names: Iterable[str]) -> None:
        for name in names:
            value = record.cells.get(name)
            if value is None:
                continue
            if name in self._links:
                self._links[name].setdefault(value, {})[record.id] = None
            else:
                self._unique[name][_folded(value)] = record.id

    def _unindex(self, record: Record, names: Iterable[str]) -> None:
        for name in names:
            value = record.cells.get(name)
            if value is None:
                continue
            if name in self._links:
                bucket = self._links[name].get(value, {})
                bucket.pop(record.id, None)
                if not bucket:
                    self._links[name].pop(value, None)
            elif self._unique[name].get(_folded(value)) == record.id:
                del self._unique[name][_folded(value)]


def _folded(value: object) -> str:
    return str(value).casefold()
