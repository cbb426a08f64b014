"""How many calls Zoho's editions allow at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CONCURRENCY: Mapping[str, int] = MappingProxyType(
    {"free": 5, "standard": 10, "starter": 10, "professional": 15, "enterprise": 20, "zohoone": 20, "ultimate": 25,
     "crmplus": 25}
)  # fmt: skip
"""Simultaneous calls by edition, for the whole org and app (Zoho's page on API limits)."""


def concurrency_of(edition: str) -> int | None:
    """Return the limit of an edition, however the licence spells it; None for an unknown one."""
    plain = "".join(letter for letter in edition.casefold() if letter.isalnum())
    return next((limit for name, limit in CONCURRENCY.items() if name in plain), None)
