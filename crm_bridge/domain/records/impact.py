"""Impact of a plan: what becomes of each list around its contracts, and how well its rows are counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from crm_bridge.domain.capabilities import Step
from crm_bridge.i18n import N_, _


class Consequence(StrEnum):
    """Consequence of a deletion on the rows of a list."""

    ALONG = "goes_along"
    LOSES = "loses_link"
    BLOCKS = "blocks"
    UNKNOWN = "unknown"


EFFECTS = {
    Consequence.ALONG: N_("goes along"),
    Consequence.LOSES: N_("loses its link"),
    Consequence.BLOCKS: N_("may stop the deletion"),
    Consequence.UNKNOWN: N_("not known"),
}


class Exactness(StrEnum):
    """Standing of a count: of these contracts, of the whole module (so at most), or none."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class EdgeLike(Protocol):
    """A relation as the impact sees it; `spi.adapter.RelationInfo` is one."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def effects(self) -> Mapping[Step, Consequence]: ...


@dataclass(frozen=True, slots=True)
class Edge:
    """One list around the contracts of a plan."""

    name: str
    label: str
    kind: str
    effect: Consequence
    count: int | None
    exactness: Exactness
    calls: int
    """Calls that counting it took."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read an edge back."""
        return cls(**{**value, "effect": Consequence(value["effect"]), "exactness": Exactness(value["exactness"])})

    def text(self) -> str:
        """Return what becomes of it, in words."""
        told = {
            Exactness.EXACT: _("{count} rows: {effect}"),
            Exactness.ESTIMATED: _("at most {count} rows: {effect}"),
            Exactness.UNKNOWN: _("rows not counted: {effect}"),
        }[self.exactness]
        return told.format(count=f"{self.count or 0:,}", effect=_(EFFECTS[self.effect]))


def edges_of(
    relations: Sequence[EdgeLike], counts: Mapping[str, tuple[int | None, int]], step: Step, *, at_most: bool
) -> Iterator[Edge]:
    """Yield every list around contracts; `counts` holds rows and calls by name, of the whole module if `at_most`."""
    for one in relations:
        count, calls = counts.get(one.name, (None, 0))
        known = Exactness.ESTIMATED if at_most else Exactness.EXACT
        exactness = Exactness.UNKNOWN if count is None else known
        yield Edge(one.name, one.label, one.kind, one.effects.get(step, Consequence.UNKNOWN), count, exactness, calls)
