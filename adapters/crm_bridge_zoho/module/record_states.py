"""Where records stand: locks, approvals, reviews, blueprints, merges, sharing. No query can select these keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm_bridge.domain.contract import RecordState
from crm_bridge.errors import CrmError, PermissionDeniedError
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.reading.parallel import ordered_map
from crm_bridge_zoho.wire import id_text, list_of

KEYS = (
    "$approval_state",
    "$locked_for_me",
    "$process_flow",
    "$in_merge",
    "$sharing_permission",
)
"""Asked for by name: a list shows no `$` key otherwise."""
IDS_A_CALL = 100
FIRST = 100
"""Contracts of one plan whose state is looked up beforehand: one call. Others are told by Zoho at the delete."""


def read_states(client: ZohoClient, module: str, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]] | None:
    """Return the state keys by record id; None when they could not be read.

    They are nice to know beforehand: the delete itself is answered record by record.
    """

    def share(at: int) -> list[Mapping[str, Any]]:
        params = {"ids": ",".join(ids[at : at + IDS_A_CALL]), "fields": ",".join(("id", *KEYS)), "per_page": "200"}
        return list_of(client.read(f"/crm/v8/{module}", "GET /crm/v8/{module}", params=params), "data")

    try:
        found = list(ordered_map(share, range(0, len(ids), IDS_A_CALL)))
    except (CrmError, PermissionDeniedError):
        return None
    return {id_text(row.get("id")): {key: row.get(key) for key in KEYS} for rows in found for row in rows}


def state_of(row: Mapping[str, object]) -> RecordState:
    """Return where the record stands, from whatever of Zoho's state keys the row has."""
    if row.get("Locked__s") is True or row.get("$locked_for_me") is True:
        return RecordState.LOCKED
    approval = row.get("$approval_state")
    if isinstance(approval, str) and approval != "approved":
        return RecordState.IN_APPROVAL
    if row.get("$process_flow") is True or row.get("$in_merge") is True:
        return RecordState.IN_PROCESS
    return RecordState.READ_ONLY if row.get("$sharing_permission") == "read_only" else RecordState.NORMAL
