"""What may come of each fault in each column."""

from __future__ import annotations

from tests.faults.matrix import Result


def verdict(result: Result) -> list[str]:
    """Return what contradicts the table."""
    return []
