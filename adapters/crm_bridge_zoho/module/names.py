"""Names behind ids: queries of older Zoho versions, and of some orgs, give lookups without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crm_bridge.domain.filters.values import whole
from crm_bridge.domain.records.shown import ShownFields
from crm_bridge.errors import CrmBridgeError
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.filters import NAME_COLUMNS
from crm_bridge_zoho.module.metadata import ZohoField
from crm_bridge_zoho.reading.read_by_id import ById
from crm_bridge_zoho.wire import id_text, list_of, more_records

USERS = "users"
PEOPLE = frozenset({"ownerlookup", "userlookup"})
USER_PAGES = 100

Record = Mapping[str, Any]


class LookupNames:
    """The names of looked-up records and users, asked for in batches and kept for one listing."""

    def __init__(self, client: ZohoClient, by_id: ById, fields: Mapping[str, ZohoField]) -> None:
        """`fields` are those of the contract module."""
        self._client = client
        self._by_id = by_id
        self._fields = fields
        self._names: dict[tuple[str, str], str] = {}
        self._asked: set[tuple[str, str]] = set()

    def fill(self, rows: Sequence[Record], columns: Iterable[str], shown: ShownFields) -> list[Record]:
        """Return the rows with names in their lookups; `shown` learns which records were asked for in vain."""
        targets = {name: target for name in columns if (target := self._target(name))}
        bare = {
            (target, id_text(value["id"]))
            for row in rows
            for name, target in targets.items()
            if isinstance(value := row.get(name), Mapping) and not whole(value)
        }
        for target in sorted({target for target, _id in bare - self._asked}):
            self._ask(target, sorted(key for kind, key in bare - self._asked if kind == target))
        self._asked |= bare
        shown.hide_names(key for target, key in bare if (target, key) not in self._names)
        return [self._named(row, targets) for row in rows] if bare else list(rows)

    def _target(self, column: str) -> str:
        field = self._fields.get(column)
        if field is None:
            return ""
        return USERS if field.data_type in PEOPLE else field.target

    def _named(self, row: Record, targets: Mapping[str, str]) -> Record:
        names: dict[str, Any] = {}
        for column, target in targets.items():
            value = row.get(column)
            if isinstance(value, Mapping) and (name := self._names.get((target, id_text(value.get("id"))))):
                names[column] = {**value, "name": value.get("name") or name}
        return {**row, **names} if names else row

    def _ask(self, target: str, ids: Sequence[str]) -> None:
        """Ask for names; what is refused stays without them, and the contracts concerned undecided."""
        try:
            found = self._users() if target == USERS else self._records(target, ids)
        except CrmBridgeError as error:
            if error.reason in ENDS_THE_RUN:
                raise
            return
        self._names |= {(target, key): name for key, name in found.items() if name}

    def _records(self, module: str, ids: Sequence[str]) -> dict[str, str]:
        column = NAME_COLUMNS.get(module, "Full_Name" if module in ("Contacts", "Leads") else "Name")
        rows = self._by_id.rows(module, ids, ("id", column))
        return {key: str(row.values.get(column) or "") for key, row in rows.items()}

    def _users(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for page in range(1, USER_PAGES + 1):
            answer = self._client.read(
                "/crm/v8/users", "GET /crm/v8/users", params={"type": "AllUsers", "page": str(page), "per_page": "200"}
            )
            names |= {id_text(one.get("id")): str(one.get("full_name") or "") for one in list_of(answer, "users")}
            if not more_records(answer):
                break
        return names
