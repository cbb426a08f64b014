"""Records of other modules that point at contracts: found in a few queries for many contracts at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Part, PartKind
from crm_bridge.errors import CrmBridgeError
from crm_bridge_zoho import metadata
from crm_bridge_zoho.account import is_hidden
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.columns import MOST_COLUMNS
from crm_bridge_zoho.coql import Coql, Select, any_id
from crm_bridge_zoho.metadata import RelatedList
from crm_bridge_zoho.wire import id_text, list_of, slices_of

IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class Inbound:
    """One lookup field of another module that points at the contract module."""

    module: str
    field: str
    columns: tuple[str, ...]


@dataclass(slots=True)
class Found:
    """What points at one contract: links, and the bytes of the records by module."""

    links: list[dict[str, str]] = field(default_factory=list)
    records: dict[str, list[bytes]] = field(default_factory=dict)

    def parts(self) -> tuple[Part, ...]:
        """Return the links as one part and the records as one part per module."""
        records = [
            Part(PartKind.RELATED, module, b"[" + b",".join(rows) + b"]")
            for module, rows in sorted(self.records.items())
        ]
        if not self.links:
            return tuple(records)
        raw = json.dumps(self.links, ensure_ascii=False, separators=(",", ":")).encode()
        return (*records, Part(PartKind.LINK, "lookups", raw))


def inbound_of(client: ZohoClient, module: str, related: Sequence[RelatedList]) -> tuple[Inbound, ...]:
    """Return the lookup fields behind the related lists; lists whose field does not show are not among them."""
    found: dict[tuple[str, str], Inbound] = {}
    for name in dict.fromkeys(one.module for one in related if one.module and one.type != "multiselectlookup"):
        try:
            fields = metadata.read_fields(client, name)
        except CrmBridgeError as error:
            if is_hidden(error):
                continue
            raise
        pointing = [one.api_name for one in fields if one.data_type == "lookup" and one.target == module]
        others = [one.api_name for one in fields if one.in_coql and one.api_name not in ("id", *pointing)]
        columns = ("id", *pointing, *others)[:MOST_COLUMNS]
        found.update({(name, one): Inbound(name, one, columns) for one in pointing})
    return tuple(found.values())


def read_inbound(
    coql: Coql, inbound: Sequence[Inbound], refs: Sequence[ContractRef], *, in_list: int
) -> Mapping[str, Found]:
    """Return by contract id what points at it."""
    found: dict[str, Found] = {ref.id: Found() for ref in refs}
    ids = list(found)
    for one in inbound:
        for at in range(0, len(ids), IDS_A_QUERY):
            where = any_id(ids[at : at + IDS_A_QUERY], in_list, one.field)
            for answer in coql.pages(Select(one.module, one.columns, where)):
                for row, raw in zip(list_of(answer, "data"), slices_of(answer, "data"), strict=True):
                    value = row.get(one.field)
                    target = id_text(value.get("id")) if isinstance(value, Mapping) else id_text(value)
                    if target in found:
                        link = {"module": one.module, "id": id_text(row.get("id")), "field": one.field}
                        found[target].links.append(link)
                        found[target].records.setdefault(one.module, []).append(raw)
    return found
