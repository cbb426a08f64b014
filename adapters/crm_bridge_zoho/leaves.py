"""Counting the rows that hang on contracts, without reading them: a query for each subform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crm_bridge.domain.snapshot import PartKind
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Completeness, Page, RelationInfo, Search
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.module.contract_module import ContractModule
from crm_bridge_zoho.reading.coql import Coql, Select, any_id
from crm_bridge_zoho.reading.inbound import IDS_A_QUERY

_PARENT = "Parent_Id"
_LEAVES = frozenset({PartKind.DETAIL.value, PartKind.NOTE.value, "attachment"})


def count_leaves(
    coql: Coql, contract_module: ContractModule, relations: Iterable[RelationInfo], ids: Sequence[str], *, in_list: int
) -> Search:
    """Count the rows of subforms under some contracts, or in the whole module; notes and files no query counts."""
    around = [one for one in relations if one.kind in _LEAVES]
    return Search("COUNT(id)", None, _page(coql, contract_module, around, ids, in_list))


def _page(
    coql: Coql, contract_module: ContractModule, around: Iterable[RelationInfo], ids: Sequence[str], in_list: int
) -> Iterator[Page]:
    counted, uncounted, counts = 0, [], dict[str, tuple[int | None, int]]()
    shares = -(-len(ids) // IDS_A_QUERY) or 1
    for one in around:
        field = contract_module.fields.get(one.name)
        rows = _rows(coql, one.module, ids, in_list) if field and field.data_type == "subform" else None
        counted += rows or 0
        counts[one.name] = rows, shares if rows is not None else 0
        if rows is None:
            uncounted.append(one.label)
    yield Page((), Completeness(not uncounted, 0, counted, _("counted by a query"), tuple(uncounted), counts))


def _rows(coql: Coql, module: str, ids: Sequence[str], in_list: int) -> int | None:
    shares = [ids[at : at + IDS_A_QUERY] for at in range(0, len(ids), IDS_A_QUERY)] or [()]
    try:
        counts = [coql.count(Select(module, ("id",), any_id(one, in_list, _PARENT) if one else None)) for one in shares]
    except CrmBridgeError as error:
        if error.reason in ENDS_THE_RUN:
            raise
        return None
    return None if None in counts else sum(one or 0 for one in counts)
