"""Questions that need nothing of our own: they are put to what is there, and to ids that nobody has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crm_bridge.domain.planning.facts import Observed
from crm_bridge.i18n import N_
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.contract_module import NOTES, ContractModule
from crm_bridge_zoho.module.metadata import LOOKUPS
from crm_bridge_zoho.proofs.wire import NOBODY, REFUSED, Wire
from crm_bridge_zoho.reading.coql import Coql, Select, column, in_list, joined
from crm_bridge_zoho.reading.hanging import PARENT
from crm_bridge_zoho.wire import list_of

_LIMITS = (2000, 1000, 500, 200)
_LISTS = (100, 50, 25, 10)
_NOTHING_THERE = N_("the module has no contracts with a lookup to look at")
_NO_SUBFORM = N_("the contracts of this org have no subform")
_MANY = "{count} or more"


class ReadingProofs:
    """The questions of the reading part."""

    def __init__(self, client: ZohoClient, coql: Coql, contract_module: ContractModule, *, groups: int) -> None:
        """`groups` is how many lists the connection puts into one query."""
        self._client = client
        self._module = contract_module
        self._groups = groups
        self._wire = Wire(coql)

    def questions(self) -> Iterator[Callable[[], Iterator[Observed]]]:
        """Yield the questions."""
        yield from (self._limit, self._list, self._lists, self._lookups, self._absent, self._notes, self._rows)

    def _limit(self) -> Iterator[Observed]:
        """Z-01: a LIMIT that is too large is refused."""
        for size in _LIMITS:
            if self._wire.query(Select(self._module.name, ("id",)), size).refusal is None:
                told = _MANY.format(count=size) if size == _LIMITS[0] else f"refused above {size}"
                yield self._wire.saw("Z-01", told, coql_limit=size)
                return
        yield self._wire.missed("Z-01", REFUSED)

    def _list(self) -> Iterator[Observed]:
        """Z-02: a list of ids that nobody has."""
        for size in _LISTS:
            if self._passes(in_list("id", _ids(size))):
                told = _MANY.format(count=size) if size == _LISTS[0] else f"refused above {size}"
                yield self._wire.saw("Z-02", told, coql_in_list=size)
                return
        yield self._wire.missed("Z-02", REFUSED)

    def _lists(self) -> Iterator[Observed]:
        """Z-03: several lists in one query, as many as the connection sends with its control record."""
        for count in sorted({self._groups, min(self._groups, 4), 1}, reverse=True):
            if self._passes(joined([in_list("id", [one]) for one in _ids(count + 1)], "or")):
                yield self._wire.saw("Z-03", _MANY.format(count=count), coql_groups=count)
                return
        yield self._wire.missed("Z-03", REFUSED)

    def _passes(self, condition: str) -> bool:
        return self._wire.query(Select(self._module.name, ("id",), condition), 1).refusal is None

    def _lookups(self) -> Iterator[Observed]:
        """Z-07: a lookup in the row of a query has the name of what it points to, or its id alone."""
        fields = self._module.fields.values()
        names = [one.api_name for one in fields if one.data_type in LOOKUPS and one.in_coql and one.target]
        lookup = next(iter(names), None)
        if lookup is None:
            yield self._wire.missed("Z-07", _NOTHING_THERE)
            return
        select = Select(self._module.name, ("id", lookup), f"{column(lookup)} is not null")
        rows = list_of(self._wire.query(select, 1).answer, "data")
        value = rows[0].get(lookup) if rows else None
        if not isinstance(value, Mapping):
            yield self._wire.missed("Z-07", _NOTHING_THERE)
            return
        yield self._wire.saw("Z-07", "named" if value.get("name") else "bare")

    def _absent(self) -> Iterator[Observed]:
        """Z-09: what is answered to the address of a record that is not there."""
        path, route = f"/crm/v8/{self._module.name}/{NOBODY}", "GET /crm/v8/{module}/{id}"
        told = self._wire.ask(route, lambda: self._client.read(path, route))
        status = 204 if told.refusal is None else told.refusal.http_status
        yield self._wire.saw("Z-09", str(status))

    def _notes(self) -> Iterator[Observed]:
        """Z-11: a query in the notes."""
        if NOTES not in {one.api_name for one in self._module.related}:
            yield self._wire.missed("Z-11", N_("the contracts of this org have no notes"))
            return
        yield self._taken("Z-11", NOTES)

    def _rows(self) -> Iterator[Observed]:
        """Z-12: a query in the rows of a subform."""
        subforms = [one.target for one in self._module.fields.values() if one.data_type == "subform" and one.target]
        if not subforms:
            yield self._wire.missed("Z-12", _NO_SUBFORM)
            return
        yield self._taken("Z-12", subforms[0])

    def _taken(self, question: str, module: str) -> Observed:
        select = Select(module, ("id", PARENT), in_list(column(PARENT), [NOBODY]))
        return self._wire.saw(question, "refused" if self._wire.query(select, 1).refusal else "taken")


def _ids(count: int) -> list[str]:
    first = int(NOBODY)
    return [str(first + number) for number in range(count)]
