"""The operators of a filter: each makes a test of a stored value from the values it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def empty(stored: Any) -> bool:
    """Return whether a stored value is none."""
    return stored is None or stored in ("", [])


def _among(values: tuple[Any, ...]) -> Callable[[Any], bool]:
    known = set(values)

    def test(stored: Any) -> bool:
        if isinstance(stored, list):
            return any(isinstance(item, str) and item in known for item in stored)
        return stored in known

    return test


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[tuple[Any, ...]], Callable[[Any], bool]]:
    return lambda values: (
        lambda stored: not empty(stored) and type(stored) is type(values[0]) and compare(stored, values[0])
    )


def _texts(found: Callable[[str, str], bool]) -> Callable[[tuple[Any, ...]], Callable[[Any], bool]]:
    def make(values: tuple[Any, ...]) -> Callable[[Any], bool]:
        wanted = [str(value).casefold() for value in values]
        return lambda stored: not empty(stored) and any(found(str(stored).casefold(), text) for text in wanted)

    return make


def _between(values: tuple[Any, ...]) -> Callable[[Any], bool]:
    low, high = values
    return lambda stored: not empty(stored) and type(stored) is type(low) and low <= stored <= high


def _not(
    make: Callable[[tuple[Any, ...]], Callable[[Any], bool]],
) -> Callable[[tuple[Any, ...]], Callable[[Any], bool]]:
    def negated(values: tuple[Any, ...]) -> Callable[[Any], bool]:
        test = make(values)
        return lambda stored: not test(stored)

    return negated


def _contains(values: tuple[Any, ...]) -> Callable[[Any], bool]:
    among, like = _among(values), _texts(lambda stored, text: text in stored)(values)
    return lambda stored: among(stored) if isinstance(stored, list) else like(stored)


_like = _texts(lambda stored, text: text in stored)
OPERATORS: Mapping[str, Callable[[tuple[Any, ...]], Callable[[Any], bool]]] = {
    "EQ": lambda values: _among(values[:1]),
    "N": _not(lambda values: _among(values[:1])),
    "GT": _order(lambda stored, value: stored > value),
    "GTE": _order(lambda stored, value: stored >= value),
    "LT": _order(lambda stored, value: stored < value),
    "LTE": _order(lambda stored, value: stored <= value),
    "LIKE": _like,
    "NLIKE": _not(_like),
    "IS": lambda _values: empty,
    "ISN": _not(lambda _values: empty),
    "IN": _among,
    "NIN": _not(_among),
    "BETWEEN": _between,
    "NBETWEEN": _not(_between),
    "STARTWITH": _texts(str.startswith),
    "ENDWITH": _texts(str.endswith),
    "HASANYOF": _among,
    "NHASANYOF": _not(_among),
    "CONTAINS": _contains,
}
"""Every published operator. `N` and the other negations also match empty fields."""
