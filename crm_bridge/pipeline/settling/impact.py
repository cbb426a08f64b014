"""Measured impact: what was counted exactly before a deletion is counted again after it, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_bridge.domain.records.impact import Consequence, Edge, Exactness
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.planning.policing import count_rows

_AT_ONCE = 500
_NOTHING_LEFT = (Consequence.ALONG, Consequence.LOSES)


@dataclass(frozen=True, slots=True)
class MeasuredEdge:
    """One list around deleted contracts: the rows that still name one of them; None where they were not counted."""

    edge: Edge
    left: int | None

    @property
    def agrees(self) -> bool:
        """Return whether nothing is left, as forecast."""
        return self.left == 0


def measured(context: RunContext, edges: Sequence[Edge], ids: Sequence[str]) -> Iterator[MeasuredEdge]:
    """Yield every list that was counted exactly and forecast to have nothing left, as it is now; some calls."""
    exact = [one for one in edges if one.exactness is Exactness.EXACT and one.effect in _NOTHING_LEFT and one.count]
    if not exact or not ids:
        return
    counts = count_rows(context, [tuple(share) for share in batches(ids, _AT_ONCE)])
    yield from (MeasuredEdge(one, counts.get(one.name, (None, 0))[0]) for one in exact)
