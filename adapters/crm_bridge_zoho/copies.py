"""Finding the copy that an earlier, interrupted attempt to re-create a contract has made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.spi.adapter import RestoreItem
from crm_bridge_zoho import coql
from crm_bridge_zoho.belongings import Belongings
from crm_bridge_zoho.bins import Bins
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.coql import Coql, Select
from crm_bridge_zoho.mapping import instant_of
from crm_bridge_zoho.payload import Saved
from crm_bridge_zoho.wire import id_text, list_of
from crm_bridge_zoho.workspace import Workspace


class Copies:
    """Looks for a copy by its mark, else by its content.

    A copy whose mark was not written yet has the content of the snapshot, was made by this user, and after the
    original was deleted: a duplicate that stood beside the original before is never taken for it.
    """

    def __init__(
        self, client: ZohoClient, query: Coql, bins: Bins, workspace: Workspace, *, marker_field: str | None
    ) -> None:
        """Use one connection's readers."""
        self._client = client
        self._coql = query
        self._bins = bins
        self._work = workspace
        self._marker_field = marker_field

    def find(self, item: RestoreItem, saved: Saved) -> str | None:
        """Return the id of the earlier copy, or None."""
        if self._marker_field:
            where = f"{coql.column(self._marker_field)} = {coql.text(item.marker)}"
            answer, _limit = self._coql.page(Select(self._work.name, ("id",), where))
            # Text is compared loosely by Zoho, but a mark is unlike any other text.
            rows = list_of(answer, "data")
            return id_text(rows[0].get("id")) if rows else None
        unmarked = []
        for candidate in self._candidates(item, saved):
            notes = Belongings(self._client, ContractRef(self._work.name, candidate)).notes()
            titles = {str(note.get("Note_Title")) for note in notes}
            if item.marker in titles:
                return candidate
            family = item.marker.rpartition("-")[0]
            if not family or not any(title.startswith(family) for title in titles):
                unmarked.append(candidate)
        return unmarked[0] if unmarked else None

    def _candidates(self, item: RestoreItem, saved: Saved) -> list[str]:
        """Return the records with the same content that this user made after the original was deleted."""
        deletions, _readable = self._bins.find([item.ref.id], None)
        deletion = deletions.get(item.ref.id)
        since = deletion.at if deletion else instant_of(saved.values.get("Modified_Time"))
        where = [f"`Created_By` = {coql.text(self._work.user.id)}"]
        title = self._work.meanings.get("title")
        if title and isinstance(saved.values.get(title), str):
            where.append(f"{coql.column(title)} = {coql.text(saved.values[title])}")
        select = Select(self._work.name, self._work.columns.base, coql.joined(where, "and"))
        rows = [row for answer in self._coql.pages(select) for row in list_of(answer, "data")]
        same = [row for row in rows if _is_after(row, since) and self._same(row, saved.values, item.ids)]
        return [found for row in same if (found := id_text(row.get("id"))) != item.ref.id]

    def _same(self, row: Mapping[str, Any], values: Mapping[str, Any], ids: Mapping[str, str]) -> bool:
        return not self.differing(row, values, ids)

    def differing(self, row: Mapping[str, Any], values: Mapping[str, Any], ids: Mapping[str, str]) -> list[str]:
        """Return the writable columns in which a record differs from what was saved."""
        names = [name for name in self._work.columns.digested if self._is_compared(name)]
        return [name for name in names if self._plain(name, row, {}) != self._plain(name, values, ids)]

    def _is_compared(self, name: str) -> bool:
        field = self._work.fields.get(name)
        return field is not None and field.writable and name != self._marker_field

    def _plain(self, name: str, values: Mapping[str, Any], ids: Mapping[str, str]) -> object:
        found = self._work.content.drifting(name, values.get(name))
        return ids.get(found, found) if isinstance(found, str) else found


def _is_after(row: Mapping[str, Any], since: datetime | None) -> bool:
    created = instant_of(row.get("Created_Time"))
    return since is None or created is None or created >= since
