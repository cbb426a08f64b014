"""A create that gives way: values that the CRM no longer takes are left out and named, and the rest comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm_bridge.domain.reasons import Reason
from crm_bridge.spi.recreating import replacement, why_left_out
from crm_bridge_fxiaoke.wire import PERSONS, FieldMeta, ObjectMeta

_TEXTS = frozenset({"text", "long_text"})
_TAKEN = ("重复", "唯一", "已存在", "duplicate", "unique")
_PEOPLE = frozenset({"owner", "created_by"})
_SHORTEST = 2
"""Labels of one character stand in too many sentences."""


@dataclass(slots=True)
class GivingWay:
    """What of one contract is left out or replaced, refusal by refusal.

    A refusal has no place for a field: the CRM names it in its sentence, by label, by API name, or by the value.
    """

    marker: str
    user: str
    """Id of the acting user, in the style of the backup where it is known: gets what has no owner any more."""
    owner: str | None
    lost: dict[str, str] = field(default_factory=dict)
    """Label -> why."""
    _replaced: set[tuple[str, str]] = field(default_factory=set)

    def give_way(self, sentence: str, rows: Sequence[tuple[ObjectMeta, dict[str, object]]], reason: Reason) -> bool:
        """Change what is sent so that this refusal does not come again; False where it names nothing that was sent."""
        for meta, name in _named(sentence, rows, reason):
            same = [row for known, row in rows if known.name == meta.name]
            if sum(self._change(sentence, meta, name, row) for row in same):
                label = meta.fields[name].label if name in meta.fields else name
                self.lost.setdefault(label or name, self._why(sentence, meta.fields.get(name), name))
                return True
        return False

    def _change(self, sentence: str, meta: ObjectMeta, name: str, row: dict[str, object]) -> bool:
        if name == "owner":
            return self._give(row)
        value = row.pop(name, None)
        known = meta.fields.get(name)
        if known is None or not known.required:
            return value is not None
        if (meta.name, name) in self._replaced:
            return False
        self._replaced.add((meta.name, name))
        found = self._replacement(known, value, taken=_is_taken(sentence))
        if found is None:
            return False
        row[name] = found
        return True

    def _give(self, row: dict[str, object]) -> bool:
        """Give the record to the named owner, else to the acting user; each of them is tried once."""
        heir = [self.owner or self.user]
        if not heir[0] or row.get("owner") == heir:
            return False
        row["owner"] = heir
        return True

    def _replacement(self, known: FieldMeta, value: object, *, taken: bool) -> object:
        options = [one for one, _label in known.options]
        is_text = known.type in _TEXTS
        return replacement(value, options=options, is_text=is_text, taken=taken, marker=self.marker)

    def _why(self, sentence: str, known: FieldMeta | None, name: str) -> str:
        return why_left_out(
            taken=_is_taken(sentence),
            missing=False,
            of_owner=name == "owner",
            given=self.owner is not None,
            refers=known is not None and ("reference" in known.type or known.type in PERSONS),
        )


def _is_taken(sentence: str) -> bool:
    return any(word in sentence for word in _TAKEN)


def _named(
    sentence: str, rows: Sequence[tuple[ObjectMeta, dict[str, object]]], reason: Reason
) -> Iterator[tuple[ObjectMeta, str]]:
    """Yield the fields that a sentence may mean, the contract's own first, the most exact first."""
    people = reason is Reason.USER
    for meta in {known.name: known for known, _row in rows}.values():
        sent = [row for known, row in rows if known.name == meta.name]
        yield from ((meta, name) for name in _by_words(sentence, meta, sent))
        yield from ((meta, name) for name in _by_value(sentence, meta, sent))
        if people and any("owner" in row for row in sent):
            yield meta, "owner"


def _by_words(sentence: str, meta: ObjectMeta, sent: Collection[Mapping[str, object]]) -> list[str]:
    known = {name: one for name, one in meta.fields.items() if one.required or any(name in row for row in sent)}
    said = [
        (len(word), name)
        for name, one in known.items()
        for word in (one.label, name)
        if len(word) >= _SHORTEST and word in sentence
    ]
    return [name for _length, name in sorted(said, reverse=True)]


def _by_value(sentence: str, meta: ObjectMeta, sent: Collection[Mapping[str, object]]) -> list[str]:
    """Return the fields with persons or references whose id stands in the sentence; the owner first."""
    pointing = [
        name
        for name, one in meta.fields.items()
        if name in _PEOPLE or one.type in PERSONS or "reference" in one.type
    ]  # fmt: skip
    held = [
        name
        for name in pointing
        if any(str(one) in sentence for row in sent for one in _ids(row.get(name)) if len(str(one)) >= _SHORTEST)
    ]
    return sorted(held, key=lambda name: name != "owner")


def _ids(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]
