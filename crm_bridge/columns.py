"""Facts about the many contracts of a run: an id is kept once, and so is each value; four or eight bytes a fact."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class FactColumn(Mapping[str, T]):
    """One fact about each contract, of which many have the same value: what was set to anything but the default.

    Columns share `numbers`: the number of each id, in the order in which ids were first met. Of an unknown contract the
    fact is the default.
    """

    def __init__(self, numbers: dict[str, int], default: T) -> None:
        """Begin with the default for every contract."""
        self.numbers = numbers
        self._values = [default]
        self._code_of = {default: 0}
        self._codes = array("I")
        self._last = default, 0

    def _code(self, record_id: object) -> int:
        number = self.numbers.get(record_id)  # type: ignore[call-overload]
        return self._codes[number] if number is not None and number < len(self._codes) else 0

    def __getitem__(self, record_id: str) -> T:
        """Return the fact about one contract."""
        return self._values[self._code(record_id)]

    def __setitem__(self, record_id: str, value: T) -> None:
        """Replace the fact about one contract."""
        # The same object mostly comes many times in a row.
        if value is not self._last[0]:
            code = self._code_of.setdefault(value, len(self._values))
            if code == len(self._values):
                self._values.append(value)
            self._last = value, code
        _put(self._codes, self.numbers.setdefault(record_id, len(self.numbers)), self._last[1])

    def __contains__(self, record_id: object) -> bool:
        """Return whether the fact about a contract is another than the default."""
        return self._code(record_id) > 0

    def __len__(self) -> int:
        """Return how many contracts have another fact than the default."""
        return len(self._codes) - self._codes.count(0)

    def __iter__(self) -> Iterator[str]:
        """Yield the contracts with another fact than the default, in the order of their numbers."""
        return self.ids(lambda _value: True)

    def counts(self, total: int) -> Counter[T]:
        """Return how many of `total` contracts have each fact: what nothing is known of has the default."""
        counts = Counter({self._values[code]: number for code, number in Counter(self._codes).items() if code})
        if untouched := total - counts.total():
            counts[self._values[0]] = untouched
        return counts

    def ids(self, test: Callable[[T], bool]) -> Iterator[str]:
        """Yield the contracts, of those, whose fact passes a test; it is made once a value."""
        return iter(self.subset(test))

    def subset(self, test: Callable[[T], bool]) -> Subset:
        """Return those contracts without a list of them."""
        wanted = frozenset(code for code, value in enumerate(self._values) if code and test(value))
        return Subset(self.numbers, self._codes, wanted)


class Subset(Collection[str]):
    """The contracts of a column with some of its facts, as they are when it is asked."""

    def __init__(self, numbers: Mapping[str, int], codes: array[int], wanted: frozenset[int]) -> None:
        """Use `FactColumn.subset`."""
        self._numbers, self._codes, self._wanted = numbers, codes, wanted

    def __contains__(self, record_id: object) -> bool:
        """Return whether a contract is one of them."""
        number = self._numbers.get(record_id)  # type: ignore[call-overload]
        return number is not None and number < len(self._codes) and self._codes[number] in self._wanted

    def __len__(self) -> int:
        """Return how many they are."""
        return sum(map(self._wanted.__contains__, self._codes))

    def __iter__(self) -> Iterator[str]:
        """Yield them in the order of their numbers."""
        return (i for i, code in zip(self._numbers, self._codes, strict=False) if code in self._wanted)


class WholeNumbers:
    """A whole number about each contract, 0 where none was set; eight bytes a contract."""

    def __init__(self, numbers: dict[str, int]) -> None:
        """Share the numbers of the contracts with columns."""
        self._numbers = numbers
        self._known = array("q")

    def __getitem__(self, record_id: str) -> int:
        """Return the number of one contract."""
        number = self._numbers.get(record_id)
        return self._known[number] if number is not None and number < len(self._known) else 0

    def __setitem__(self, record_id: str, value: int) -> None:
        """Replace the number of one contract."""
        _put(self._known, self._numbers.setdefault(record_id, len(self._numbers)), value)


def _put(values: array[int], number: int, value: int) -> None:
    if number >= len(values):
        values.extend([0] * (number + 1 - len(values)))
    values[number] = value
