"""Counting the rows that hang on contracts, without reading them: the total of a query for each detail object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Completeness, Page, Search
from crm_bridge_fxiaoke.discovery import Relation
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Records, condition
from crm_bridge_fxiaoke.wire import FILES, ObjectMeta


def count_leaves(records: Records, contract: ObjectMeta, relations: Sequence[Relation], ids: Sequence[str]) -> Search:
    """Count the details of some contracts, or of the whole object; a file is a value of its row, which none counts."""
    details = [one for one in relations if one.detail]
    return Search("total", None, _page(records, contract, details, ids))


def _page(records: Records, contract: ObjectMeta, details: Sequence[Relation], ids: Sequence[str]) -> Iterator[Page]:
    counts = {one.object.label: _rows(records, one, ids) for one in details}
    shares = -(-len(ids) // LIST_MOST) or 1
    by_name = {one.object.name: (counts[one.object.label], shares) for one in details}
    files = [field.label for meta in (contract, *(one.object for one in details)) for field in meta.of_type(FILES)]
    uncounted = (*(label for label, count in counts.items() if count is None), *files)
    counted = sum(count or 0 for count in counts.values())
    yield Page((), Completeness(not uncounted, 0, counted, _("the CRM's own count"), uncounted, by_name))


def _rows(records: Records, relation: Relation, ids: Sequence[str]) -> int | None:
    shares = [ids[at : at + LIST_MOST] for at in range(0, len(ids), LIST_MOST)] or [()]
    name = relation.field.name
    # What is voided already does not go along; and after a deletion it is what went.
    live = condition("life_status", "N", "invalid")
    counts = [
        records.count(relation.object.name, [*([condition(name, "IN", *one)] if one else []), live]) for one in shares
    ]
    return None if None in counts else sum(one or 0 for one in counts)
