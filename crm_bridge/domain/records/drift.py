"""Drift, field by field: what of a contract is not as it was planned or saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from crm_bridge.domain.canonical import canonical_bytes
from crm_bridge.domain.planning.target import Card
from crm_bridge.domain.records.content import Content

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field with its value before and now, as people read it. Empty text = no value."""

    field: str
    old: str
    new: str

    def text(self) -> str:
        """Return `status: Draft → Active`."""
        return f"{self.field}: {self.old or '-'} → {self.new or '-'}"


def card_changes(old: Card, new: Card) -> Iterator[FieldChange]:
    """Yield the fields of every contract that differ from the plan; who and when is told apart from them."""
    for one in fields(Card):
        before, now = getattr(old, one.name), getattr(new, one.name)
        if before != now and one.name != "modified":
            yield FieldChange(one.name, _shown(before), _shown(now))


def record_changes(
    content: Content, old: Mapping[str, object], new: Mapping[str, object], labels: Mapping[str, str]
) -> Iterator[FieldChange]:
    """Yield the vendor fields of a record that differ from its backup; who and when is told apart from them."""
    for name in sorted(content.fields.keys() - content.moving - content.stamps):
        before, now = content.drifting(name, old.get(name)), content.drifting(name, new.get(name))
        if before != now:
            yield FieldChange(labels.get(name) or name, _shown(before), _shown(now))


def _shown(value: object) -> str:
    if value is None:
        return ""
    plain = isinstance(value, str | bool | int) or not isinstance(value, list | dict)
    text = str(value) if plain else canonical_bytes(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
