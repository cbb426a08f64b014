"""Creating deleted contracts again: ids change, content does not, and nothing is created twice."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.spi.adapter import Query, RemoveOptions, Restored, RestoreItem, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.copies import in_hand
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter

STYLES = pytest.mark.parametrize("auth", ["corp_token", "app_secret"])


def first_snapshot(adapter: FxiaokeAdapter) -> Snapshot:
    contract = next(one for page in adapter.find(Query()).pages for one in page.contracts)
    copy = next(iter(adapter.snapshot([contract.ref])))
    assert isinstance(copy, Snapshot)
    return copy


def deleted(adapter: FxiaokeAdapter) -> Snapshot:
    copy = first_snapshot(adapter)
    # The bytes of attachments are fetched lazily; a vault has them before anything is deleted.
    files = tuple(in_hand(one) for one in copy.attachments)
    for step in (Step.TRASH, Step.PURGE):
        adapter.remove(step, [copy.ref], options=RemoveOptions())
    return Snapshot(copy.ref, copy.digest, copy.record, copy.parts, files)


def recreate(adapter: FxiaokeAdapter, copy: Snapshot, *, look_first: bool = False) -> Restored:
    item = RestoreItem(copy.ref, "crm-bridge-mark", copy, look_first=look_first)
    return adapter.bring_back(Route.RECREATE, [item])[0]


@STYLES
def test_a_deleted_contract_comes_back_with_its_values_lines_and_files(mount: Any, auth: str) -> None:
    rig = mount()
    adapter = rig.connect(auth=auth)
    before = rig.emulator.control("record", {"id": first_snapshot(adapter).ref.id})["record"]
    copy = deleted(adapter)
    result = recreate(adapter, copy)
    assert result.verdict is Verdict.DONE
    assert result.new_ref is not None
    after = rig.emulator.control("record", {"id": result.new_ref.id})["record"]
    for name in ("name", "account_id", "amount__c", "status__c", "start_date__c", "create_time", "owner", "created_by"):
        assert after[name] == before[name], name
    assert after["attach__c"][0]["filename"] == before["attach__c"][0]["filename"]
    assert len(result.ids) == 4
    assert not [line for line in result.lost if line.startswith("file")]


@STYLES
def test_a_second_attempt_finds_the_copy_of_the_first(mount: Any, auth: str) -> None:
    rig = mount()
    adapter = rig.connect(auth=auth)
    copy = deleted(adapter)
    first = recreate(adapter, copy)
    second = recreate(adapter, copy, look_first=True)
    assert second.new_ref == first.new_ref
    assert second.ids == first.ids
    assert rig.calls("/data/create") == 1


def test_a_lost_answer_to_a_create_is_unknown_and_settled_by_looking(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)

    def lose(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/data/create"):
            rig.emulator.handle(request)
            return WireResponse(200, (("Content-Type", "text/html"),), b"<html>")
        return None

    rig.intercept = lose
    assert recreate(adapter, copy).verdict is Verdict.UNKNOWN
    rig.intercept = None
    assert recreate(adapter, copy, look_first=True).verdict is Verdict.DONE
    assert rig.calls("/data/create") == 1


def test_two_copies_are_reported_and_nothing_is_created(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    recreate(adapter, copy)
    recreate(adapter, copy)
    result = recreate(adapter, copy, look_first=True)
    assert (result.verdict, result.reason) == (Verdict.UNKNOWN, "several_copies")
    assert rig.calls("/data/create") == 2


def test_details_can_be_created_one_by_one(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect(assumptions={"details_in_create": "separate"})
    result = recreate(adapter, deleted(adapter))
    assert (len(result.ids), rig.calls("/data/create")) == (4, 4)


def test_references_are_listed_unless_they_are_to_be_set(mount: Any) -> None:
    adapter = mount().connect()
    result = recreate(adapter, deleted(adapter))
    assert [line for line in result.lost if line.startswith("reference SalesOrderObj/")]


def test_references_are_set_to_the_new_id_where_wanted(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect(relink=True)
    copy = deleted(adapter)
    result = recreate(adapter, copy)
    assert result.lost == ()
    assert result.new_ref is not None
    again = next(iter(adapter.snapshot([result.new_ref])))
    assert isinstance(again, Snapshot)
    assert {part.name for part in again.parts} >= {"SalesOrderObj", "PaymentObj", "SaleContractLineObj"}


def test_a_marker_field_finds_the_copy(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect(marker_field="remark__c")
    copy = deleted(adapter)
    first = recreate(adapter, copy)
    assert first.new_ref is not None
    assert rig.emulator.control("record", {"id": first.new_ref.id})["record"]["remark__c"] == "crm-bridge-mark"
    assert recreate(adapter, copy, look_first=True).new_ref == first.new_ref


def test_a_refused_create_is_not_done(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)

    def refuse(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/data/create"):
            return WireResponse.of_json({"errorCode": 32000, "errorMessage": "x", "traceId": "E-O.1"})
        return None

    rig.intercept = refuse
    result = recreate(adapter, copy)
    assert (result.verdict, result.code, result.reason) == (Verdict.NOT_DONE, "32000", "invalid")


def test_without_a_backup_nothing_is_created(mount: Any) -> None:
    adapter = mount().connect()
    copy = first_snapshot(adapter)
    result = adapter.bring_back(Route.RECREATE, [RestoreItem(copy.ref, "m")])[0]
    assert (result.verdict, result.reason) == (Verdict.NOT_DONE, "no_backup")


def test_a_file_that_cannot_be_sent_is_named_and_the_contract_comes_back_without_it(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    no = WireResponse.of_json({"errorCode": 50009, "errorMessage": "文件大小超过20M"})
    rig.intercept = lambda request: no if request.path == "/media/upload" else None
    result = recreate(adapter, copy)
    assert result.verdict is Verdict.DONE
    assert [line for line in result.lost if line.startswith("file HT-2025-0001 合同扫描件.pdf: ")]


def test_a_team_and_an_automatic_number_are_said_to_be_lost(mount: Any) -> None:
    from crm_bridge_fxiaoke.emulator import Switches

    rig = mount(switches=Switches(auto_number=True))
    adapter = rig.connect(assumptions={"snapshot_by": "get"})
    first = first_snapshot(adapter).ref.id
    team = rig.emulator.world.find(first)[1]["relevant_team"]
    team.append({**team[0], "teamMemberEmployee": ["1001"], "teamMemberRole": "4"})
    result = recreate(adapter, deleted(adapter))
    assert result.verdict is Verdict.DONE
    assert any("the number HT-2025-0001" in line or "the number ZD-" in line for line in result.lost)
    assert any("team of 1 people" in line for line in result.lost)


def test_a_right_that_is_missing_after_the_create_does_not_hide_the_new_record(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = deleted(adapter)
    no = WireResponse.of_json({"errorCode": 50009, "errorMessage": "无此操作的数据权限"})
    created: list[str] = []

    def refuse_afterwards(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/create"):
            created.append(request.path)
        return no if created and request.path.endswith("/query") else None

    rig.intercept = refuse_afterwards
    result = recreate(adapter, copy)
    assert result.verdict is Verdict.DONE
    assert result.new_ref is not None
    assert any(line.startswith("not checked after the restore") for line in result.lost)
