"""Records of other modules that point at contracts: found in a few queries for many contracts at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import PartKind, SnapshotPart
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.module import metadata
from crm_bridge_zoho.module.account import is_hidden
from crm_bridge_zoho.module.columns import MOST_COLUMNS
from crm_bridge_zoho.module.metadata import RelatedList
from crm_bridge_zoho.reading.coql import SMALL_LIMIT, Coql, Select, any_id, column
from crm_bridge_zoho.wire import Listed, id_text, rows_of

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
    problem: str = ""
    """Why what points at it is not known, in words that name the module."""

    def parts(self) -> tuple[SnapshotPart, ...]:
        """Return the links as one part and the records as one part per module."""
        records = [
            SnapshotPart(PartKind.RELATED, module, b"[" + b",".join(rows) + b"]")
            for module, rows in sorted(self.records.items())
        ]
        if not self.links:
            return tuple(records)
        raw = json.dumps(self.links, ensure_ascii=False, separators=(",", ":")).encode()
        return (*records, SnapshotPart(PartKind.LINK, "lookups", raw))


def inbound_of(client: ZohoClient, module: str, related: Sequence[RelatedList]) -> tuple[tuple[Inbound, ...], str]:
    """Return the lookup fields behind the related lists, and in words which module could not be asked for them.

    A module whose fields do not show to this user is not among them: its list is read contract by contract.
    """
    problem = ""
    found: dict[tuple[str, str], Inbound] = {}
    for name in dict.fromkeys(one.module for one in related if one.module and one.type != "multiselectlookup"):
        try:
            fields = metadata.read_fields(client, name)
        except CrmBridgeError as error:
            if error.reason in ENDS_THE_RUN:
                raise
            problem = problem if is_hidden(error) else named(name, error)
            continue
        pointing = [one.api_name for one in fields if one.data_type == "lookup" and one.target == module]
        others = [one.api_name for one in fields if one.in_coql and one.api_name not in ("id", *pointing)]
        columns = ("id", *pointing, *others)[:MOST_COLUMNS]
        found.update({(name, one): Inbound(name, one, columns) for one in pointing})
    return tuple(found.values()), problem


def read_inbound(
    coql: Coql, inbound: Sequence[Inbound], refs: Sequence[ContractRef], *, in_list: int
) -> tuple[Mapping[str, Found], frozenset[str]]:
    """Return by contract id what points at it, and the modules that no query takes: their lists have to be read."""
    found: dict[str, Found] = {ref.id: Found() for ref in refs}
    ids = list(found)
    refused: set[str] = set()
    for one in inbound:
        for at in range(0, len(ids), IDS_A_QUERY):
            share = ids[at : at + IDS_A_QUERY]
            try:
                # Credits are charged by the LIMIT.
                select = Select(one.module, one.columns, any_id(share, in_list, column(one.field)))
                for answer in coql.pages(
                    select, limit=max(SMALL_LIMIT, len(share))
                ):  # by the LIMIT credits are charged
                    take(found, share, one, rows_of(answer, "data", raw=True))
            except CrmBridgeError as error:
                if error.reason in ENDS_THE_RUN:
                    raise
                refused.add(one.module)
    return found, frozenset(refused)


def take(found: Mapping[str, Found], share: Sequence[str], one: Inbound, listed: Listed) -> None:
    """Add rows of a module to the contracts among `share` at which one of its lookups points."""
    for row in listed.rows:
        target = _target(row.values.get(one.field))
        link = {"module": one.module, "id": row.id, "field": one.field}
        if target in found and link not in found[target].links:
            found[target].links.append(link)
            found[target].records.setdefault(one.module, []).append(row.raw)
    for bad in listed.unreadable:
        target = _target(bad.value(one.field))
        text = _("a record of {name} holds a value that cannot be read").format(name=one.module)
        for contract in [target] if target in found else share:
            found[contract].problem = text


def _target(value: object) -> str:
    return id_text(value.get("id")) if isinstance(value, Mapping) else id_text(value)


def named(name: str, error: CrmBridgeError) -> str:
    """Return in words which list or module could not be read, and why."""
    return _("{name} cannot be read: {why}").format(name=name, why=error.message)
