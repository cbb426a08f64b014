"""Find: run a listing, apply the whole filter again, count what it could not judge, and prove completeness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from crm_bridge import failpoints
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.pushdown import names_exactly
from crm_bridge.domain.filters.tree import Filter, conditions, differs_in_case, evaluate, open_fields
from crm_bridge.domain.filters.truth import Truth
from crm_bridge.domain.filters.undecided import Undecided
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.pipeline.stopping import Progress, StopFlag, no_progress
from crm_bridge.spi.adapter import Adapter, Completeness, Query, Search, UnreadableContract

_NAMED = 5
Meant = Callable[[], Iterable[tuple[str, tuple[str, ...]]]]
"""Values of the filter that no option of their field has, each with the options that were probably meant."""


class Selection:
    """Contracts that match, streamed once; afterwards `completeness` and the counts are known.

    >>> found = crm.find(where.number == "HT-2025-0001")
    >>> [contract.currency for contract in found], found.seen, found.completeness.proven
    (['EUR'], 1, True)
    """

    def __init__(
        self,
        adapter: Adapter,
        query: Query,
        *,
        limit: int | None,
        numbers: Sequence[str] | None,
        seen: Mapping[str, str],
        meant: Meant,
        progress: Progress,
        stop: StopFlag,
    ) -> None:
        """Start the listing; nothing is read before the first contract is asked for."""
        if limit is not None and limit < 1:
            raise UsageError(_("the limit must be at least 1"))
        self._query = query
        self._limit = limit
        self._progress = progress
        self._stop = stop
        self.search: Search = adapter.find(query)
        self.completeness: Completeness | None = None
        self.seen = 0
        self.matched = 0
        self.duplicates = 0
        self.missing_ids: tuple[str, ...] = ()
        self.missing: tuple[str, ...] = ()
        """Ids and numbers of a list that were asked for and not found."""
        self.unreadable: list[UnreadableContract] = []
        self.undecided = Undecided()
        """Contracts that are not selected because the filter is neither true nor false of them."""
        self._listed: dict[str, list[str]] = {number: [] for number in numbers or ()}
        """Ids that were selected for each number of a list."""
        self._seen = seen
        self.meant = meant
        self.in_another_case = 0
        """Contracts that would match if case did not count; not counted any more once one matches."""
        self.another_case = ""
        """A text of one of them."""
        self.changed: list[str] = []
        """Ids of contracts that are not any more what they were when they were chosen."""
        self._by_number: dict[str, list[str]] = {number: [] for number in _numbers(query.where)}

    @property
    def ambiguous(self) -> dict[str, list[str]]:
        """Return the numbers of a list that several selected contracts have, with their ids; complete at the end."""
        return {number: ids for number, ids in self._listed.items() if len(ids) > 1}

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what the adapter added about the listing; complete once it has ended."""
        return tuple(self.search.remarks)

    @property
    def unreadable_lines(self) -> tuple[str, ...]:
        """Return in words which rows hold a value that cannot be read; complete once the listing has ended."""
        named = _("contract {id} (row {position}) holds a value that cannot be read ({problem}): it is left out")
        nameless = _("row {position} of the listing holds a value that cannot be read ({problem}): it is left out")
        return tuple(
            (named if row.id else nameless).format(id=row.id, position=row.position, problem=row.reason)
            for row in self.unreadable
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """Return what should be known before this selection is used; complete once the listing has ended."""
        twins = (
            _("{count} live contracts have the number {number}: {ids}").format(
                count=len(ids), number=number, ids=", ".join(ids)
            )
            for number, ids in self._by_number.items()
            if len(ids) > 1
        )
        changed = _("{count} contracts were changed since they were chosen, and will be left alone: {ids}")
        moved = changed.format(count=len(self.changed), ids=", ".join(self.changed[:_NAMED]))
        return (
            *((self.undecided.text(),) if self.undecided.count else ()),
            *((moved,) if self.changed else ()),
            *twins,
        )

    def __iter__(self) -> Iterator[Contract]:
        """Yield the contracts of which the filter is true, each id once."""
        where, limit = self._query.where, self._limit
        ids: set[str] = set()
        for contract in self._contracts():
            if contract.id in ids:
                self.duplicates += 1
                continue
            ids.add(contract.id)
            if contract.number in self._by_number:
                self._by_number[contract.number].append(contract.id)
            answer = Truth.TRUE if where is None else evaluate(where, contract)
            if where is not None and answer is Truth.UNKNOWN:
                self.undecided.add(contract, open_fields(where, contract))
            if where is not None and answer is not Truth.TRUE and not self.matched:
                self._count_case(where, contract)
            if answer is Truth.TRUE:
                self.matched += 1
                if contract.number in self._listed:
                    self._listed[contract.number].append(contract.id)
                yield self._as_seen(contract)
                if limit is not None and self.matched >= limit:
                    return
        unreadable = {row.id for row in self.unreadable if row.id}
        self.missing_ids = tuple(i for i in self._query.ids or () if i not in ids and i not in unreadable)
        self.missing = (*self.missing_ids, *(number for number, chosen in self._listed.items() if not chosen))
        if self._query.ids is None:
            self._doubt_double_rows()
        if both := unreadable & ids:
            self._doubt(_("{count} contracts were listed both readable and unreadable").format(count=len(both)))

    def _count_case(self, where: Filter, contract: Contract) -> None:
        if text := differs_in_case(where, contract):
            self.in_another_case += 1
            self.another_case = self.another_case or text

    def _as_seen(self, contract: Contract) -> Contract:
        """Return a contract bound to what it was when it was chosen: what was changed since is held later."""
        digest = self._seen.get(contract.id, contract.digest)
        if digest != contract.digest:
            self.changed.append(contract.id)
        return contract if digest == contract.digest else replace(contract, digest=digest)

    def _doubt_double_rows(self) -> None:
        # A row that came twice may stand where another one should: the count agrees, and one contract is not there.
        proof = self.completeness
        if not self.duplicates or proof is None or not proof.proven:
            return
        if proof.expected is None or proof.seen - self.duplicates < proof.expected:
            how = _("{count} contracts were listed twice: the listing moved while it was read")
            self._doubt(how.format(count=self.duplicates))

    def _doubt(self, how: str) -> None:
        if self.completeness is not None:
            self.completeness = replace(self.completeness, proven=False, how=how)

    def _contracts(self) -> Iterator[Contract]:
        pages = iter(self.search.pages)
        while True:
            self._stop.check()
            with failpoints.step("find"):
                page = next(pages, None)
            if page is None:
                return
            self.completeness = page.completeness or self.completeness
            self.seen += len(page.contracts) + len(page.unreadable)
            self.unreadable += page.unreadable
            self._progress("find", self.seen, page.completeness.expected if page.completeness else None)
            yield from page.contracts


def _numbers(where: Filter | None) -> Iterator[str]:
    """Yield the contract numbers that a filter asks for."""
    for condition in conditions(where) if where is not None else ():
        if condition.field.name == "number" and names_exactly(condition):
            yield from map(str, condition.values)


def nothing_matches(selection: Selection) -> str:
    """Return the sentence about a selection without a contract."""
    told = [_("no contract matches ({seen} were read)").format(seen=selection.seen)]
    if selection.in_another_case:
        near = _("{count} differ only in case, for example {value}")
        told.append(near.format(count=selection.in_another_case, value=f'"{selection.another_case}"'))
    if selection.undecided.count:
        told.append(selection.undecided.text())
    for written, options in selection.meant():
        slip = (
            _("{field_value} is no value of its field; did you mean {near}?")
            if len(options) == 1
            else _("{field_value} is no value of its field; there are {near}")
        )
        named = ", ".join([f'"{one}"' for one in options[:_NAMED]] + ["…"] * (len(options) > _NAMED))
        told.append(slip.format(field_value=f'"{written}"', near=named))
    return "; ".join(told)


def find_contracts(
    adapter: Adapter,
    query: Query,
    *,
    limit: int | None = None,
    numbers: Sequence[str] | None = None,
    seen: Mapping[str, str] | None = None,
    meant: Meant = lambda: (),
    progress: Progress = no_progress,
    stop: StopFlag | None = None,
) -> Selection:
    """Start a selection; `limit` ends it after so many contracts that match; `numbers` are looked after one by one.

    `seen` are digests by id: contracts are yielded with these, as they were chosen.
    """
    return Selection(
        adapter,
        query,
        limit=limit,
        numbers=numbers,
        seen=seen or {},
        meant=meant,
        progress=progress,
        stop=stop or StopFlag(),
    )
