"""References of other records to a contract that came back under a new id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.reading.records import Records

Link = tuple[str, str, str]


class Relinker:
    """Sets references to the new id where that is wanted; otherwise lists them."""

    def __init__(self, *, client: Client, records: Records, wanted: bool) -> None:
        """`wanted` comes from the connection: other records are changed only when somebody asked for it."""
        self._client = client
        self._records = records
        self._wanted = wanted

    def relink(self, links: Sequence[Link], *, old_id: str, new_id: str) -> list[str]:
        """Return what keeps referring to the old id, in words."""
        return [shown for link in links if (shown := self._one(link, old_id, new_id))]

    def _one(self, link: Link, old_id: str, new_id: str) -> str:
        name, record_id, field = link
        shown = _("reference {object}/{id}.{field}").format(object=name, id=record_id, field=field)
        if not self._wanted:
            return shown
        try:
            row = self._records.by_ids(name, [record_id]).get(record_id)
            value = row.values.get(field) if row else None
            if row is None or not _refers(value, old_id):
                return shown
            written = [new_id if one == old_id else one for one in value] if isinstance(value, list) else new_id
            return "" if self.write(name, record_id, {field: written}) else shown
        except CrmBridgeError:
            return shown

    def write(self, name: str, record_id: str, values: Mapping[str, object]) -> bool:
        """Change values of one record without setting off anything; say whether the CRM did it."""
        data = {"object_data": {"_id": record_id, "dataObjectApiName": name, **values}}
        quiet = {"triggerApprovalFlow": False, "triggerWorkFlow": False}
        return self._client.change(self._records.path(name, "update"), data, creates=True, top=quiet).code == 0


def _refers(value: object, old_id: str) -> bool:
    """Return whether a reference still means the old contract: its id, or nothing because the CRM emptied it."""
    return value in (None, "", old_id) or (isinstance(value, list) and old_id in value)
