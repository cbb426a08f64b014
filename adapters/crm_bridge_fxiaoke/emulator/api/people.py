"""The address book: employees and departments, with flat parameters."""

from __future__ import annotations

from typing import Any

from crm_bridge_fxiaoke.emulator.auth import by_open_id
from crm_bridge_fxiaoke.emulator.call import Call, as_int, need_text
from crm_bridge_fxiaoke.emulator.envelope import WireError
from crm_bridge_fxiaoke.emulator.seed.seed import DEPARTMENT
from crm_bridge_fxiaoke.emulator.state.state import Employee, World


def by_mobile(world: World, call: Call) -> dict[str, Any]:
    """Answer user/getByMobile; an unknown number gives an empty list."""
    mobile = need_text(call.body, "mobile").removeprefix("+86").removeprefix("+86-")
    return {"empList": [_card(person) for person in world.employees.values() if person.mobile == mobile]}


def get(world: World, call: Call) -> dict[str, Any]:
    """Answer user/get: the fields stand at the top level."""
    person = by_open_id(world, need_text(call.body, "openUserId"))
    if person is None:
        raise WireError(20012, "openUserId not found", "员工不存在")
    return {
        "openUserId": person.open_id,
        "name": person.name,
        "nickName": person.name,
        "isStop": False,
        "email": f"user{person.id}@example.com",
        "mobile": person.mobile,
        "gender": "M",
        "position": "",
        "profileImageUrl": "",
        "departmentIds": [int(DEPARTMENT)],
        "mainDepartmentId": int(DEPARTMENT),
        "leaderId": world.employees["1000"].open_id,
        "createTime": 1_638_288_000_000,
    }


def listing(world: World, call: Call) -> dict[str, Any]:
    """Answer user/list."""
    _department(call)
    return {"userList": [_card(person) for person in world.employees.values()]}


def short_listing(world: World, call: Call) -> dict[str, Any]:
    """Answer user/simpleList."""
    _department(call)
    return {"userList": [{"openUserId": person.open_id, "name": person.name} for person in world.employees.values()]}


def changed(world: World, call: Call) -> dict[str, Any]:
    """Answer user/get/batchByUpdTime; sources disagree about the name of the list, so it has both."""
    size = min(1000, as_int(call.body.get("pageSize"), "pageSize", 100) or 100)
    begin = (max(1, as_int(call.body.get("pageNumber"), "pageNumber", 1)) - 1) * size
    everybody = [_card(person) for person in world.employees.values()]
    page = everybody[begin : begin + size]
    count = len(everybody)
    return {"employees": page, "empList": page, "totalCount": count, "pageCount": -(-count // size)}


def departments(_world: World, _call: Call) -> dict[str, Any]:
    """Answer department/list."""
    return {"departments": [{"id": int(DEPARTMENT), "name": "全公司", "parentId": 0, "isStop": False, "order": 0}]}


def department(_world: World, call: Call) -> dict[str, Any]:
    """Answer department/detail."""
    _department(call)
    return {"department": {"id": int(DEPARTMENT), "name": "全公司", "parentId": 0, "isStop": False}}


def _department(call: Call) -> None:
    if str(as_int(call.body.get("departmentId"), "departmentId", int(DEPARTMENT))) != DEPARTMENT:
        raise WireError(30007, "department not found", "部门不存在")


def _card(person: Employee) -> dict[str, Any]:
    return {
        "enterpriseId": 590001,
        "openUserId": person.open_id,
        "account": person.mobile,
        "fullName": person.name,
        "name": person.name,
        "status": "NORMAL",
        "mobile": person.mobile,
        "email": f"user{person.id}@example.com",
        "gender": "M",
        "isActive": True,
        "mainDepartmentIds": [int(DEPARTMENT)],
        "departmentIds": [int(DEPARTMENT)],
    }
