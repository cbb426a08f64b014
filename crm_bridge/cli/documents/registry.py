"""The register of documents: schema name, dataclass, and the commands that print it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DOCUMENTS: dict[str, tuple[type, str]] = {}
"""Schema name -> its dataclass, and the commands that print it."""


def document(schema: str, printed_by: str) -> Callable[[type[T]], type[T]]:
    """Return a decorator that enters a dataclass under its schema name."""

    def enter(kind: type[T]) -> type[T]:
        DOCUMENTS[f"crm-bridge.{schema}"] = kind, printed_by
        return kind

    return enter
