"""Approval flows: an invalid call may start an instance, and somebody decides it."""

from __future__ import annotations

from typing import Any

from crm_bridge_fxiaoke.emulator.call import Call, need_text
from crm_bridge_fxiaoke.emulator.envelope import business, missing
from crm_bridge_fxiaoke.emulator.state import lifecycle
from crm_bridge_fxiaoke.emulator.state.present import View
from crm_bridge_fxiaoke.emulator.state.state import Instance, Record, World

FLOW = "flow_void_contract__c"
FLOW_NAME = "合同作废审批"
APPROVER = "1001"


def for_object(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/object/approvalInstances/query`: the approvals of one record."""
    data_id = need_text(call.body if "dataId" in call.body else call.data, "dataId")
    view = View.of(world, call)
    return {"instances": [_told(view, item) for item in world.instances.values() if item.data_id == data_id]}


def search(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/approvalInstances/query`: approvals by flow, state, object and time."""
    ask, view = call.body, View.of(world, call)
    found = [
        item
        for item in world.instances.values()
        if ask.get("flowApiName") in (None, "", FLOW)
        and ask.get("state") in (None, "", item.state)
        and ask.get("objectApiName") in (None, "", item.object_name)
        and int(ask.get("startTime") or 0) <= item.created <= int(ask.get("endTime") or 1 << 62)
    ]
    size = max(1, int(ask.get("pageSize") or 20))
    begin = (max(1, int(ask.get("pageNumber") or 1)) - 1) * size
    page = [_told(view, item) for item in found[begin : begin + size]]
    return {"queryResult": {"total": len(found), "instanceList": page}}


def get(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/approvalInstance/get`: one approval with its task and who has to decide."""
    item = _instance(world, need_text(call.body if "instanceId" in call.body else call.data, "instanceId"))
    view = View.of(world, call)
    task = {
        "taskId": item.task_id,
        "taskName": "部门主管审批",
        "state": item.state,
        "candidateIds": [view.person(APPROVER)],
        "createTime": item.created,
        "opinions": [{"opinion": item.opinion}] if item.opinion else [],
    }
    return {"instanceDetail": {"instance": _told(view, item), "tasks": [task]}}


def act(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/approvalTask/action` and its newer twin: agree or reject."""
    source = call.body if "taskId" in call.body else call.data
    task, verb = need_text(source, "taskId"), need_text(source, "actionType")
    item = next((item for item in world.instances.values() if item.task_id == task), None)
    if item is None:
        raise business("审批任务不存在")
    if verb not in ("agree", "reject"):
        raise missing("actionType")
    if call.actor != APPROVER and not (call.employee and call.employee.admin):
        raise business("您不是该任务的处理人")
    lifecycle.decide(world, item, "pass" if verb == "agree" else "reject", call.actor, str(source.get("opinion") or ""))
    return {}


def by_record(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/v2/special/getInstanceInfoByObjectId`: the latest approval of a record."""
    data_id, _object = call.text("objectId"), call.text("entityId")
    found = [item for item in world.instances.values() if item.data_id == data_id]
    if not found:
        return {"data": {}}
    item = found[-1]
    info = {
        "instanceId": item.id,
        "instanceName": FLOW_NAME,
        "instanceStatus": item.state,
        "flowApiName": FLOW,
        "flowName": FLOW_NAME,
        "startTime": item.created,
        "currentStagePosition": 1,
        "totalStageCount": 1,
    }
    return {"data": info | ({"endTime": item.ended} if item.ended else {})}


def cancel(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/v2/special/approval/instance/cancel`."""
    item = lifecycle.open_approval(world, call.text("objectId"))
    if item is None:
        raise business("没有进行中的审批实例")
    lifecycle.decide(world, item, "cancel", call.actor, str(call.data.get("opinion") or ""))
    return {}


def progress(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/v2/special/instance/progress`."""
    item = _instance(world, call.text("instanceId"))
    return {"data": {"instanceId": item.id, "state": item.state, "tasks": [{"taskId": item.task_id}]}}


def _instance(world: World, key: str) -> Instance:
    if key not in world.instances:
        raise business("审批实例不存在")
    return world.instances[key]


def _told(view: View, item: Instance) -> Record:
    told: Record = {
        "instanceId": item.id,
        "instanceName": FLOW_NAME,
        "dataId": item.data_id,
        "objectApiName": item.object_name,
        "triggerType": item.trigger,
        "state": item.state,
        "flowApiName": FLOW,
        "applicantOpenUserId": view.person(item.applicant),
        "createTime": item.created,
        "lastModifyTime": item.ended or item.created,
    }
    if item.ended:
        told |= {"endTime": item.ended}
    if item.state == "cancel":
        told |= {"cancelTime": item.ended}
    return told
