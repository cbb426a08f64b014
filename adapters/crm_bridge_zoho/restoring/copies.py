"""Finding the copy that an earlier, interrupted attempt to re-create a contract has made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.spi.adapter import RestoreItem
from crm_bridge.spi.recreating import MARK, MARK_LENGTH, Found, Mark, mark_field
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.mapping import instant_of
from crm_bridge_zoho.module.contract_module import ContractModule
from crm_bridge_zoho.reading import coql
from crm_bridge_zoho.reading.coql import Coql, Select
from crm_bridge_zoho.restoring.payload import Saved
from crm_bridge_zoho.restoring.related_items import RelatedItemsWriter
from crm_bridge_zoho.wire import id_text, list_of

_EMPTY: tuple[object, ...] = (None, "", [], ())
_IDENTITY = ("number", "title")


class Copies:
    """Looks for a copy by its mark, else by what was sent.

    A copy whose mark cannot be seen was made by this user after the intent to make it, and holds what was sent: what
    Zoho fills in or trims does not count, nor what it refused. A duplicate that stood beside the original is never
    taken for it.
    """

    def __init__(
        self, client: ZohoClient, query: Coql, contract_module: ContractModule, *, marker_field: str | None
    ) -> None:
        """Use one connection's readers."""
        self._client = client
        self._coql = query
        self._module = contract_module
        self._marker_field = marker_field

    def mark_for(self, saved: Saved) -> Mark | None:
        """Return the field for the mark of this contract: the connection's own, else a plain text that is empty."""
        return mark_field(self._marker_field or "", partial(self._may_borrow, saved), self._module.fields)

    def _may_borrow(self, saved: Saved, name: str) -> bool:
        field = self._module.fields[name]
        plain = field.data_type == "text" and field.writable and not field.required and not field.unique
        visible = self._module.user.profile_id not in field.hidden_from
        fits = field.length == 0 or field.length >= MARK_LENGTH
        meant = field.api_name in self._module.meanings.values()
        told = field.api_name in saved.values and saved.values[field.api_name] in _EMPTY
        return plain and visible and fits and told and not meant

    def find(self, item: RestoreItem, saved: Saved, sent: Mapping[str, Any]) -> Found:
        """Return the earlier copy, or the records that may be it."""
        mark = self.mark_for(saved)
        if mark and (marked := self._with_mark(mark.field, item.marker)):
            return Found((marked,))
        agreeing: list[str] = []
        possible: list[str] = []
        for row in self._candidates(item, saved):
            record_id = id_text(row.get("id"))
            titles = self._note_titles(record_id)
            if item.marker in titles:
                return Found((record_id,))
            foreign = mark is not None and str(row.get(mark.field) or "").startswith(MARK)
            if foreign or any(title.startswith(item.marker.rpartition("-")[0] or MARK) for title in titles):
                continue
            if self._is_alike(row, sent):
                (agreeing if self._agrees(row, sent) else possible).append(record_id)
        return Found(tuple(agreeing)) if agreeing else Found(possible=tuple(possible))

    def _with_mark(self, field: str, marker: str) -> str:
        select = Select(self._module.name, ("id", field), f"{coql.column(field)} = {coql.text(marker)}")
        answer, _limit = self._coql.page(select)
        # Text is compared loosely by Zoho, but a mark is unlike any other text.
        rows = list_of(answer, "data")
        return id_text(rows[0].get("id")) if rows else ""

    def _note_titles(self, record_id: str) -> set[str]:
        notes = RelatedItemsWriter(self._client, ContractRef(self._module.name, record_id)).notes()
        return {str(note.get("Note_Title")) for note in notes}

    def _candidates(self, item: RestoreItem, saved: Saved) -> list[Mapping[str, Any]]:
        """Return the records that this user made since the first intent to make the copy."""
        since = item.since or instant_of(saved.values.get("Modified_Time"))
        where = [f"`Created_By` = {coql.text(self._module.user.id)}"]
        if since is not None:
            where.append(f"`Created_Time` >= {coql.text(_literal(since))}")
        select = Select(self._module.name, self._module.columns.base, coql.joined(where, "and"))
        rows = [row for answer in self._coql.pages(select) for row in list_of(answer, "data")]
        known = {item.ref.id, *item.ids.values()}
        return [row for row in rows if id_text(row.get("id")) not in known]

    def _is_alike(self, row: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
        """Return whether a record has the number or the title that was sent, or, where neither was, every value."""
        names = [name for word in _IDENTITY if (name := self._module.meanings.get(word)) in sent]
        if not names:
            return self._agrees(row, sent, strictly=True)
        return any(name and self._plain(name, row) == self._plain(name, sent) for name in names)

    def _agrees(self, row: Mapping[str, Any], sent: Mapping[str, Any], *, strictly: bool = False) -> bool:
        """Return whether a record holds what was sent; what an earlier call may have left out is empty or our own."""
        for name in sent:
            if not self._is_compared(name):
                continue
            now = self._plain(name, row)
            left_out = not strictly and (now in _EMPTY or (name == "Owner" and now == self._module.user.id))
            if not left_out and now != self._plain(name, sent):
                return False
        return True

    def differing(self, row: Mapping[str, Any], values: Mapping[str, Any], ids: Mapping[str, str]) -> list[str]:
        """Return the writable columns in which a record differs from what was saved."""
        names = [name for name in self._module.columns.digested if self._is_compared(name)]
        return [name for name in names if self._plain(name, row) != self._plain(name, values, ids)]

    def _is_compared(self, name: str) -> bool:
        field = self._module.fields.get(name)
        known = field is not None and field.writable and name in self._module.columns.digested
        return known and name != self._marker_field

    def _plain(self, name: str, values: Mapping[str, Any], ids: Mapping[str, str] | None = None) -> object:
        found = self._module.content.drifting(name, values.get(name))
        return (ids or {}).get(found, found).strip() if isinstance(found, str) else found


def _literal(moment: datetime) -> str:
    """Return a time as queries take it: whole seconds, and none of them too late."""
    return (moment - timedelta(seconds=1)).replace(microsecond=0).isoformat()
