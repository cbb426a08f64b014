"""Reading records by id: as few calls as this Zoho lets through."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

from crm_bridge.errors import CrmBridgeError
from crm_bridge.transport import Response, UnreadableRow
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.reading.coql import MOST_BYTES, REFUSED_SHAPE, SMALL_LIMIT, Coql, Select, any_id
from crm_bridge_zoho.wire import Row, list_of, rows_of, unreadable_id

LIST_IDS = 100
_NOT_THERE = frozenset({"INVALID_DATA", "ENTITY_ID_INVALID", "RECORD_NOT_FOUND"})


class Rows(dict[str, Row]):
    """The live records among some ids, by id. `unreadable` are there too, but hold a value that cannot be read."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.unreadable: dict[str, UnreadableRow] = {}

    def take(self, answers: Iterable[Response], asked: Sequence[str], *, raw: bool) -> None:
        """Add what some answers tell about the ids that were asked for."""
        wanted, nameless = set(asked), None
        for answer in answers:
            listed = rows_of(answer, "data", raw=raw)
            self.update((row.id, row) for row in listed.rows if row.id in wanted)
            for row in listed.unreadable:
                record_id = unreadable_id(row)
                nameless = nameless if record_id else row
                if record_id in wanted:
                    self.unreadable[record_id] = row
        for record_id in self.unreadable:
            self.pop(record_id, None)
        if nameless is not None:
            # A row without a readable id may be any of those that did not come.
            self.unreadable |= {one: nameless for one in asked if one not in self and one not in self.unreadable}


class ById:
    """Climbs down a ladder when Zoho refuses a form: many in-lists in one query, fewer, one, the list by `ids`.

    How far down is remembered for the life of the connection.
    """

    def __init__(self, client: ZohoClient, coql: Coql, *, in_list: int, groups: int) -> None:
        """`in_list` ids in one list, `groups` lists in one query and one more for a control record."""
        self.client = client
        self._coql = coql
        self._in_list = in_list
        self._rungs = [in_list * n for n in sorted({groups + 1, min(groups, 4), 1}, reverse=True)]
        self._rung = 0
        self._lock = threading.Lock()
        self._newest: dict[str, str] = {}

    def rows(
        self, module: str, ids: Sequence[str], columns: Sequence[str], *, raw: bool = False, few: bool = False
    ) -> Rows:
        """Return the live records among `ids`, by id; `raw` also keeps their bytes.

        `few`: hardly one of them is expected to be there. Zoho charges by the LIMIT, so a small one is asked for.
        """
        found = Rows()
        # An id that is no number cannot exist, and one such id would have the whole query refused.
        wanted = [one for one in dict.fromkeys(ids) if one.isascii() and one.isdigit()]
        while wanted:
            answers, done = self._some(module, wanted, tuple(columns), few=few)
            found.take(answers, wanted[:done], raw=raw)
            wanted = wanted[done:]
        by_id = self._coql.refused(module) & set(columns)
        live = list(found) if by_id else []
        for at in range(0, len(live), LIST_IDS):
            self._complete(module, found, live[at : at + LIST_IDS], ("id", *sorted(by_id)))
        with self._lock:
            self._newest[module] = max([self._newest.get(module, ""), *found], key=lambda one: (len(one), one))
        return found

    def newest(self, module: str) -> str | None:
        """Return the highest id of a module that was seen live; it may be gone since."""
        return self._newest.get(module) or None

    def is_there(self, module: str, record_id: str) -> bool:
        """Ask for one record by its own address: the last word on an id that a query did not give.

        Zoho answers 204, 404 or INVALID_DATA for an id that does not exist.
        """
        try:
            answer = self.client.read(f"/crm/v8/{module}/{record_id}", "GET /crm/v8/{module}/{id}")
        except CrmBridgeError as error:
            if error.http_status == 404 or error.vendor_code in _NOT_THERE:
                return False
            raise
        return bool(list_of(answer, "data"))

    def _some(self, module: str, ids: list[str], columns: tuple[str, ...], *, few: bool) -> tuple[list[Response], int]:
        """Read the first of `ids`, as many as the current rung takes; climb down when it is refused."""
        while True:
            rung = self._rung
            if rung >= len(self._rungs):
                return list(self._listed(module, ids[:LIST_IDS], columns)), LIST_IDS
            share = ids[: min(self._rungs[rung], self._coql.limit)]
            try:
                return self._queried(module, share, columns, few=few), len(share)
            except CrmBridgeError as error:
                if error.vendor_code not in REFUSED_SHAPE:
                    raise
            with self._lock:
                self._rung = max(self._rung, rung + 1)

    def _complete(self, module: str, found: Rows, ids: list[str], columns: tuple[str, ...]) -> None:
        """Add the columns that queries refuse."""
        more = Rows()
        more.take(self._listed(module, ids, columns), ids, raw=True)
        for record_id, row in more.items():
            here = found[record_id]
            found[record_id] = Row({**here.values, **row.values}, here.raw, row.raw)
        found.unreadable |= more.unreadable
        for record_id in more.unreadable:
            found.pop(record_id, None)

    def _queried(self, module: str, ids: list[str], columns: tuple[str, ...], *, few: bool) -> list[Response]:
        select = Select(module, columns, any_id(ids, self._in_list))
        return list(self._coql.pages(select, limit=min(len(ids), SMALL_LIMIT) if few else len(ids)))

    def _listed(self, module: str, ids: list[str], columns: tuple[str, ...]) -> Iterator[Response]:
        answer = self.client.read(
            f"/crm/v8/{module}",
            "GET /crm/v8/{module}",
            params={"ids": ",".join(ids), "fields": ",".join(columns), "per_page": "200"},
            max_bytes=MOST_BYTES,
        )
        if answer is not None:
            yield answer
