"""The tenant's own logs: who did what to which record. The answers' shapes are not published; these carry the facts."""

from __future__ import annotations

from typing import Any

from crm_bridge_fxiaoke.emulator.call import Call, as_int
from crm_bridge_fxiaoke.emulator.state.present import View
from crm_bridge_fxiaoke.emulator.state.state import Act, World

TYPES = {
    "2": "AccountObj",
    "4": "ProductObj",
    "11": "SalesOrderObj",
    "16": "ContractObj",
}
NAMES = {
    "create": "新建",
    "update": "编辑",
    "invalid": "作废",
    "recover": "恢复",
    "delete": "删除",
    "lock": "锁定",
    "unlock": "解锁",
    "changeOwner": "更换负责人",
}


def of_tenant(world: World, call: Call) -> dict[str, Any]:
    """Answer crmLog/query: newest first, by the vendor's number of the object."""
    info = call.data.get("QueryInfo")
    main = str(info.get("FilterMainID", "")) if isinstance(info, dict) else ""
    wanted = TYPES.get(main, "")
    found = [act for act in reversed(world.log) if not main or act.object_name == wanted]
    number = max(0, as_int(call.data.get("pageNumber"), "pageNumber", 0))
    page, count = _page(found, number, as_int(call.data.get("pageSize"), "pageSize", 100))
    view = View.of(world, call)
    return {"data": {"logs": [_told(view, act) for act in page], "totalCount": count}}


def of_record(world: World, call: Call) -> dict[str, Any]:
    """Answer getNewLogInfoListForWeb: the acts on one record, newest first."""
    name, key = call.text("apiName"), call.text("objectId")
    found = [act for act in reversed(world.log) if (act.object_name, act.id) == (name, key)]
    number = max(1, as_int(call.data.get("pageNumber"), "pageNumber", 1))
    size = max(1, as_int(call.data.get("pageSize"), "pageSize", 20))
    page, count = _page(found, number - 1, size)
    view = View.of(world, call)
    info = {"pageCount": -(-count // size), "pageNumber": number, "pageSize": size, "totalCount": count}
    return {"data": {"modifyRecordList": [_told(view, act) for act in page], "pageInfo": info}}


def _page(found: list[Act], index: int, size: int) -> tuple[list[Act], int]:
    size = max(1, size)
    return found[index * size : (index + 1) * size], len(found)


def _told(view: View, act: Act) -> dict[str, Any]:
    person = view.world.employees.get(act.actor)
    return {
        "operationTime": act.time,
        "operationType": act.operation,
        "operationLabel": NAMES.get(act.operation, act.operation),
        "userId": view.person(act.actor),
        "userName": person.name if person else "",
        "objectApiName": act.object_name,
        "objectId": act.id,
        "objectName": act.name,
    }
