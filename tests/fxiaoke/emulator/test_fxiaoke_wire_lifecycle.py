"""Void, recover, delete, lock: the state machine and its key names."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe


def place(emulator: FxiaokeEmulator, key: str) -> str:
    return str(emulator.control("record", {"id": key})["place"])


def lines(emulator: FxiaokeEmulator, key: str) -> list[str]:
    return [row["_id"] for _table, row in emulator.world.details_of(emulator.world.main_object, key)]


def test_void_then_delete(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    key = ids[0]
    assert old.data("invalid", object_data_id=key)["errorCode"] == 0
    voided = old.data("get", objectDataId=key)["data"]
    assert (voided["life_status"], voided["life_status_before_invalid"], voided["is_deleted"]) == (
        "invalid",
        "normal",
        True,
    )
    assert voided["version"] == 2
    assert old.data("delete", idList=[key])["errorCode"] == 0
    gone = old.data("get", objectDataId=key)
    assert (gone["errorCode"], gone["errorMessage"]) == (50009, "数据不存在或已删除")
    assert old.query(("_id", "IN", [key]))["data"]["dataList"] == []


def test_a_live_record_is_not_deleted(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    assert old.data("delete", idList=[ids[0]])["errorCode"] == 50009
    assert place(emulator, ids[0]) == "live"


def test_one_live_record_keeps_a_whole_batch(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    old.data("invalid", object_data_id=ids[0])
    assert old.data("delete", idList=ids[:2])["errorCode"] == 50009
    assert [place(emulator, key) for key in ids[:2]] == ["bin", "live"]


def test_recover_brings_the_record_and_its_own_lines_back(
    old: Probe, emulator: FxiaokeEmulator, ids: list[str]
) -> None:
    first, *others = lines(emulator, ids[0])
    emulator.control("delete", {"id": first})
    old.data("invalid", object_data_id=ids[0])
    assert [place(emulator, key) for key in (first, *others)] == ["bin", "bin", "bin"]
    assert old.data("recover", idList=[ids[0]])["errorCode"] == 0
    assert [place(emulator, key) for key in (ids[0], first, *others)] == ["live", "bin", "live", "live"]
    back = old.data("get", objectDataId=ids[0])["data"]
    assert (back["life_status"], back["life_status_before_invalid"], back["is_deleted"]) == ("normal", "", False)


def test_recover_of_a_live_record_is_refused(old: Probe, ids: list[str]) -> None:
    assert old.data("recover", idList=[ids[0]])["errorCode"] == 50009


def test_lines_go_with_their_contract(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    children = lines(emulator, ids[0])
    old.data("invalid", object_data_id=ids[0])
    old.data("delete", idList=[ids[0]])
    assert [place(emulator, key) for key in children] == ["gone", "gone", "gone"]
    effects = emulator.ledger()[-1].effects
    assert [(effect.kind, effect.module) for effect in effects] == [("purged", "SaleContractLineObj")] * 3 + [
        ("purged", "SaleContractObj")
    ]
    assert {effect.actor for effect in effects} == {"1000"}


def test_voiding_twice_is_told(old: Probe, ids: list[str]) -> None:
    old.data("invalid", object_data_id=ids[0])
    again = old.data("invalid", object_data_id=ids[0])
    assert (again["errorCode"], again["errorMessage"]) == (50009, "数据已作废或已删除")


@pytest.mark.parametrize("wrong", [{"objectDataId": "x"}, {"idList": ["x"]}, {"object_data_id": ["x"]}, {}])
def test_void_wants_one_id_under_its_own_name(old: Probe, wrong: dict[str, Any]) -> None:
    answer = old.data("invalid", **wrong)
    assert answer["errorCode"] == 32000
    assert answer["errorMessage"] == "the parameter object_data_id is missing or illegal"


@pytest.mark.parametrize("verb", ["delete", "recover"])
@pytest.mark.parametrize("wrong", [{"objectDataId": "x"}, {"object_data_id": "x"}, {"idList": "x"}, {"idList": []}])
def test_delete_and_recover_want_a_list_of_ids(old: Probe, verb: str, wrong: dict[str, Any]) -> None:
    assert old.data(verb, **wrong)["errorCode"] == 32000


def test_a_locked_record_is_neither_voided_nor_edited(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("lock", {"id": ids[0]})
    void = old.data("invalid", object_data_id=ids[0])
    edit = old.data("update", object_data={"_id": ids[0], "dataObjectApiName": "SaleContractObj", "title__c": "x"})
    assert (void["errorCode"], void["errorMessage"]) == (50009, "不能进行[作废]操作，以下这些数据已被锁定。")
    assert (edit["errorCode"], edit["errorMessage"]) == (50009, "不能进行[编辑]操作，以下这些数据已被锁定。")


def test_lock_and_unlock_take_details_along(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    def locks() -> set[str]:
        return {emulator.control("record", {"id": key})["record"]["lock_status"] for key in lines(emulator, ids[0])}

    data = {"dataObjectApiName": "SaleContractObj", "dataIds": [ids[0]]}
    old.call("/cgi/crm/v2/object/lock", {**data, "detailObjStrategy": 0})
    assert locks() == {"0"}
    old.call("/cgi/crm/v2/object/lock", data)
    assert locks() == {"1"}
    old.call("/cgi/crm/v2/object/unlock", {**data, "detailObjStrategy": "1"})
    assert locks() == {"0"}
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == 0


def test_many_custom_records_are_voided_by_one_call_on_the_older_path(custom: Probe, emulator: FxiaokeEmulator) -> None:
    keys = list(emulator.control("contracts", {"object": "object_9Kx2p__c"})["ids"])[:20]
    assert custom.data("invalid", "custom", object_data_id=keys[0])["errorCode"] == 32000
    assert custom.data("invalid", "custom", idList=keys)["errorCode"] == 0
    assert {place(emulator, key) for key in keys} == {"bin"}
    assert custom.data("delete", "custom/v2", idList=keys)["errorCode"] == 0
    assert {place(emulator, key) for key in keys} == {"gone"}


def test_the_older_path_is_for_administrators(emulator: FxiaokeEmulator) -> None:
    clerk = Probe(emulator, user="1001", object_name="object_9Kx2p__c").sign_in()
    assert clerk.data("invalid", "custom", idList=["x"])["errorMessage"] == "Bad Request"
    assert clerk.query(family="custom/v2")["errorCode"] == 0


def test_a_missing_right_is_told(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("permission", {"invalid": False})
    answer = old.data("invalid", object_data_id=ids[0])
    assert (answer["errorCode"], answer["errorMessage"]) == (50009, "无此操作的数据权限")


def test_a_hidden_record_is_absent_and_untouchable(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("hide", {"id": ids[0]})
    assert old.query(("_id", "IN", ids[:2]))["data"]["total"] == 1
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == 50009
    assert place(emulator, ids[0]) == "live"


def test_a_tenant_function_may_veto_in_its_own_words(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("veto", {"id": ids[0], "text": "该合同有未结清回款，禁止作废！"})
    assert old.data("invalid", object_data_id=ids[0])["errorMessage"] == "该合同有未结清回款，禁止作废！"
    emulator.control("veto", {"id": ids[0]})
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == 0


def test_an_id_is_never_used_again(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("delete", {"id": ids[-1], "purge": True})
    made = old.data(
        "create",
        object_data={
            "dataObjectApiName": "SaleContractObj",
            "name": "N",
            "account_id": next(iter(emulator.world.tables["AccountObj"].rows)),
        },
    )["dataId"]
    assert made > ids[-1]


def test_removing_lines_leaves_the_contract(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    child = lines(emulator, ids[0])[0]
    probe = Probe(emulator, token=old.token, object_name="SaleContractLineObj")
    assert probe.data("invalid", object_data_id=child)["errorCode"] == 0
    assert probe.data("delete", idList=[child])["errorCode"] == 0
    assert len(lines(emulator, ids[0])) == 2
    assert place(emulator, ids[0]) == "live"
