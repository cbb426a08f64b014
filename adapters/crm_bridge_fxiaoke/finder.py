"""Find contracts: what the CRM evaluates is asked of it, pages come by id, completeness is proven by a count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_bridge.domain.filters.tree import Everything, Filter, Op
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Completeness, Page, Query, Search, UnreadableContract
from crm_bridge.transport import UnreadableRow
from crm_bridge_fxiaoke.filters import check_fields, columns_of, compile_filter
from crm_bridge_fxiaoke.mapping import Mapper
from crm_bridge_fxiaoke.module.customers import Customers
from crm_bridge_fxiaoke.module.visible import Visibility
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Condition, Records, RowPage, condition, unreadable_id
from crm_bridge_fxiaoke.settings import Assumptions

# Voided rows come back from queries unless they are excluded; `N` also matches an empty life_status.
NOT_VOIDED = condition("life_status", "N", "invalid")


@dataclass(slots=True)
class _Count:
    """What a listing has seen so far. `expected` is None where the CRM does not count."""

    seen: int = 0
    expected: int | None = None


class Finder:
    """Listings of one contract object."""

    def __init__(
        self,
        *,
        records: Records,
        mapper: Mapper,
        customers: Customers,
        assumed: Assumptions,
        missing_is_empty: bool = False,
    ) -> None:
        """`assumed` tells how far a query may be behind, and what it does with operators that it does not know."""
        self._missing_is_empty = missing_is_empty
        self._records = records
        self._mapper = mapper
        self._customers = customers
        self._voidable = assumed.voidable_states
        self._lag = assumed.index_lag
        self._recheck = assumed.unknown_operator == "ignored"
        self._object = mapper.fields.object.name

    def find(self, query: Query) -> Search:
        """Start a listing; UsageError for fields that do not exist."""
        lag = max(1, round(self._lag)) if self._lag else None
        where = Everything() if query.where is None else query.where
        check_fields(where, self._mapper.fields)
        visibility = Visibility(
            self._records, self._mapper, self._customers, live=NOT_VOIDED, missing_is_empty=self._missing_is_empty
        )
        names = columns_of(where, self._mapper.fields)

        def pages(source: Iterator[tuple[RowPage, _Count]]) -> Iterator[Page]:
            return self._pages(source, visibility, names)

        if query.ids is not None:
            shown = _("ids ({count})").format(count=len(query.ids))
            return Search(shown, query.where, pages(self._by_ids(query.ids)), lag)
        if query.words is not None:
            lists = self._word_lists(query.words)
            shown = " or ".join(f"{one['field_name']} {one['operator']} {one['field_values']}" for one in lists)
            return Search(shown, query.where, pages(self._by_words(lists)), lag)
        compiled = compile_filter(where, self._mapper.fields, self._customers.ids, told=visibility.is_told)
        conditions = [*compiled.native, NOT_VOIDED]
        if query.count_only:
            return Search(compiled.shown, compiled.split.residual, self._counted(conditions, compiled.split.residual))
        # An operator that an object does not know may match everything: then nothing it returned is believed unseen.
        residual = where if self._recheck and compiled.native else compiled.split.residual
        return Search(compiled.shown, residual, pages(self._by_filter(conditions)), lag)

    def _pages(
        self, source: Iterator[tuple[RowPage, _Count]], visibility: Visibility, names: Sequence[str]
    ) -> Iterator[Page]:
        """Yield the pages as they come, and how complete the listing was with an empty last one."""
        count = _Count()
        for page, so_far in source:
            count = so_far
            kept = [row for row in page.rows if row.values.get("life_status") != "invalid"]
            before = count.seen - len(page.rows) - len(page.unreadable)
            visibility.learn(kept, names)
            visibility.name_customers(kept)
            shown, voidable = visibility.shown, self._voidable
            yield Page(
                tuple(self._mapper.contract(row.values, voidable=voidable, shown=shown) for row in kept),
                unreadable=tuple(_unreadable(one, before) for one in page.unreadable),
            )
        yield Page((), _completeness(count))

    def _by_filter(self, conditions: Sequence[Condition]) -> Iterator[tuple[RowPage, _Count]]:
        count = _Count()
        for page in self._records.pages(self._object, conditions, counted=True):
            count.seen += len(page.rows) + len(page.unreadable)
            count.expected = page.total if page.total is not None else count.expected
            yield page, count

    def _counted(self, conditions: Sequence[Condition], residual: Filter | None) -> Iterator[Page]:
        expected = None if residual else self._records.count(self._object, conditions)
        yield Page((), Completeness(expected is not None, 0, expected, _("the CRM's own count")))

    def _by_ids(self, ids: Sequence[str]) -> Iterator[tuple[RowPage, _Count]]:
        wanted, count = list(dict.fromkeys(ids)), _Count()
        for start in range(0, len(wanted), LIST_MOST):
            found = self._records.by_ids(self._object, wanted[start : start + LIST_MOST])
            count.seen += len(found) + len(found.unreadable)
            yield RowPage(tuple(found.values()), unreadable=tuple(found.unreadable.values())), count

    def _word_lists(self, words: str) -> list[Condition]:
        """The gateway has no search call: look for the words in number, title and customer, one list each."""
        fields = self._mapper.fields
        names = [name for meaning in ("number", "title") if (name := fields.names.get(meaning))]
        lists = [condition(name, "LIKE", words) for name in dict.fromkeys(names)]
        customer = fields.names.get("customer")
        if customer and (ids := self._customers.ids(Op.CONTAINS, (words,))):
            lists.append(condition(customer, "IN", *ids))
        return lists

    def _by_words(self, lists: Sequence[Condition]) -> Iterator[tuple[RowPage, _Count]]:
        count, known = _Count(), set[str]()
        for one in lists:
            for page in self._records.pages(self._object, [one, NOT_VOIDED]):
                fresh = page.fresh(known)
                count.seen += len(fresh.rows) + len(fresh.unreadable)
                yield fresh, count


def _unreadable(row: UnreadableRow, before: int) -> UnreadableContract:
    return UnreadableContract(unreadable_id(row), before + row.position, row.reason, row.raw)


def _completeness(count: _Count) -> Completeness:
    if count.expected is None:
        return Completeness(True, count.seen, None, _("the listing by id came to its end; the CRM gave no count"))
    how = _("the listing by id came to its end and agrees with the CRM's own count")
    if count.seen != count.expected:
        how = _("the listing by id came to its end, but the CRM counted another number")
    return Completeness(count.seen == count.expected, count.seen, count.expected, how)
