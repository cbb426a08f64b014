"""Making a contract again from its snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Restored, RestoreItem, Verdict
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.coql import Coql
from crm_bridge_zoho.workspace import Workspace


class Recreator:
    """Re-creates contracts."""

    def __init__(self, client: ZohoClient, coql: Coql, workspace: Workspace, *, marker_field: str | None) -> None:
        """Use one connection's readers."""
        self._used = (client, coql, workspace, marker_field)

    def recreate(self, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Say that nothing was done."""
        text = _("re-creating is not available; restore from the recycle bin")
        return [Restored(item.ref, Verdict.NOT_DONE, reason="not_supported", message=text) for item in items]
