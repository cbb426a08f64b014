"""Notes and files of many contracts: read only where there is something, as far as a query proves itself.

No page of Zoho's says that queries take these modules, and one program found a list of parents unreliable there. So a
query is believed only for ids before a control in the same list: a contract of which it is known what hangs on it, and
which the answer must show. What a query finds is read from the contract's own list all the same, and must be there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import CrmBridgeError
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.module.metadata import RelatedList
from crm_bridge_zoho.reading.coql import SMALL_LIMIT, Coql, Select, column, in_list
from crm_bridge_zoho.reading.parallel import ordered_map
from crm_bridge_zoho.wire import Row, id_text, rows_of

PARENT = "Parent_Id"
FEWEST = 20
"""Fewer contracts are asked one by one."""
_MOST_FAILURES = 3

ReadList = Callable[[ContractRef, RelatedList], list[Row]]
Children = Mapping[str, list[Row]]


@dataclass(frozen=True, slots=True)
class _Control:
    """A contract, and what its own list showed."""

    id: str
    rows: tuple[Row, ...]


class UnreliableError(Exception):
    """A query left out what a contract's own list shows."""


class Hanging:
    """What hangs on contracts in one kind of list, found for many at once."""

    limit = SMALL_LIMIT
    _raw = False

    def __init__(self, coql: Coql, read: ReadList, *, size: int) -> None:
        """Read the list of one contract by `read`; `size` ids in one list of a query."""
        self._coql = coql
        self._read = read
        self._size = size
        self._controls: dict[str, _Control] = {}
        self._failures: Counter[str] = Counter()
        self._asked: set[str] = set()

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("id", PARENT)

    def takes(self, one: RelatedList) -> bool:
        """Return whether queries take a list at all; they are asked once."""
        if one.api_name not in self._asked:
            self._asked.add(one.api_name)
            try:
                self._coql.page(Select(one.module, self._columns), limit=1)
            except CrmBridgeError as error:
                if error.reason in ENDS_THE_RUN:
                    raise
                self._failures[one.api_name] = _MOST_FAILURES
        return self._failures[one.api_name] < _MOST_FAILURES

    def rows(self, one: RelatedList, refs: Sequence[ContractRef]) -> Mapping[str, list[Row]]:
        """Return the rows of each contract of which they are known; the others have to be asked themselves."""
        if len(refs) < FEWEST or self._failures[one.api_name] >= _MOST_FAILURES:
            return {}
        by_id = {ref.id: ref for ref in refs}
        found: dict[str, list[Row]] = {}
        try:
            control = self._controls.get(one.api_name) or self._find_control(one, by_id, found)
            if control is None:
                return {}
            for known in ordered_map(
                lambda ids: self._proven(one, ids, by_id, control), _shares(list(by_id), self._size - 1)
            ):
                found.update(known)
        except UnreliableError:
            self._failures[one.api_name] = _MOST_FAILURES
            return {}
        except CrmBridgeError as error:
            if error.reason in ENDS_THE_RUN:
                raise
            self._failures[one.api_name] = _MOST_FAILURES
        return found

    def _find_control(
        self, one: RelatedList, by_id: Mapping[str, ContractRef], found: dict[str, list[Row]]
    ) -> _Control | None:
        """Return a contract on which something hangs, by its own list. A query only says where to look for it."""
        for ids in _shares(list(by_id), self._size):
            for record_id in sorted(self._ask(one, ids).keys() & by_id.keys()):
                if rows := self._read(by_id[record_id], one):
                    found[record_id] = rows
                    self._controls[one.api_name] = _Control(record_id, tuple(rows))
                    return self._controls[one.api_name]
        return None

    def _proven(
        self, one: RelatedList, ids: Sequence[str], by_id: Mapping[str, ContractRef], control: _Control
    ) -> Mapping[str, list[Row]]:
        """Return the rows of these contracts, nothing unless the answer shows the control behind them."""
        asked = [record_id for record_id in ids if record_id != control.id]
        told = self._ask(one, [*asked, control.id])
        if not self._shows(control.rows, told.get(control.id, [])):
            # It may be gone, or have lost a note: another one is looked for the next time.
            self._controls.pop(one.api_name, None)
            self._failures[one.api_name] += 1
            return {}
        found: dict[str, list[Row]] = {record_id: [] for record_id in asked}
        for record_id in told.keys() & set(asked):
            if (rows := self._whole(one, by_id[record_id], told[record_id])) is None:
                del found[record_id]
            else:
                found[record_id] = rows
        return found

    def _shows(self, known: Sequence[Row], told: Sequence[Row]) -> bool:
        """Return whether an answer shows all that is known to hang on the control."""
        return {row.id for row in known} <= {row.id for row in told}

    def _whole(self, one: RelatedList, ref: ContractRef, told: Sequence[Row]) -> list[Row] | None:
        """Return the rows of a contract of which a query shows some: from its own list. None: nobody knows them."""
        try:
            rows = self._read(ref, one)
        except CrmBridgeError as error:
            if error.reason in ENDS_THE_RUN:
                raise
            return None
        if {row.id for row in rows} - {row.id for row in told}:
            raise UnreliableError
        return rows

    def _ask(self, one: RelatedList, ids: Sequence[str]) -> Children:
        """Return what a query finds under these contracts. Raises CrmBridgeError where it cannot be asked or read."""
        children: dict[str, list[Row]] = {}
        select = Select(one.module, self._columns, in_list(column(PARENT), ids))
        for answer in self._coql.pages(select, limit=self.limit):
            listed = rows_of(answer, "data", raw=self._raw)
            if listed.unreadable:
                raise UnreliableError
            for row in listed.rows:
                parent = row.values.get(PARENT)
                parent_id = id_text(parent.get("id") if isinstance(parent, Mapping) else parent)
                children.setdefault(parent_id, []).append(row)
        return children


def _shares(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))
