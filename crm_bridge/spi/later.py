"""Lazy values: a CRM is asked only for what is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar, overload

Item = TypeVar("Item")
Value = TypeVar("Value")


class Later(Sequence[Item]):
    """A tuple that is made when it is first looked into. Whatever making it raises comes up there."""

    def __init__(self, make: Callable[[], Iterable[Item]]) -> None:
        """`make` is called once; after an error it is called again."""
        self._make = make

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        return tuple(self._make())

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        """Return an item or some."""
        return self._items[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)


class LaterMapping(Mapping[str, Value]):
    """A mapping that is made when it is first looked into."""

    def __init__(self, make: Callable[[], Mapping[str, Value]]) -> None:
        """`make` is called once; after an error it is called again."""
        self._make = make

    @cached_property
    def _items(self) -> Mapping[str, Value]:
        return dict(self._make())

    def __getitem__(self, key: str) -> Value:
        """Return the value of a key; KeyError where there is none."""
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)
