"""Who locked a record: asked of a few records at a time, for people."""

from __future__ import annotations

from collections.abc import Mapping

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.redaction import quoted
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.wire import list_of

MOST = 20
"""Records of one look of which it is asked: each takes a call."""
_LOCKS = "Locking_Information__s"
_FIELDS = "Locked_By__s,Locked_Time__s"


def lock_holder(client: ZohoClient, ref: ContractRef) -> str:
    """Return in words who locked a record and when; nothing where Zoho does not tell this user."""
    try:
        answer = client.read(
            f"/crm/v8/{ref.module}/{ref.id}/{_LOCKS}",
            "GET /crm/v8/{module}/{id}/Locking_Information__s",
            params={"fields": _FIELDS},
        )
        rows = list_of(answer, "data")
    except CrmBridgeError:
        return ""
    by = rows[0].get("Locked_By__s") if rows else None
    name = by.get("name") if isinstance(by, Mapping) else None
    if not isinstance(name, str) or not name:
        return ""
    at = rows[0].get("Locked_Time__s")
    told = _("locked by {people}").format(people=name)
    return quoted(f"{told}, {at}" if isinstance(at, str) else told)
