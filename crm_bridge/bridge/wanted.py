"""Which contracts a call means: filters, words, ids, numbers. Everything given narrows further."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.syntax import parse_filter, to_text
from crm_bridge.domain.filters.tree import Everything, Filter, all_of, conditions
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.given_text import check_text
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Query

_SHOWN = 20
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_ID = re.compile(r"[0-9A-Za-z_]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A selection as it was asked for; `numbers` are contract numbers of which each must name one contract."""

    filters: tuple[Filter, ...]
    words: str | None
    ids: tuple[str, ...] | None
    numbers: tuple[str, ...] | None
    seen: Mapping[str, str] = field(default_factory=dict)
    """Digests of contracts as they were chosen, by id."""

    def narrowed(self, contracts: Iterable[Contract] | None) -> Self:
        """Return this selection with nothing but these contracts, as they were seen. Raises UsageError."""
        if contracts is None:
            return self
        seen = dict(map(_seen, contracts))
        ids = tuple(seen) if self.ids is None else tuple(one for one in self.ids if one in seen)
        return replace(self, ids=ids, seen=seen)

    @classmethod
    def of(
        cls,
        filters: Iterable[Filter | str],
        *,
        words: str | None,
        ids: Iterable[str] | None,
        numbers: Iterable[str] | None,
        id_prefix: str = "",
    ) -> Self:
        """Check what was given; `id_prefix` is what the CRM's exports put before an id. Raises UsageError."""
        if words is not None and not words.strip():
            raise UsageError(_("no words to search for"))
        trees = tuple(parse_filter(item) if isinstance(item, str) else item for item in filters)
        chosen = None if ids is None else _ids(ids, id_prefix)
        return cls(trees, words, chosen, None if numbers is None else _listed(numbers, _("numbers")))

    def query(self, *, states: bool) -> Query:
        """Return the query for an adapter."""
        trees = [*self.filters] if self.numbers is None else [*self.filters, where.number.one_of(self.numbers)]
        tree = all_of(*trees) if trees else None
        literals = [literal for one in conditions(tree) for literal in one.values] if tree is not None else []
        check_text(self.words or "", *(literal for literal in literals if isinstance(literal, str)))
        if tree is None and self.words is None and self.ids is None:
            tree = Everything()
        return Query(where=tree, words=self.words, ids=self.ids, states=states)

    def text(self) -> str:
        """Return how the contracts were chosen, for people; a long list of numbers is counted."""
        parts = [to_text(all_of(*self.filters))] if self.filters else []
        if self.numbers is not None:
            few = len(self.numbers) <= _SHOWN
            listed = to_text(where.number.one_of(self.numbers)) if few else f"number in ({len(self.numbers)})"
            parts.append(listed)
        return " and ".join(parts) or self.words or "ids"

    def rule(self) -> str:
        """Return the same without any text that was compared with: it may name people."""
        parts = [_TEXT.sub('"…"', to_text(all_of(*self.filters)))] if self.filters else []
        counted = (("number", self.numbers), ("id", self.ids))
        parts += [f"{name} in ({len(given)})" for name, given in counted if given is not None]
        return " and ".join(parts) or "…"


def _seen(contract: object) -> tuple[str, str]:
    if not isinstance(contract, Contract) or not contract.digest:
        raise UsageError(
            _("{word} is no contract that was read").format(word=str(contract)),
            reason="not_a_contract",
            hint=_("give what `find`, a plan or a run gave; ids go into `ids`"),
        )
    return contract.id, contract.digest


def is_id(text: str) -> bool:
    """Return whether a text could be the id of a record."""
    return _ID.fullmatch(text) is not None


def _ids(ids: Iterable[str], prefix: str) -> tuple[str, ...]:
    for one in (chosen := _listed(ids, _("ids"))):
        if not is_id(one):
            raise UsageError(_("{word} is not an id").format(word=one), reason="not_an_id")
    return tuple(dict.fromkeys(one.removeprefix(prefix) for one in chosen))


def _listed(texts: Iterable[str], what: str) -> tuple[str, ...]:
    """Return the texts, each once. A text is no list: its characters would be taken for some."""
    if isinstance(texts, str):
        raise UsageError(_("{what} are a list: {word} is a text").format(what=what, word=texts), reason="not_an_id")
    chosen: Sequence[str] = tuple(dict.fromkeys(texts))
    if bad := [one for one in chosen if not isinstance(one, str) or not one.strip()]:
        raise UsageError(_("{word} is not an id").format(word=bad[0]), reason="not_an_id")
    return tuple(chosen)
