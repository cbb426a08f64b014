"""Bring contracts back: recover them from the bin under their old ids, or create them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import RemoveResult, Restored, RestoreItem, Verdict
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.discovery import Discovery
from crm_bridge_fxiaoke.mapping import Mapper
from crm_bridge_fxiaoke.reading.recent_writes import RecentWrites
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Records
from crm_bridge_fxiaoke.removing.batches import Batches
from crm_bridge_fxiaoke.removing.cooldown import Cooldown
from crm_bridge_fxiaoke.restoring.recreator import Recreator


class Restorer:
    """Both ways back for one object."""

    def __init__(
        self, *, client: Client, records: Records, discovery: Discovery, mapper: Mapper, recent_writes: RecentWrites
    ) -> None:
        """`recent_writes` learns what was changed, so that the next look does not trust a lagging query."""
        self._client = client
        self._records = records
        self._discovery = discovery
        self._mapper = mapper
        self._recent_writes = recent_writes
        self._object = mapper.fields.object.name

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> list[Restored]:
        """Return one result per item."""
        if route is Route.UNTRASH:
            return self._recover(items)
        fields = self._mapper.fields
        recreator = Recreator(client=self._client, records=self._records, discovery=self._discovery, fields=fields)
        return [recreator.recreate(item) for item in items]

    def _recover(self, items: Sequence[RestoreItem]) -> list[Restored]:
        refs = [item.ref for item in items]
        cooldown = Cooldown(self._client.clock)
        batches = Batches(client=self._client, records=self._records, object_name=self._object, cooldown=cooldown)
        try:
            answers = batches.send(refs, self._records.path(self._object, "recover"), voided_before=None)
        finally:
            self._recent_writes.note(ref.id for ref in refs)
        done = [one.ref.id for one in answers if one.verdict is Verdict.DONE]
        still_there, gone = self._still_voided(done), self._gone(done)
        answers = [_not_yet(one) if one.ref.id in still_there else one for one in answers]
        return [_restored(_not_there(one) if one.ref.id in gone else one) for one in answers]

    def _gone(self, ids: Sequence[str]) -> set[str]:
        """Return which records are not there at all, where the CRM says yes to a batch whatever it did of it."""
        if self._client.settings.assumptions.batch_failure != "per_id":
            return set()
        return {one for one in ids if self._records.get(self._object, one) is None}

    def _still_voided(self, ids: Sequence[str]) -> set[str]:
        """Return which records are in the bin although the CRM said yes: a batch has one code for all its ids."""
        if self._client.settings.assumptions.index_lag:
            return set()  # a query would not know yet; the next look asks by id
        found: set[str] = set()
        for start in range(0, len(ids), LIST_MOST):
            try:
                rows = self._records.by_ids(self._object, ids[start : start + LIST_MOST])
            except CrmBridgeError:
                continue
            found |= {key for key, row in rows.items() if row.values.get("life_status") == "invalid"}
        return found


def _not_yet(answer: RemoveResult) -> RemoveResult:
    message = _("the CRM said yes, but the record is still in the bin")
    return replace(answer, verdict=Verdict.NOT_DONE, reason=Reason.STILL_IN_BIN, message=message)


def _not_there(answer: RemoveResult) -> RemoveResult:
    message = _("the CRM said yes, but there is no such record")
    return replace(answer, verdict=Verdict.NOT_DONE, reason=Reason.NOT_FOUND, message=message)


def _restored(answer: RemoveResult) -> Restored:
    came_back = answer.verdict is Verdict.DONE
    return Restored(
        answer.ref,
        answer.verdict,
        new_ref=answer.ref if came_back else None,
        ids={answer.ref.id: answer.ref.id} if came_back else {},
        code=answer.code,
        reason=answer.reason,
        message=answer.message,
        vendor_message=answer.vendor_message,
        hint=answer.hint,
    )
