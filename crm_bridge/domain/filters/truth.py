"""Kleene's three truth values: what is not known stays unknown until another part decides without it."""

from __future__ import annotations

from enum import Enum
from functools import total_ordering


@total_ordering
class Truth(Enum):
    """FALSE < UNKNOWN < TRUE: `and` is the least of its parts, `or` the greatest, `not` turns the order round."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    @classmethod
    def of(cls, known: bool) -> Truth:
        """Return the truth value of something that is known."""
        return cls.TRUE if known else cls.FALSE

    def __lt__(self, other: Truth) -> bool:
        return self.value < other.value

    def __invert__(self) -> Truth:
        return Truth(2 - self.value)

    def __bool__(self) -> bool:
        raise TypeError("three truth values do not fit into two: compare with Truth.TRUE")
