"""Signing in, acting users, and the bytes of refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.spi.emulator import WireRequest
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe

OLD, NEW = "/cgi/corpAccessToken/get/V2", "/oauth2.0/token"
LIST = "/cgi/crm/v2/object/list"


def credentials(emulator: FxiaokeEmulator, **changes: str) -> dict[str, Any]:
    ready = emulator.ready()
    body = {"appId": ready["app_id"], "appSecret": ready["app_secret"], "permanentCode": ready["permanent_code"]}
    return body | {"grantType": "app_secret"} | changes


def test_the_old_token_call_answers_with_corp_id_and_seconds(emulator: FxiaokeEmulator) -> None:
    answer = Probe(emulator).post(OLD, credentials(emulator))
    assert answer["errorCode"] == 0
    assert answer["errorMessage"] == "success"
    assert answer["corpId"].startswith("FSCID_")
    assert answer["expiresIn"] == 7200


def test_the_new_token_call_answers_with_tenant_and_app(emulator: FxiaokeEmulator) -> None:
    answer = Probe(emulator).post(NEW, credentials(emulator))
    assert answer["ea"] == "fxsandbox1"
    assert answer["appId"] == emulator.ready()["app_id"]
    assert answer["openUserId"].startswith("FSCID_")
    assert answer["expiresIn"] == 7200


@pytest.mark.parametrize(("path", "name"), [(OLD, "corpAccessToken"), (NEW, "accessToken")])
def test_a_token_is_reused_for_6600_seconds_and_then_overlaps_with_its_successor(
    emulator: FxiaokeEmulator, clock: ManualClock, path: str, name: str
) -> None:
    probe = Probe(emulator)
    first = probe.post(path, credentials(emulator))
    clock.advance(6599)
    again = probe.post(path, credentials(emulator))
    clock.advance(1)
    second = probe.post(path, credentials(emulator))
    assert (again[name], again["expiresIn"]) == (first[name], 601)
    assert second[name] != first[name]
    assert second["expiresIn"] == 7200


def test_an_old_token_dies_after_7200_seconds(old: Probe, clock: ManualClock) -> None:
    clock.advance(7199)
    assert old.call(LIST)["errorCode"] == 0
    clock.advance(1)
    assert old.call(LIST)["errorCode"] == 20016


def test_a_wrong_secret_is_answered_as_the_gateway_does(emulator: FxiaokeEmulator) -> None:
    body = credentials(emulator, appSecret="wrong")
    old, new = Probe(emulator).post(OLD, body), Probe(emulator).post(NEW, body)
    assert old["errorCode"] == new["errorCode"] == 10006
    assert old["errorMessage"] == new["errorMessage"] == "the parameter appSecret is missing or illegal"
    assert old["traceId"].startswith("open-api-gateway-web/")
    assert (new["error"], new["error_description"]) == ("非法请求", "缺少参数或参数不合法")


def test_a_data_call_without_credentials_has_no_error_description(emulator: FxiaokeEmulator) -> None:
    answer = Probe(emulator).post(LIST, {})
    assert list(answer) == ["traceId", "errorMessage", "errorCode"]
    assert answer["errorMessage"] == "corpAccessToken为必填项，不能为空"
    assert answer["errorCode"] == 20017
    assert answer["traceId"].startswith("E-O.null.-1000-")


@pytest.mark.parametrize("style", ["old", "new"])
def test_a_bad_token_is_20016_in_either_style(emulator: FxiaokeEmulator, style: Any) -> None:
    answer = Probe(emulator, style, token="bad").call(LIST)
    assert answer["errorCode"] == 20016
    assert answer["errorMessage"] == "the cropId,cropAccessToken or authorization is error"
    assert "errorDescription" not in answer


def test_a_request_that_mixes_both_styles_is_refused(old: Probe, new: Probe) -> None:
    body, headers = old.credentials()[0], new.credentials()[1]
    assert old.post(LIST, body, headers)["errorCode"] == 20016


def test_a_token_of_one_style_is_no_token_of_the_other(old: Probe, emulator: FxiaokeEmulator) -> None:
    assert Probe(emulator, "new", token=old.token).call(LIST)["errorCode"] == 20016


def test_the_acting_user_must_be_given_and_exist(old: Probe, new: Probe) -> None:
    body, headers = old.credentials()[0], new.credentials()[1]
    nobody = old.post(LIST, {**body, "currentOpenUserId": ""})
    assert (nobody["errorCode"], nobody["errorMessage"]) == (20017, "currentOpenUserId 不能为空")
    assert old.post(LIST, {**body, "currentOpenUserId": "FSUID_X"})["errorCode"] == 20012
    assert new.post(LIST, {}, {**headers, "x-fs-userid": "9"})["errorCode"] == 30027


def test_the_address_book_finds_a_person_by_mobile_and_says_it_in_its_own_words(old: Probe) -> None:
    body = {key: value for key, value in old.credentials()[0].items() if key != "currentOpenUserId"}
    found = old.post("/cgi/user/getByMobile", {**body, "mobile": "13800001000"})
    unknown = old.post("/cgi/user/getByMobile", {**body, "mobile": "1"})
    assert found["empList"][0]["openUserId"].startswith("FSUID_")
    assert (found["errorMessage"], found["errorDescription"]) == ("success", "成功")
    assert (unknown["errorCode"], unknown["empList"]) == (0, [])


def test_a_crm_call_says_ok_and_success(old: Probe) -> None:
    answer = old.call(LIST)
    assert (answer["errorMessage"], answer["errorDescription"]) == ("OK", "success")
    assert answer["traceId"].startswith("E-O.fxsandbox1.1000-20260803170000-")


@pytest.mark.parametrize("path", ["/", "/cgi/crm/v2/data/batchCreate", "/cgi/corpAccessToken/get"])
def test_an_unknown_path_is_10006_with_status_200(emulator: FxiaokeEmulator, path: str) -> None:
    response = Probe(emulator).raw(path, b"{}")
    body = json.loads(response.body)
    assert (response.status, body["errorCode"]) == (200, 10006)
    assert body["errorMessage"] == f"the request uri=[{path}], apiName=[null] is not exists"


def test_a_get_request_is_answered_like_an_unknown_path(emulator: FxiaokeEmulator) -> None:
    response = emulator.handle(WireRequest("GET", LIST))
    assert (response.status, json.loads(response.body)["errorCode"]) == (200, 10006)


def test_slashes_too_many_do_not_matter(emulator: FxiaokeEmulator) -> None:
    assert Probe(emulator).post("/cgi//corpAccessToken/get/V2", credentials(emulator))["errorCode"] == 0


def test_the_ledger_holds_no_secret(old: Probe, emulator: FxiaokeEmulator) -> None:
    old.raw(f"/media/upload?corpAccessToken={old.token}&corpId=FSCID_x&type=image", b"")
    old.call(LIST)
    text = json.dumps([line.as_json() for line in emulator.ledger()])
    assert old.token not in text
    assert emulator.ready()["app_secret"] not in text
    assert emulator.ledger()[-2].query == "corpAccessToken=***&corpId=***&type=image"
    assert emulator.ledger()[0].code == "0"
