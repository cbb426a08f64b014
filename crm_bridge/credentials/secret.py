"""A secret that shows itself only when asked by name."""

from __future__ import annotations

import hmac
from typing import NoReturn

from crm_bridge.redaction import remember

_HIDDEN = "<secret>"


class Secret:
    """Holds a secret text. `str`, `repr` and `format` hide it, it cannot be pickled; `reveal()` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep the text, and have it taken out of whatever is shown."""
        self._value = value
        remember(value)

    def reveal(self) -> str:
        """Return the text."""
        return self._value

    def __repr__(self) -> str:
        """Hide it."""
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        """Hide it, whatever the format."""
        return format(_HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode("utf-8"), other._value.encode("utf-8"))

    def __hash__(self) -> int:
        """Hash by identity of the class only: secrets in a set must not be told apart by their hash."""
        return hash(Secret)

    def __bool__(self) -> bool:
        """Return whether there is any text."""
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or deep-copied."""
        raise TypeError("a Secret is not written anywhere")
