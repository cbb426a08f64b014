"""Approvals: which flow holds a contract, and whom to ask."""

from __future__ import annotations

from collections.abc import Mapping

from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.error_table import clean
from crm_bridge_fxiaoke.mapping import text
from crm_bridge_fxiaoke.module.people import BY_ID_PATH, OPEN_ID

INFO_PATH = "/cgi/crm/v2/special/getInstanceInfoByObjectId"
DETAIL_PATH = "/cgi/crm/approvalInstance/get"


class Approvals:
    """Reads of approval instances; nothing here decides one."""

    def __init__(self, client: Client) -> None:
        """Calls go through the connection's client."""
        self._client = client
        self._names: dict[str, str] = {}

    def note(self, object_name: str, record_id: str) -> str:
        """Return flow and person in one sentence; a CRM that will not tell gives a shorter one."""
        info = self._info(object_name, record_id)
        flow = clean(info.get("flowName")) or clean(info.get("instanceName")) or clean(info.get("flowApiName"))
        instance = text(info.get("instanceId"))
        people = self._people(instance) if instance else ()
        if flow and people:
            return _("in approval: {flow}, waiting for {people}").format(flow=flow, people=", ".join(people))
        return _("in approval: {flow}").format(flow=flow) if flow else _("in approval")

    def _info(self, object_name: str, record_id: str) -> Mapping[str, object]:
        try:
            data = self._client.read(INFO_PATH, {"entityId": object_name, "objectId": record_id}).data
        except CrmBridgeError:
            # Who has to decide is a help, not a condition: the place is known from the record itself.
            return {}
        inner = data.get("instanceInfo", data) if isinstance(data, Mapping) else {}
        return inner if isinstance(inner, Mapping) else {}

    def _people(self, instance: str) -> tuple[str, ...]:
        try:
            body = self._client.read(DETAIL_PATH, None, instanceId=instance).body
        except CrmBridgeError:
            return ()
        detail = body.get("instanceDetail")
        tasks = detail.get("tasks") if isinstance(detail, Mapping) else None
        found: list[str] = []
        for task in tasks if isinstance(tasks, list) else []:
            if isinstance(task, Mapping) and task.get("state") in (None, "in_progress"):
                ids = task.get("candidateIds") or task.get("candidates")
                found += [clean(str(one), most=60) for one in ids] if isinstance(ids, list) else []
        return tuple(self.called(one) for one in dict.fromkeys(found))

    def called(self, person: str) -> str:
        """Return name and id; the id alone where the CRM gives no name (the newer style has no call for it)."""
        if person not in self._names:
            self._names[person] = self._name(person) if person.startswith(OPEN_ID) else ""
        name = self._names[person]
        return f"{name} ({person})" if name else person

    def _name(self, person: str) -> str:
        try:
            told = self._client.read(BY_ID_PATH, None, openUserId=person, showDepartmentIdsDetail=False).body
        except CrmBridgeError:
            return ""
        return clean(told.get("name")) or clean(told.get("nickName"))
