"""Details that stayed behind when their contract was voided: what follows is not published, so it can be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from crm_bridge_fxiaoke.discovery import Discovery
from crm_bridge_fxiaoke.mapping import text
from crm_bridge_fxiaoke.reading.records import Records, condition


class LiveDetails:
    """Counts live detail rows of voided contracts, one listing per detail object."""

    def __init__(self, records: Records, discovery: Discovery) -> None:
        """The detail objects come from describe."""
        self._records = records
        self._discovery = discovery

    def count(self, ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many detail rows still live, by contract, for up to 100 contracts."""
        found: Counter[str] = Counter()
        for relation in self._discovery.relations():
            if not relation.detail:
                continue
            name = relation.field.name
            live = [condition(name, "IN", *ids), condition("life_status", "N", "invalid")]
            for row in self._records.all(relation.object.name, live):
                found[text(row.values.get(name)) or ""] += 1
        return found
