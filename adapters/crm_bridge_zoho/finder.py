"""Finding contracts: by filter through COQL, by words through the search index, by ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.pushdown import names_exactly
from crm_bridge.domain.filters.tree import FieldRef, Filter
from crm_bridge.domain.records.shown import ShownFields
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Completeness, Page, Query, Search, UnreadableContract
from crm_bridge.transport import UnreadableRow
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.columns import MOST_COLUMNS
from crm_bridge_zoho.module.contract_module import ContractModule
from crm_bridge_zoho.module.names import LookupNames
from crm_bridge_zoho.module.record_states import FIRST, read_states, state_of
from crm_bridge_zoho.reading.coql import SMALL_LIMIT, Coql, Select, plain
from crm_bridge_zoho.reading.read_by_id import ById, Rows
from crm_bridge_zoho.wire import Listed, Row, id_text, list_of, more_records, rows_of, unreadable_id

SEARCH_LAG = 600
"""Seconds by which Zoho's search index may be late; its pages speak of a delay, users of minutes."""
SEARCH_PAGES, SEARCH_PAGE = 10, 200
SHORTEST_WORD = 2


@dataclass(slots=True)
class _Seen:
    """What a listing has given so far: each record once, and each row that cannot be read once."""

    keys: set[str] = field(default_factory=set)

    def fresh(self, listed: Listed) -> tuple[list[Row], tuple[UnreadableContract, ...]]:
        """Return what one answer adds."""
        before = len(self.keys)
        bad = {(unreadable_id(row) or hashlib.sha256(row.raw).hexdigest()): row for row in listed.unreadable}
        rows = [row for row in listed.rows if row.id not in self.keys]
        bad = {key: row for key, row in bad.items() if key not in self.keys}
        self.keys.update(bad, (row.id for row in rows))
        return rows, tuple(_unreadable(row, before) for row in bad.values())


class Finder:
    """Starts listings. Every contract has all base columns, so that its digest is the one the gate computes."""

    def __init__(
        self,
        client: ZohoClient,
        coql: Coql,
        by_id: ById,
        contract_module: ContractModule,
        *,
        missing_is_empty: bool = False,
    ) -> None:
        """Use one connection's readers for one listing: what it shows is evidence for the rows that lack it."""
        self._shown = ShownFields(contract_module.fields, missing_is_empty=missing_is_empty)
        for name, known in contract_module.fields.items():
            if contract_module.user.profile_id in known.hidden_from:
                self._shown.hide("", name)
        self._names = LookupNames(client, by_id, contract_module.fields)
        self._client = client
        self._coql = coql
        self._by_id = by_id
        self._module = contract_module

    def find(self, query: Query) -> Search:
        """Start the listing that the query asks for; unknown fields are a UsageError at once."""
        if query.where is not None:
            self._module.filters.check(query.where)
        if query.count_only:
            return self._counted(query)
        remarks: list[str] = []
        found = replace(self._started(query, remarks), remarks=remarks)
        return replace(found, pages=self._with_states(found.pages, remarks)) if query.states else found

    def _started(self, query: Query, remarks: list[str]) -> Search:
        if query.ids is not None:
            pages = self._ids_pages(query, query.ids)
            return Search(_("{count} ids").format(count=len(query.ids)), query.where, pages)
        if query.words is not None:
            if len(query.words.strip()) < SHORTEST_WORD:
                raise UsageError(_("a word to search for needs at least two characters"))
            pushed = f"GET /{self._module.name}/search word={query.words}"
            return Search(pushed, query.where, self._word_pages(query, query.words), SEARCH_LAG)
        return self._filtered(query, remarks)

    def _counted(self, query: Query) -> Search:
        native, residual = (None, None) if query.where is None else self._module.filters.compile(query.where)
        expected = None if residual else self._coql.count(Select(self._module.name, ("id",), native))
        page = Page((), Completeness(expected is not None, 0, expected, _("counted by a query")))
        return Search(plain(native) if native else "id is not null", residual, iter([page]))

    def _with_states(self, pages: Iterator[Page], remarks: list[str]) -> Iterator[Page]:
        """Look up where the first contracts stand; the others keep what their row says, and a remark says so."""
        room, told = FIRST, False
        for page in pages:
            asked, rest = page.contracts[:room], page.contracts[room:]
            room -= len(asked)
            states = read_states(self._client, self._module.name, [one.id for one in asked]) if asked else {}
            if not told and (rest or states is None):
                told = True
                remarks.append(_states_remark(0 if states is None else FIRST))
            yield replace(page, contracts=(*(_standing(one, states or {}) for one in asked), *rest))

    def _filtered(self, query: Query, remarks: list[str]) -> Search:
        native, residual = (None, None) if query.where is None else self._module.filters.compile(query.where)
        select = Select(self._module.name, self._module.columns.base, native)
        pages = self._pages(select, query, remarks)
        return Search(plain(native) if native else "id is not null", residual, pages)

    def _pages(self, select: Select, query: Query, remarks: list[str]) -> Iterator[Page]:
        """Yield the pages of a query; where Zoho refuses its condition, all records, for the core to filter.

        Likewise where its rows lack a column of the condition: Zoho then compared what this user is not shown.
        """
        try:
            yield from self._queried(select, query, remarks)
            return
        except _LeftOutError as error:
            remark = _("Zoho does not show {names}: all contracts are read and filtered here").format(names=error)
        except CrmBridgeError as error:
            if select.where is None or error.vendor_code not in ("INVALID_QUERY", "SYNTAX_ERROR"):
                raise
            remark = _("Zoho refused the filter ({code}): all contracts are read and filtered here").format(
                code=error.vendor_code
            )
        remarks.append(remark)
        yield from self._queried(replace(select, where=None), query, remarks)

    def _queried(self, select: Select, query: Query, remarks: list[str]) -> Iterator[Page]:
        """Yield the pages of a query. The count comes first: Zoho charges by the LIMIT that is asked for."""
        expected = self._coql.count(select)
        limit = self._coql.limit if expected is None else max(SMALL_LIMIT, expected)
        seen = _Seen()
        by_id: tuple[str, ...] = ()
        for answer in self._coql.pages(select, limit=limit):
            if not by_id and (by_id := tuple(sorted(self._coql.refused(select.module) & set(select.columns)))):
                told = _("Zoho's queries refuse {columns}: read by id, which takes a call for 100 contracts")
                remarks.append(told.format(columns=", ".join(by_id)))
            listed = rows_of(answer, "data")
            if not seen.keys and select.where is not None:
                self._refuse_left_out(listed.rows, query.where)
            rows, unreadable = seen.fresh(listed)
            yield self._page(rows, query.where, unreadable, by_id)
        if not seen.keys and select.where is not None:
            # No row shows whether the columns of the condition are shown at all: look at one of any contract.
            sample, _limit = self._coql.page(replace(select, where=None), limit=1)
            self._refuse_left_out(rows_of(sample, "data").rows if sample else (), query.where)
        yield Page((), _complete(len(seen.keys), expected))

    def _refuse_left_out(self, rows: Sequence[Row], where: Filter | None) -> None:
        columns = () if where is None else self._module.filters.columns_of(where, but=names_exactly)
        lacking = sorted(
            name
            for name in columns
            if name in self._module.columns.base and any(name not in row.values for row in rows)
        )
        if lacking:
            raise _LeftOutError(", ".join(lacking))

    def _extra_columns(self, where: Filter | None) -> tuple[str, ...]:
        """Return the columns that the filter needs and the base columns lack, without those hidden from this user."""
        needed = () if where is None else self._module.filters.columns_of(where)
        lists = [name for name in needed if name not in self._module.columns.base]
        return tuple(name for name in lists if "." in name or self._may_ask(name))[: MOST_COLUMNS - 1]

    def _may_ask(self, name: str) -> bool:
        return self._module.fields[name].in_coql and self._module.filters.is_shown(FieldRef(name, vendor=True))

    def _page(
        self,
        rows: Sequence[Row],
        where: Filter | None,
        unreadable: Iterable[UnreadableContract] = (),
        by_id: tuple[str, ...] = (),
    ) -> Page:
        """Return a page of these rows; names, what the filter needs, and the columns `by_id` are read on top."""
        extra = (*self._extra_columns(where), *by_id)
        more = self._by_id.rows(self._module.name, [row.id for row in rows], ("id", *extra)) if extra else Rows()
        bad = [_unreadable(more.unreadable[row.id], 0) for row in rows if row.id in more.unreadable]
        values = [
            {**more[row.id].values, **row.values} if row.id in more else row.values
            for row in rows
            if row.id not in more.unreadable
        ]
        return Page(self._contracts(values, where), unreadable=(*unreadable, *bad))

    def _contracts(self, rows: Sequence[Mapping[str, Any]], where: Filter | None) -> tuple[Contract, ...]:
        meant = [name for meaning in ("customer", "owner") if (name := self._module.meanings.get(meaning))]
        lookups = () if where is None else self._module.filters.lookups_of(where)
        named = self._names.fill(rows, (*meant, *lookups), self._shown)
        for row in named:
            self._shown.learn("", row)
        return tuple(self._module.reader.contract(row, self._shown) for row in named)

    def _ids_pages(self, query: Query, ids: tuple[str, ...]) -> Iterator[Page]:
        wanted = list(dict.fromkeys(ids))
        seen, at = 0, 0
        while at < len(wanted):
            page = self._read(wanted[at : at + 1000], query.where)
            seen, at = seen + len(page.contracts) + len(page.unreadable), at + 1000
            yield page
        yield Page((), Completeness(True, seen, None, _("each id was read")))

    def _word_pages(self, query: Query, words: str) -> Iterator[Page]:
        """Yield what the index finds, each record read again by id: an index may show what is no longer true."""
        given = 0
        ended = True
        for ids, more in self._hits(words):
            page = self._read(ids, query.where)
            ended = not more
            given += len(page.contracts)
            yield page
        yield Page((), _from_index(given, ended))

    def _hits(self, words: str) -> Iterator[tuple[list[str], bool]]:
        seen: set[str] = set()
        for number in range(1, SEARCH_PAGES + 1):
            params = {"word": words, "fields": "id", "page": str(number), "per_page": str(SEARCH_PAGE)}
            try:
                answer = self._client.read(
                    f"/crm/v8/{self._module.name}/search", "GET /crm/v8/{module}/search", params=params
                )
            except CrmBridgeError as error:
                if error.vendor_code != "LIMIT_REACHED":
                    raise
                yield [], True
                return
            ids = [id_text(row.get("id")) for row in list_of(answer, "data")]
            fresh = [one for one in ids if one not in seen]
            seen.update(fresh)
            more = bool(more_records(answer))
            yield fresh, more
            if not more:
                return

    def _read(self, ids: Sequence[str], where: Filter | None) -> Page:
        rows = self._by_id.rows(self._module.name, ids, self._module.columns.base)
        unreadable = [replace(_unreadable(row, 0), id=one) for one, row in rows.unreadable.items()]
        return self._page([rows[one] for one in ids if one in rows], where, unreadable)


def _unreadable(row: UnreadableRow, before: int) -> UnreadableContract:
    return UnreadableContract(unreadable_id(row), before + row.position, row.reason, row.raw)


class _LeftOutError(Exception):
    """Rows lack columns that the pushed condition compares; the text names them."""


def _standing(contract: Contract, states: Mapping[str, Mapping[str, Any]]) -> Contract:
    told = states.get(contract.id)
    return contract if told is None else replace(contract, state=state_of({**contract.raw, **told}))


def _states_remark(count: int) -> str:
    if not count:
        return _("Zoho did not show approvals, processes and sharing; such contracts are held at the delete")
    return _(
        "approvals, processes and sharing were looked up for the first {count} contracts; others are held at the delete"
    ).format(count=count)


def _complete(seen: int, expected: int | None) -> Completeness:
    if expected is None:
        return Completeness(False, seen, None, _("Zoho did not count"))
    how = _("listed by id to the end; COUNT(id) of the same condition says {count}").format(count=expected)
    return Completeness(seen == expected, seen, expected, how)


def _from_index(seen: int, ended: bool) -> Completeness:
    how = _("the search index may lag and ends at 2,000 records")
    return Completeness(False, seen, None, how if ended else _("cut: ") + how)
