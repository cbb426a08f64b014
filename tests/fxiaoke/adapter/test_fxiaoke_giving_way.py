"""What a tenant no longer takes does not keep a contract away, and no attempt makes a second copy."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.spi.adapter import Restored, RestoreItem, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from tests.fxiaoke.adapter.test_fxiaoke_recreator import deleted

MARK = "crm-bridge-00112233445566778899"


def back(adapter: Any, copy: Snapshot, **changes: Any) -> Restored:
    told: list[Restored] = list(adapter.bring_back(Route.RECREATE, [RestoreItem(copy.ref, MARK, copy, **changes)]))
    return told[0]


def control(rig: Any, command: str, **arguments: Any) -> dict[str, Any]:
    told = dict(rig.emulator.control(command, arguments))
    assert "error" not in told, told
    return told


def row(rig: Any, told: Restored) -> dict[str, Any]:
    assert told.new_ref is not None, told
    return dict(control(rig, "record", id=told.new_ref.id)["record"])


def before(rig: Any, copy: Snapshot) -> dict[str, Any]:
    return dict(control(rig, "record", id=copy.ref.id)["record"])


@pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
def test_a_contract_whose_owner_has_left_comes_back_and_says_so(mount: Any, auth: str) -> None:
    rig = mount()
    adapter = rig.connect(auth=auth)
    copy = deleted(adapter)
    adapter.whoami()
    control(rig, "leave", id=before(rig, copy)["owner"][0])
    told = back(adapter, copy)
    assert told.verdict is Verdict.DONE
    assert row(rig, told)["owner"] == ["1000"] != before(rig, copy)["owner"]
    assert any("not an active user" in one and "--owner" in one for one in told.lost)


def test_the_owner_that_was_named_gets_the_contract_of_one_who_has_left(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect(auth="app_secret")
    copy = deleted(adapter)
    left = before(rig, copy)["owner"][0]
    heir = next(one for one in rig.emulator.world.employees if one not in (left, "1000"))
    control(rig, "leave", id=left)
    assert row(rig, back(adapter, copy, owner=heir))["owner"] == [heir]


def test_everything_at_once_that_the_tenant_refuses_is_left_out_and_named(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    saved = before(rig, copy)
    control(rig, "leave", id=saved["owner"][0])
    control(rig, "rule", field="status__c", retire=saved["status__c"])
    control(rig, "rule", field="title__c", unique=True)
    other = control(rig, "contracts")["ids"][0]
    control(rig, "edit", id=other, field="title__c", value=saved["title__c"])
    told = back(adapter, copy)
    now = row(rig, told)
    assert (now.get("status__c"), now.get("title__c")) == (None, None)
    assert (now["name"], now["amount__c"]) == (saved["name"], saved["amount__c"])
    assert {"合同状态", "合同名称"} <= {one.partition(":")[0] for one in told.lost}
    assert len(told.ids) == 4


def test_a_number_that_must_be_there_and_is_taken_tells_that_it_is_another(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    saved = before(rig, copy)
    control(rig, "rule", field="name", unique=True)
    control(rig, "edit", id=control(rig, "contracts")["ids"][0], field="name", value=saved["name"])
    told = back(adapter, copy)
    assert row(rig, told)["name"] == f"{saved['name']} (778899)"
    assert any(one.startswith("合同编号") for one in told.lost)


def lose_the_answer(rig: Any) -> None:
    def lose(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/data/create"):
            return None
        rig.intercept = None
        rig.emulator.handle(request)
        return WireResponse(200, (("Content-Type", "text/html"),), b"<html>")

    rig.intercept = lose


KINDS: dict[str, Any] = {
    "a default in an empty field": lambda rig: control(rig, "rule", field="remark__c", default="由系统填写"),
    "trimmed texts": lambda rig: control(rig, "switch", name="trims_texts", value=True),
    "scaled amounts": lambda rig: control(rig, "switch", name="scales_amounts", value=True),
    "its own creation time": lambda rig: control(rig, "switch", name="own_create_time", value=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_copy_of_a_lost_answer_is_found_whatever_the_tenant_does_to_values(mount: Any, kind: str) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    values = json.loads(copy.record)
    for name in ("title__c", "name"):
        values[name] += "  "
    copy = replace(copy, record=json.dumps(values, ensure_ascii=False).encode())
    KINDS[kind](rig)
    since = rig.clock.now() - timedelta(minutes=5)
    lose_the_answer(rig)
    assert back(adapter, copy).verdict is Verdict.UNKNOWN
    told = back(adapter, copy, look_first=True, since=since)
    assert (told.verdict, rig.calls("/data/create")) == (Verdict.DONE, 1)


def test_a_record_of_ours_with_the_same_number_and_other_values_is_asked_about(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    since = rig.clock.now() - timedelta(minutes=5)
    lose_the_answer(rig)
    back(adapter, copy)
    made = control(rig, "contracts")["ids"][-1]
    control(rig, "edit", id=made, field="amount__c", value="1", actor="1000")
    told = back(adapter, copy, look_first=True, since=since)
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, Reason.POSSIBLE_COPY)
    assert made in told.message
    assert rig.calls("/data/create") == 1


@pytest.mark.parametrize("own", [False, True], ids=["stated creation time", "its own creation time"])
def test_an_older_record_of_the_same_title_that_was_only_changed_since_is_no_copy(mount: Any, own: bool) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    other = control(rig, "contracts")["ids"][0]
    control(rig, "switch", name="own_create_time", value=own)
    since = rig.clock.now() - timedelta(minutes=5)
    control(rig, "edit", id=other, field="title__c", value=before(rig, copy)["title__c"], actor="1000")
    told = back(adapter, copy, look_first=True, since=since)
    assert (told.verdict, rig.calls("/data/create")) == (Verdict.DONE, 1)


def test_a_refusal_that_came_after_the_record_was_made_makes_no_second_one(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)

    def refuse_afterwards(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/data/create"):
            return None
        rig.intercept = None
        rig.emulator.handle(request)
        text = "字段[备注]校验失败"
        return WireResponse.of_json(
            {"errorCode": 50009, "errorMessage": text, "errorDescription": text, "traceId": "t"}
        )

    values = json.loads(copy.record) | {"remark__c": "a remark"}
    copy = replace(copy, record=json.dumps(values, ensure_ascii=False).encode())
    rig.intercept = refuse_afterwards
    assert back(adapter, copy).verdict is Verdict.DONE
    assert rig.calls("/data/create") == 1
