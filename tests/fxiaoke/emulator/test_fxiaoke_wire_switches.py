"""Every open question about the vendor, in each of its positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator, Switches
from crm_bridge_fxiaoke.emulator.probe import Probe

Move = Callable[..., None]
OBJECT = "SaleContractObj"


def place(emulator: FxiaokeEmulator, key: str) -> str:
    return str(emulator.control("record", {"id": key})["place"])


def lines(emulator: FxiaokeEmulator, key: str) -> list[str]:
    return [row["_id"] for _table, row in emulator.world.details_of(OBJECT, key)]


@pytest.mark.parametrize(
    ("moved", "asked", "limit", "code"),
    [
        ({}, 200, 100, 0),
        ({"over_limit": "error"}, 200, None, 32000),
        ({"max_query_limit": 200}, 200, 200, 0),
        ({"max_query_limit": 1000, "over_limit": "error"}, 500, 500, 0),
    ],
)
def test_a01_the_largest_page(
    old: Probe, switch: Move, moved: dict[str, Any], asked: int, limit: Any, code: int
) -> None:
    switch(**moved)
    answer = old.query(limit=asked)
    assert answer["errorCode"] == code
    assert answer.get("data", {}).get("limit") == limit


@pytest.mark.parametrize(("state", "total"), [("exact", 60), ("zero", 0), ("estimate", 100)])
def test_a02_the_total_without_a_switch(old: Probe, switch: Move, state: str, total: int) -> None:
    switch(total_by_default=state)
    assert old.query(limit=5)["data"]["total"] == total


@pytest.mark.parametrize(("most", "code"), [(100, 0), (20, 32000), (0, 0)])
@pytest.mark.parametrize("verb", ["delete", "recover"])
def test_a03_the_largest_batch(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], most: int, code: int, verb: str
) -> None:
    switch(max_batch_ids=most)
    for key in ids[:21]:
        emulator.control("delete", {"id": key})
    assert old.data(verb, idList=ids[:21])["errorCode"] == code


def test_a03_more_than_a_hundred_is_refused_by_default(old: Probe) -> None:
    assert old.data("delete", idList=[f"{number:024x}" for number in range(101)])["errorCode"] == 32000


@pytest.mark.parametrize(("state", "start"), [("by_style", "FSUID_"), ("never", "100")])
def test_a04_whether_ids_are_converted_by_style(
    old: Probe, switch: Move, ids: list[str], state: str, start: str
) -> None:
    switch(id_conversion=state)
    assert old.data("get", objectDataId=ids[0])["data"]["owner"][0].startswith(start)


@pytest.mark.parametrize(("required", "code"), [(False, 0), (True, 10001)])
def test_a05_the_third_trace_id(old: Probe, switch: Move, required: bool, code: int) -> None:
    switch(trace_id_required=required)
    assert old.call("/cgi/crm/v2/object/list")["errorCode"] == code
    assert old.call("/cgi/crm/v2/object/list?thirdTraceId=5f0c")["errorCode"] == 0


@pytest.mark.parametrize(
    ("state", "plain", "filtered"), [("returned", 60, 1), ("omitted", 59, 0), ("with_filter", 59, 1)]
)
def test_a06_voided_rows_in_queries(
    old: Probe, switch: Move, ids: list[str], state: str, plain: int, filtered: int
) -> None:
    switch(query_invalid_rows=state)
    old.data("invalid", object_data_id=ids[0])
    assert old.query()["data"]["total"] == plain
    assert old.query(("life_status", "EQ", ["invalid"]))["data"]["total"] == filtered


@pytest.mark.parametrize(
    ("state", "team", "length"), [("without_team", False, 900), ("truncated", False, 500), ("full", True, 900)]
)
def test_a07_what_lists_leave_out(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], state: str, team: bool, length: int
) -> None:
    switch(list_rows=state)
    emulator.control("edit", {"id": ids[0], "field": "remark__c", "value": "长" * 900})
    row = old.query(("_id", "EQ", [ids[0]]))["data"]["dataList"][0]
    assert ("relevant_team" in row, len(row["remark__c"])) == (team, length)
    assert len(old.data("get", objectDataId=ids[0])["data"]["remark__c"]) == 900


@pytest.mark.parametrize(("lag", "stale"), [(0, False), (3, True)])
def test_a08_a_query_may_lag_behind_a_write(
    old: Probe, switch: Move, clock: ManualClock, ids: list[str], lag: float, stale: bool
) -> None:
    switch(index_lag=lag)
    old.data("invalid", object_data_id=ids[0])
    old.data("invalid", object_data_id=ids[1])
    old.data("delete", idList=[ids[1]])

    def seen() -> list[str]:
        found = old.query(("_id", "IN", ids[:2]))["data"]["dataList"]
        return [row["life_status"] for row in found]

    assert old.data("get", objectDataId=ids[0])["data"]["life_status"] == "invalid"
    assert seen() == (["normal", "normal"] if stale else ["invalid"])
    clock.advance(lag + 0.1)
    assert seen() == ["invalid"]


@pytest.mark.parametrize(("state", "code"), [("error", 50009), ("empty", 0)])
def test_a09_missing_ids(old: Probe, switch: Move, state: str, code: int) -> None:
    switch(absent_record=state)
    got = old.data("get", objectDataId="0" * 24)
    assert got["errorCode"] == code
    assert "data" not in got
    assert old.data("delete", idList=["0" * 24])["errorCode"] == code


@pytest.mark.parametrize(
    ("state", "code", "places"), [("all_or_nothing", 50009, ["bin", "live"]), ("per_id", 0, ["gone", "live"])]
)
def test_a10_a_batch_with_one_bad_id(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], state: str, code: int, places: list[str]
) -> None:
    switch(batch_failure=state)
    old.data("invalid", object_data_id=ids[0])
    assert old.data("delete", idList=ids[:2])["errorCode"] == code
    assert [place(emulator, key) for key in ids[:2]] == places


@pytest.mark.parametrize(("state", "code"), [("normal", 50009), ("normal_and_ineffective", 0)])
def test_a11_which_life_status_may_be_voided(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], state: str, code: int
) -> None:
    switch(voidable=state)
    emulator.control("edit", {"id": ids[0], "field": "life_status", "value": "ineffective"})
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == code


@pytest.mark.parametrize("code", [50009, 20014, 15003])
def test_a12_the_code_of_a_denial(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], code: int
) -> None:
    switch(denial_code=code)
    emulator.control("permission", {"invalid": False})
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == code


@pytest.mark.parametrize(
    ("state", "code", "status"), [("off", 0, "invalid"), ("starts", 0, "in_change"), ("error", 50009, "normal")]
)
def test_a13_approval_on_void(old: Probe, switch: Move, ids: list[str], state: str, code: int, status: str) -> None:
    switch(void_approval=state)
    assert old.data("invalid", object_data_id=ids[0])["errorCode"] == code
    assert old.data("get", objectDataId=ids[0])["data"]["life_status"] == status


@pytest.mark.parametrize(
    ("state", "code", "places"), [("all", 0, {"gone"}), ("none", 0, {"live"}), ("refuse_delete", 0, {"gone"})]
)
def test_a14_cascade(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], state: str, code: int, places: set[str]
) -> None:
    switch(cascade=state)
    children = lines(emulator, ids[0])
    old.data("invalid", object_data_id=ids[0])
    assert old.data("delete", idList=[ids[0]])["errorCode"] == code
    assert {place(emulator, key) for key in children} == places


def test_a14_a_live_detail_may_stop_the_deletion(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str]
) -> None:
    switch(cascade="refuse_delete")
    old.data("invalid", object_data_id=ids[0])
    emulator.control("restore", {"id": lines(emulator, ids[0])[0]})
    assert old.data("delete", idList=[ids[0]])["errorCode"] == 50009


@pytest.mark.parametrize(("state", "code", "total"), [("ignored", 0, 60), ("error", 32000, None)])
def test_a15_an_unknown_operator(old: Probe, switch: Move, state: str, code: int, total: Any) -> None:
    switch(unknown_operator=state)
    answer = old.query(("life_status", "NEQ", ["invalid"]))
    assert (answer["errorCode"], answer.get("data", {}).get("total")) == (code, total)


@pytest.mark.parametrize(
    ("state", "preset_on_custom", "custom_on_preset"),
    [("preset_anywhere", 0, 10006), ("strict", 10006, 10006), ("any", 0, 0)],
)
def test_a16_path_families(
    old: Probe, custom: Probe, switch: Move, state: str, preset_on_custom: int, custom_on_preset: int
) -> None:
    switch(path_families=state)
    assert old.query(family="custom/v2")["errorCode"] == preset_on_custom
    assert custom.query(family="v2")["errorCode"] == custom_on_preset
    assert old.query()["errorCode"] == custom.query(family="custom/v2")["errorCode"] == 0


@pytest.mark.parametrize(("on", "details"), [(False, None), (True, ["SaleContractLineObj"])])
def test_a17_details_in_describe(old: Probe, switch: Move, on: bool, details: Any) -> None:
    switch(describe_details=on)
    told = old.call("/cgi/crm/v2/object/describe", apiName=OBJECT, includeDetail=True)["data"]
    assert (list(told["detailDescribe"]) if "detailDescribe" in told else None) == details


def test_a18_a_tenant_may_name_its_fields_otherwise(old: Probe, emulator: FxiaokeEmulator, switch: Move) -> None:
    switch(field_names={"amount__c": "contract_amount__c"})
    described = old.call("/cgi/crm/v2/object/describe", apiName=OBJECT)["data"]["describe"]["fields"]
    assert described["contract_amount__c"]["type"] == "currency"
    assert "amount__c" not in described
    assert "contract_amount__c" in old.query(limit=1)["data"]["dataList"][0]


@pytest.mark.parametrize("code", [20017, 10010])
def test_a19_the_code_of_a_missing_acting_user(old: Probe, switch: Move, code: int) -> None:
    switch(missing_user_code=code)
    body = old.credentials()[0] | {"currentOpenUserId": ""}
    assert old.post("/cgi/crm/v2/object/list", body)["errorCode"] == code


@pytest.mark.parametrize(("code", "text"), [(30004, "秒频次超限"), (14001, "接口调用超过限制")])
def test_a20_the_code_of_too_many_calls(old: Probe, switch: Move, code: int, text: str) -> None:
    switch(over_rate_code=code, calls_per_window=1)
    old.query()
    answer = old.query()
    assert (answer["errorCode"], answer["errorMessage"]) == (code, text)


@pytest.mark.parametrize("code", [14001, 30004])
def test_a20_the_code_of_too_many_token_calls(emulator: FxiaokeEmulator, switch: Move, code: int) -> None:
    switch(over_token_rate_code=code, token_calls_per_minute=1)
    Probe(emulator).sign_in()
    assert Probe(emulator).post("/cgi/corpAccessToken/get/V2", {})["errorCode"] == code


@pytest.mark.parametrize("code", [15003, 20022])
def test_a21_an_address_that_is_not_allowed(old: Probe, switch: Move, code: int) -> None:
    assert old.query()["errorCode"] == 0
    switch(ip_allowed=False, ip_denied_code=code)
    assert old.query()["errorCode"] == code


@pytest.mark.parametrize(("days", "where"), [(0, "bin"), (30, "gone")])
def test_a22_how_long_the_bin_keeps(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], days: int, where: str
) -> None:
    switch(bin_days=days)
    old.data("invalid", object_data_id=ids[0])
    emulator.control("advance", {"seconds": 31 * 86400})
    old.query()
    assert place(emulator, ids[0]) == where


@pytest.mark.parametrize(("on", "code"), [(True, 0), (False, 50009)])
def test_a23_presigned_addresses(new: Probe, emulator: FxiaokeEmulator, switch: Move, on: bool, code: int) -> None:
    switch(presigned_urls=on)
    path = next(iter(emulator.world.files))
    assert new.call("/cgi/crm/v2/file/getPresignedUrl", {"paths": [path], "expire": 1})["errorCode"] == code


@pytest.mark.parametrize(("state", "code"), [("list_or_map", 0), ("list", 32000)])
def test_a24_one_detail_as_a_map(old: Probe, emulator: FxiaokeEmulator, switch: Move, state: str, code: int) -> None:
    switch(details_shape=state)
    account, product = (emulator.world.tables[name].ids[0] for name in ("AccountObj", "ProductObj"))
    made = {"dataObjectApiName": OBJECT, "name": "x", "account_id": account}
    answer = old.data("create", object_data=made, details={"SaleContractLineObj": {"product_id": product}})
    assert answer["errorCode"] == code
    assert len(lines(emulator, answer.get("dataId", ""))) == (1 if code == 0 else 0)


@pytest.mark.parametrize(("state", "count"), [("off", 0), ("all", 8), ("no_void", 4)])
def test_a25_which_changes_raise_events(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, ids: list[str], state: str, count: int
) -> None:
    switch(events=state)
    old.data("invalid", object_data_id=ids[0])
    old.data("recover", idList=[ids[0]])
    assert len(emulator.control("events", {})["events"]) == count


@pytest.mark.parametrize("on", [True, False])
def test_a26_whether_a_voided_row_says_deleted(old: Probe, switch: Move, ids: list[str], on: bool) -> None:
    switch(voided_is_deleted=on)
    old.data("invalid", object_data_id=ids[0])
    assert old.data("get", objectDataId=ids[0])["data"]["is_deleted"] is on


@pytest.mark.parametrize(("scope", "code"), [("tenant", 30004), ("app", 30004), ("user", 0)])
def test_a27_what_shares_a_window(old: Probe, emulator: FxiaokeEmulator, switch: Move, scope: str, code: int) -> None:
    switch(rate_scope=scope, calls_per_window=1)
    old.query()
    assert Probe(emulator, user="1001", token=old.token).query()["errorCode"] == code


@pytest.mark.parametrize(("zone", "hours"), [("UTC+8", 7), ("UTC", 15)])
def test_a28_the_midnight_of_the_quota(
    old: Probe, emulator: FxiaokeEmulator, switch: Move, zone: str, hours: int
) -> None:
    switch(quota_zone=zone)
    emulator.control("quota", {"remaining": 0})
    emulator.control("advance", {"seconds": hours * 3600 - 60})
    probe = Probe(emulator).sign_in()
    assert probe.query()["errorCode"] == 30002
    emulator.control("advance", {"seconds": 60})
    assert probe.query()["errorCode"] == 0
    assert old.emulator is emulator


def test_a_name_may_be_an_auto_number(old: Probe, emulator: FxiaokeEmulator, switch: Move) -> None:
    switch(auto_number=True)
    account = emulator.world.tables["AccountObj"].ids[0]
    described = old.call("/cgi/crm/v2/object/describe", apiName=OBJECT)["data"]["describe"]["fields"]
    made = {"dataObjectApiName": OBJECT, "account_id": account}
    assert described["name"]["is_auto_number"] is True
    assert old.data("create", object_data={**made, "name": "x"})["errorCode"] == 32000
    key = old.data("create", object_data=made)["dataId"]
    assert old.data("get", objectDataId=key)["data"]["name"]


def test_the_legacy_object_is_there_but_not_active(old: Probe, emulator: FxiaokeEmulator, switch: Move) -> None:
    legacy = Probe(emulator, token=old.token, object_name="ContractObj")
    assert legacy.query()["errorCode"] == 10006
    switch(legacy_contract_active=True)
    assert legacy.query()["data"]["total"] == 50
    listed = old.call("/cgi/crm/v2/object/list")["data"]["objects"]
    assert {item["describeApiName"]: item["isActive"] for item in listed}["ContractObj"] is True


def test_a_hidden_field_is_silently_absent(old: Probe, switch: Move) -> None:
    switch(hidden_fields=["amount__c"])
    assert "amount__c" in old.call("/cgi/crm/v2/object/describe", apiName=OBJECT)["data"]["describe"]["fields"]
    switch(hidden_described=False)
    described = old.call("/cgi/crm/v2/object/describe", apiName=OBJECT)["data"]["describe"]["fields"]
    assert "amount__c" not in described
    assert "amount__c" not in old.query(limit=1)["data"]["dataList"][0]


def test_an_unknown_switch_or_value_is_an_answer(emulator: FxiaokeEmulator) -> None:
    assert "error" in emulator.control("switch", {"name": "nothing", "value": 1})
    assert "error" in emulator.control("switch", {"name": "window", "value": "rolling"})
    assert "error" in emulator.control("switch", {"name": "ip_allowed", "value": "perhaps"})
    assert "error" in emulator.control("switch", {"name": "bin_days", "value": "soon"})
    assert emulator.world.switches == Switches()


def test_every_switch_is_moved_by_its_own_default(emulator: FxiaokeEmulator) -> None:
    for item in fields(Switches):
        assert "error" not in emulator.control("switch", {"name": item.name, "value": getattr(Switches(), item.name)})
    assert emulator.world.switches == Switches()
