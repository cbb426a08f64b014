"""Pointing the lookups of other records at a re-created contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, MalformedAnswerError, NotSentError
from crm_bridge.i18n import _
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.reading.read_by_id import ById
from crm_bridge_zoho.restoring.payload import json_bytes
from crm_bridge_zoho.wire import id_text, items_of

IDS_A_CALL = 100


def relink(
    client: ZohoClient, by_id: ById, links: Sequence[Mapping[str, Any]], *, old: str, new: str, ids: Mapping[str, str]
) -> list[str]:
    """Set each empty lookup to the new id; return in words what was not linked. A lookup set elsewhere stays."""
    lost: list[str] = []
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for link in links:
        record = id_text(link.get("id"))
        groups[(str(link.get("module")), str(link.get("field")))].append(ids.get(record, record))
    for (module, field), records in groups.items():
        for at in range(0, len(records), IDS_A_CALL):
            share = records[at : at + IDS_A_CALL]
            try:
                lost += _group(client, by_id, module, field, share, old=old, new=new)
            except CrmBridgeError as error:
                if error.reason in (Reason.SIGNED_OUT, Reason.RATE_LIMITED):
                    raise
                lost += [_not_linked(module, field, one, error.message) for one in share]
    return lost


def _group(
    client: ZohoClient, by_id: ById, module: str, field: str, records: list[str], *, old: str, new: str
) -> list[str]:
    rows = by_id.rows(module, records, ("id", field))
    lost, wanted = [], []
    for one in records:
        value = rows[one].values.get(field) if one in rows else None
        target = id_text(value.get("id")) if isinstance(value, Mapping) else ""
        if one not in rows:
            lost.append(_not_linked(module, field, one, _("the record is gone")))
        elif target in ("", old):
            wanted.append(one)
        elif target != new:
            lost.append(_not_linked(module, field, one, _("it points elsewhere now")))
    return lost + _update(client, module, field, wanted, new) if wanted else lost


def _update(client: ZohoClient, module: str, field: str, records: list[str], new: str) -> list[str]:
    body = {"data": [{"id": one, field: {"id": new}} for one in records], "trigger": []}
    try:
        answer = client.create("PUT", f"/crm/v8/{module}", "PUT /crm/v8/{module}", body=json_bytes(body))
        items = {item.id: item for item in items_of(answer, "data")}
    except (NotSentError, MalformedAnswerError) as error:
        return [_not_linked(module, field, one, error.message) for one in records]
    failed = [one for one in records if one not in items or not items[one].ok]
    return [_not_linked(module, field, one, items[one].code if one in items else "") for one in failed]


def _not_linked(module: str, field: str, record: str, why: str) -> str:
    return _("link {module}/{id}, field {field}: {why}").format(module=module, id=record, field=field, why=why or "-")
