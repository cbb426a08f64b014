"""Voids that start an approval, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe


@pytest.fixture
def pending(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> str:
    """A contract whose void waits for somebody."""
    emulator.control("approval", {"on": True})
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == 0
    return ids[0]


def record(emulator: FxiaokeEmulator, key: str) -> dict[str, Any]:
    return dict(emulator.control("record", {"id": key})["record"])


def test_a_void_with_a_flow_starts_an_instance_and_locks(old: Probe, emulator: FxiaokeEmulator, pending: str) -> None:
    now = record(emulator, pending)
    assert (now["life_status"], now["lock_status"]) == ("in_change", "1")
    found = old.call("/cgi/crm/object/approvalInstances/query", dataId=pending)["instances"]
    assert [(item["triggerType"], item["state"], item["dataId"]) for item in found] == [
        ("Invalid", "in_progress", pending)
    ]
    assert [effect.kind for line in emulator.ledger() for effect in line.effects] == ["workflow"]


def test_a_second_void_of_a_pending_record_is_refused(old: Probe, pending: str) -> None:
    assert old.data("invalid", object_data_id=pending)["errorCode"] == 50009


def test_agreeing_to_the_task_voids_the_record(old: Probe, emulator: FxiaokeEmulator, pending: str) -> None:
    instance = old.call("/cgi/crm/object/approvalInstances/query", dataId=pending)["instances"][0]["instanceId"]
    detail = old.call("/cgi/crm/approvalInstance/get", instanceId=instance)["instanceDetail"]
    task = detail["tasks"][0]
    assert task["candidateIds"] == [emulator.world.employees["1001"].open_id]
    act = {"taskId": task["taskId"], "actionType": "agree", "opinion": "ok"}
    assert old.call("/cgi/crm/approvalTask/action", **act)["errorCode"] == 0
    assert record(emulator, pending)["life_status"] == "invalid"
    assert old.call("/cgi/crm/approvalTask/action", **act)["errorCode"] == 50009


def test_rejecting_gives_the_record_back(old: Probe, emulator: FxiaokeEmulator, pending: str) -> None:
    assert emulator.control("reject", {"id": pending})["state"] == "reject"
    now = record(emulator, pending)
    assert (now["life_status"], now["lock_status"]) == ("normal", "0")


def test_somebody_approves_in_the_crm(emulator: FxiaokeEmulator, pending: str) -> None:
    emulator.control("approve", {"id": pending})
    told = emulator.control("record", {"id": pending})
    assert (told["place"], told["deleted_by"]) == ("bin", "1001")


def test_the_applicant_cancels(old: Probe, emulator: FxiaokeEmulator, pending: str) -> None:
    data = {"objectId": pending, "entityId": "SaleContractObj", "opinion": "mistake"}
    assert old.call("/cgi/crm/v2/special/approval/instance/cancel", data)["errorCode"] == 0
    assert record(emulator, pending)["life_status"] == "normal"
    assert old.call("/cgi/crm/v2/special/approval/instance/cancel", data)["errorCode"] == 50009


def test_the_newer_call_tells_the_latest_instance_of_a_record(old: Probe, pending: str, ids: list[str]) -> None:
    def info(key: str) -> dict[str, Any]:
        path = "/cgi/crm/v2/special/getInstanceInfoByObjectId"
        data: dict[str, Any] = old.call(path, {"entityId": "SaleContractObj", "objectId": key})["data"]
        return data

    assert info(pending)["instanceStatus"] == "in_progress"
    assert info(pending)["flowName"] == "合同作废审批"
    assert info(ids[1]) == {}


def test_approvals_are_searched_by_state(old: Probe, emulator: FxiaokeEmulator, pending: str) -> None:
    def count(state: str) -> int:
        found = old.call("/cgi/crm/approvalInstances/query", state=state, objectApiName="SaleContractObj")
        return int(found["queryResult"]["total"])

    assert (count("in_progress"), count("pass")) == (1, 0)
    emulator.control("approve", {"id": pending})
    assert (count("in_progress"), count("pass")) == (0, 1)


def test_only_the_approver_or_an_administrator_decides(emulator: FxiaokeEmulator, pending: str) -> None:
    clerk = Probe(emulator, user="1002").sign_in()
    task = next(iter(emulator.world.instances.values())).task_id
    refused = clerk.call("/cgi/crm/approvalTask/action", taskId=task, actionType="agree")
    assert (refused["errorCode"], refused["errorMessage"]) == (50009, "您不是该任务的处理人")
