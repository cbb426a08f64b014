"""Pair the rows of a list before and after: by id, by mapped id, else by what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Row: TypeAlias = Mapping[str, object]

_ID_KEYS = ("id", "_id")
_LIKE = 200
"""Above this many rows without an id in common, only rows in equal places are paired by content."""


def pair_rows(old: Sequence[Row], new: Sequence[Row], ids: Mapping[str, str]) -> Iterator[tuple[Row, Row | None]]:
    """Yield every old row with the new row that stands for it, or None where there is none."""
    left = list(new)
    alone: list[Row] = []
    by_id = {_id(row): row for row in new if _id(row)}
    for row in old:
        wanted = ids.get(_id(row), _id(row))
        if (found := by_id.get(wanted)) is not None and wanted:
            left = [one for one in left if one is not found]
            yield row, found
        else:
            alone.append(row)
    for place, row in enumerate(alone):
        best = _most_alike(row, left if len(left) <= _LIKE else left[place : place + 1])
        if best is not None:
            left = [one for one in left if one is not best]
        yield row, best


def _id(row: Row) -> str:
    return next((str(row[key]) for key in _ID_KEYS if row.get(key)), "")


def _most_alike(row: Row, others: Sequence[Row]) -> Row | None:
    """Return the row with the most equal values; one that shares no value with text in it is no match."""
    scored = [(_common(row, one), -place, one) for place, one in enumerate(others)]
    best = max(scored, key=lambda item: item[:2], default=None)
    return best[2] if best and best[0] > 0 else None


def _common(row: Row, other: Row) -> int:
    return sum(1 for key, value in row.items() if value not in (None, "", [], {}, False, 0) and other.get(key) == value)
