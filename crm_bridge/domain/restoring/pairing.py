"""Pair the rows of a list before and after: by id, by mapped id, else by what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

Row: TypeAlias = Mapping[str, object]

_ID_KEYS = ("id", "_id")
_VALUES, _EACH = 3, 20
"""A row is compared with so many others that share one of its rarest values, for so many values."""
_EMPTY: tuple[object, ...] = (None, "", [], {}, False, 0)


def pair_rows(old: Sequence[Row], new: Sequence[Row], ids: Mapping[str, str]) -> Iterator[tuple[Row, Row | None]]:
    """Yield every old row with the new row that stands for it, or None where there is none."""
    by_id = {_id(row): place for place, row in enumerate(new) if _id(row)}
    found = [by_id.get(ids.get(_id(row), _id(row))) for row in old]
    taken = {place for place in found if place is not None}
    alike = _Alike([(place, row) for place, row in enumerate(new) if place not in taken])
    for row, place in zip(old, found, strict=True):
        yield row, new[place] if place is not None else alike.take(row)


class _Alike:
    """Rows without a partner, found by the values that they have in common with another row.

    Each row is looked up by its rarest values, so that long lists cost no comparison of all with all.
    """

    def __init__(self, rows: Iterable[tuple[int, Row]]) -> None:
        self._rows = dict(rows)
        self._places: dict[tuple[str, object], dict[int, None]] = {}
        for place, row in self._rows.items():
            for value in _values(row):
                self._places.setdefault(value, {})[place] = None

    def take(self, row: Row) -> Row | None:
        """Return the row with the most equal values, each once; one that shares none is no match."""
        shared = sorted(filter(None, (self._places.get(value) for value in _values(row))), key=len)
        near = {place for places in shared[:_VALUES] for place in islice(places, _EACH)}
        best = max(near, key=lambda place: (_common(row, self._rows[place]), -place), default=None)
        if best is None:
            return None
        found = self._rows.pop(best)
        for value in _values(found):
            del self._places[value][best]
        return found


def _values(row: Row) -> set[tuple[str, object]]:
    return {(key, _hashable(value)) for key, value in row.items() if value not in _EMPTY}


def _hashable(value: object) -> object:
    return repr(value) if isinstance(value, list | dict) else value


def _id(row: Row) -> str:
    return next((str(row[key]) for key in _ID_KEYS if row.get(key)), "")


def _common(row: Row, other: Row) -> int:
    return sum(1 for key, value in row.items() if value not in _EMPTY and other.get(key) == value)
