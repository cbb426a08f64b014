"""Creating and changing records."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe

OBJECT = "SaleContractObj"


@pytest.fixture
def account(emulator: FxiaokeEmulator) -> str:
    """The id of a customer."""
    return emulator.world.tables["AccountObj"].ids[0]


@pytest.fixture
def product(emulator: FxiaokeEmulator) -> str:
    """The id of a product."""
    return emulator.world.tables["ProductObj"].ids[0]


def contract(account: str, **more: Any) -> dict[str, Any]:
    return {"dataObjectApiName": OBJECT, "name": "HT-NEW", "account_id": account, **more}


def get(probe: Probe, key: str) -> dict[str, Any]:
    answer: dict[str, Any] = probe.data("get", objectDataId=key)["data"]
    return answer


def test_create_answers_with_a_new_id_at_the_top(old: Probe, account: str) -> None:
    answer = old.data("create", object_data=contract(account, amount__c="12.50", end_date__c=1735660800000))
    made = get(old, answer["dataId"])
    assert (made["name"], made["amount__c"], made["end_date__c"]) == ("HT-NEW", "12.50", 1735660800000)
    assert made["life_status"] == "normal"


def test_time_and_creator_count_only_where_the_flags_say_so(
    old: Probe, emulator: FxiaokeEmulator, account: str
) -> None:
    somebody = emulator.world.employees["1003"].open_id
    given = contract(account, create_time=1619712000000, created_by=[somebody], owner=[somebody])
    plain = get(old, old.data("create", object_data=given)["dataId"])
    top = {"hasSpecifyTime": "true", "hasSpecifyCreatedBy": True}
    specified = get(old, old.data("create", top=top, object_data=given)["dataId"])
    assert plain["create_time"] == emulator.world.now_ms()
    assert plain["created_by"] == [emulator.world.employees["1000"].open_id]
    assert plain["owner"] == specified["owner"] == specified["created_by"] == [somebody]
    assert specified["create_time"] == 1619712000000


def test_details_are_created_with_their_master(old: Probe, account: str, product: str) -> None:
    details = {"SaleContractLineObj": [{"product_id": product, "quantity": "1"}, {"product_id": product}]}
    answer = old.data("create", top={"includeDetailIds": True}, object_data=contract(account), details=details)
    children = answer["detailIds"]["SaleContractLineObj"]
    probe = Probe(old.emulator, token=old.token, object_name="SaleContractLineObj")
    assert [get(probe, key)["sale_contract_id"] for key in children] == [answer["dataId"]] * 2


def test_a_missing_required_field_is_told_by_its_label(old: Probe) -> None:
    answer = old.data("create", object_data={"dataObjectApiName": OBJECT, "name": "x"})
    assert (answer["errorCode"], answer["errorMessage"]) == (50009, "必填字段[客户]未填写")


def test_the_object_is_named_inside_object_data(old: Probe, account: str) -> None:
    without = contract(account)
    del without["dataObjectApiName"]
    assert old.data("create", object_data=without)["errorCode"] == 32000
    assert old.data("create", objectData=contract(account))["errorCode"] == 32000


def test_update_changes_only_what_is_given(old: Probe, ids: list[str]) -> None:
    before = get(old, ids[0])
    old.data("update", object_data={"dataObjectApiName": OBJECT, "_id": ids[0], "title__c": "new"})
    after = get(old, ids[0])
    assert after["title__c"] == "new"
    assert after["version"] == before["version"] + 1
    assert after["amount__c"] == before["amount__c"]


def test_update_does_not_change_the_owner(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    before = get(old, ids[0])["owner"]
    other = next(p.open_id for p in emulator.world.employees.values() if p.open_id not in before)
    old.data("update", object_data={"dataObjectApiName": OBJECT, "_id": ids[0], "owner": [other]})
    assert get(old, ids[0])["owner"] == before


def test_update_with_the_id_beside_the_data_crashes_as_the_vendor_does(old: Probe, ids: list[str]) -> None:
    answer = old.data("update", objectDataId=ids[0], object_data={"dataObjectApiName": OBJECT, "title__c": "x"})
    assert (answer["errorCode"], answer["errorDescription"]) == (-2, "java.lang.NullPointerException")


def test_a_voided_record_is_not_edited(old: Probe, ids: list[str]) -> None:
    old.data("invalid", object_data_id=ids[0])
    answer = old.data("update", object_data={"dataObjectApiName": OBJECT, "_id": ids[0], "title__c": "x"})
    assert answer["errorMessage"] == "数据已作废或已删除"


def test_an_empty_list_of_details_clears_them(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    data = {"dataObjectApiName": OBJECT, "_id": ids[0]}
    old.data("update", object_data=data, details={"SaleContractLineObj": []})
    assert emulator.world.details_of(OBJECT, ids[0]) == []


def test_an_unknown_option_is_stored_and_shows_as_deleted(old: Probe, ids: list[str]) -> None:
    old.data("update", object_data={"dataObjectApiName": OBJECT, "_id": ids[0], "status__c": "Active"})
    assert get(old, ids[0])["status__c__r"] == "选项已删除"


def test_numbers_the_vendor_counts_itself_are_not_written(old: Probe, emulator: FxiaokeEmulator) -> None:
    line = emulator.world.tables["SaleContractLineObj"].ids[0]
    data = {"dataObjectApiName": "SaleContractLineObj", "_id": line, "name": "mine"}
    assert old.data("update", object_data=data)["errorCode"] == 32000


@pytest.mark.parametrize(
    ("family", "key", "code"),
    [
        ("v2", "Data", 0),
        ("v2", "data", 0),
        ("v2", "dataList", 32000),
        ("custom/v2", "Data", 0),
        ("custom", "dataList", 0),
        ("custom", "Data", 32000),
    ],
)
def test_change_owner_and_the_name_of_its_list(
    old: Probe, emulator: FxiaokeEmulator, ids: list[str], family: str, key: str, code: int
) -> None:
    owner = emulator.world.employees["1005"].open_id
    data = {"dataObjectApiName": OBJECT, key: [{"objectDataId": ids[0], "ownerId": [owner]}]}
    assert old.call(f"/cgi/crm/{family}/data/changeOwner", data)["errorCode"] == code
    assert (get(old, ids[0])["owner"] == [owner]) is (code == 0)


def test_an_employee_id_of_the_other_style_is_refused(old: Probe, new: Probe, account: str) -> None:
    assert old.data("create", object_data=contract(account, owner=["1001"]))["errorCode"] == 20012
    assert new.data("create", object_data=contract(account, owner=["FSUID_X"]))["errorCode"] == 30027


def test_persons_are_told_in_the_ids_of_the_style_or_as_asked(old: Probe, new: Probe, ids: list[str]) -> None:
    assert get(old, ids[0])["owner"][0].startswith("FSUID_")
    assert get(new, ids[0])["owner"][0].startswith("100")
    plain = old.data("get", top={"convertUserId": False}, objectDataId=ids[0])["data"]
    asked = new.data("get", top={"convertUserId": "true"}, objectDataId=ids[0])["data"]
    assert plain["owner"][0].startswith("100")
    assert asked["owner"][0].startswith("FSUID_")


def test_a_team_is_read_and_changed(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    member = emulator.world.employees["1004"].open_id

    def team(verb: str, **data: Any) -> dict[str, Any]:
        return old.call(f"/cgi/crm/team/{verb}", data, apiName=OBJECT)

    assert team("add", dataIDs=[ids[0]], teamMemberEmployee=[member])["errorCode"] == 0
    listed = team("get", dataID=ids[0])["data"]["objectList"]
    assert [item["teamMemberRole"] for item in listed] == ["1", "4"]
    team("edit", dataID=ids[0], teamMemberInfos=[{"teamMemberEmployee": [member], "teamMemberRole": "2"}])
    assert team("get", dataID=ids[0])["data"]["objectList"][1]["teamMemberRole"] == "2"
    team("delete", dataIDs=[ids[0]], teamMemberEmployee=[member])
    assert len(team("get", dataID=ids[0])["data"]["objectList"]) == 1


def test_the_first_generation_of_paths_speaks_its_own_shapes(old: Probe, ids: list[str]) -> None:
    search = {
        "limit": 10,
        "offset": 0,
        "conditions": [{"conditionType": "term_condition", "conditions": {"_id": ids[0]}}],
        "dataProjection": {"fieldNames": ["_id", "name"]},
        "rangeConditions": [{"fieldName": "create_time", "from": 0, "to": 9_999_999_999_999}],
        "orders": [{"ascending": True, "field": "_id"}],
    }
    found = old.call("/cgi/crm/data/query", apiName=OBJECT, searchQuery=search)
    assert (found["totalNumber"], found["datas"][0]["_id"]) == (1, ids[0])
    assert old.call("/cgi/crm/object/list")["objects"][0]["api_name"] == "AccountObj"
    assert "fields" in old.call("/cgi/crm/object/describe", apiName=OBJECT)["objectDesc"]
    assert old.call("/cgi/crm/data/drop", apiName=OBJECT, dataId=ids[0])["errorCode"] == 0
    assert old.call("/cgi/crm/data/get", apiName=OBJECT, dataId=ids[0])["data"]["life_status"] == "invalid"
    assert old.call("/cgi/crm/data/delete", apiName=OBJECT, dataId=ids[0])["errorCode"] == 0


def test_a_deployed_function_removes_a_batch(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    value = {"objectApiName": OBJECT, "ids": ids[:3], "purge": True}
    data = {"api_name": "BatchRemove__c", "parameters": [{"name": "inputData", "type": "Map", "value": value}]}
    assert old.call("/cgi/crm/v2/special/function", data)["data"]["functionResult"]["count"] == 3
    assert {emulator.control("record", {"id": key})["place"] for key in ids[:3]} == {"gone"}
