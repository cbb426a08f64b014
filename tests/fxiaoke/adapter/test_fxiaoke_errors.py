"""Every row of the error table, from the bytes on the wire to the exception and to the answer about a record."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.errors import (
    CrmBridgeError,
    CrmError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    SignInError,
)
from crm_bridge.spi.adapter import Query, RemoveOptions, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.error_table import ERRORS, UNLISTED, clean, row_for

MISSING = "缺少参数或参数不合法"
INVALID, LOST, GO_ON, HALT = Verdict.NOT_DONE, Verdict.UNKNOWN, False, True
# row -> text on the wire, exception of a read, verdict on a void, reason, halts the run
ROWS: dict[str, tuple[str, type[CrmBridgeError], Verdict, str, bool]] = {
    "-1": ("系统繁忙", CrmError, LOST, "busy", GO_ON),
    "-2": ("系统错误", CrmError, LOST, "system_error", GO_ON),
    "10001": (MISSING, SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "10002": (MISSING, SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "10003": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10004": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10005": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10006": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10006:secret": ("the parameter appSecret is missing or illegal", SignInError, INVALID, "credentials", HALT),
    "10006:path": ("the request uri=[/x], apiName=[null] is not exists", RequestRefusedError, INVALID, "path", HALT),
    "10007": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10008": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10009": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10010": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10010:user": ("currentOpenUserId 不能为空", SignInError, Verdict.NOT_DONE, "user", HALT),
    "10012": (MISSING, SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "10013": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10013:offset": ("offset out of range 10000", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "10014": (MISSING, SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "10015": (MISSING, RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11001": ("参数错误", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "11002": ("参数错误", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "11003": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11004": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11005": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11006": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11007": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11008": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11009": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11010": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11011": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11013": ("参数错误", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "11014": ("参数错误", SignInError, Verdict.NOT_DONE, "signed_out", GO_ON),
    "11015": ("参数错误", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "11016": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11017": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "11018": ("参数错误", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "12002": ("登录状态异常", SignInError, Verdict.NOT_DONE, "signed_out", GO_ON),
    "12003": ("不支持的消息类型", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "12004": ("POST数据包为空", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "12005": ("文本消息内容为空", RequestRefusedError, Verdict.NOT_DONE, "invalid", HALT),
    "14001": ("接口调用超过限制", RateLimitedError, Verdict.NOT_DONE, "rate_limited", GO_ON),
    "15002": ("参数不合法", RequestRefusedError, Verdict.NOT_DONE, "invalid", GO_ON),
    "15003": ("应用没有接口访问权限", PermissionDeniedError, Verdict.NOT_DONE, "permission", HALT),
    "20005": ("accessToken已过期", SignInError, Verdict.NOT_DONE, "signed_out", GO_ON),
    "20006": ("appId或appSecret错误", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "20010": ("code已过期", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "20012": ("openUserId不存在", SignInError, Verdict.NOT_DONE, "user", HALT),
    "20014": ("应用没有权限获取该员工", PermissionDeniedError, Verdict.NOT_DONE, "permission", HALT),
    "20015": ("永久授权码错误", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "20016": ("the cropId,cropAccessToken or authorization is error", SignInError, INVALID, "signed_out", GO_ON),
    "20017": ("corpAccessToken为必填项，不能为空", SignInError, Verdict.NOT_DONE, "credentials", HALT),
    "20017:user": ("currentOpenUserId 不能为空", SignInError, Verdict.NOT_DONE, "user", HALT),
    "20020": ("应用没有权限", PermissionDeniedError, Verdict.NOT_DONE, "permission", HALT),
    "20021": ("应用已停用", PermissionDeniedError, Verdict.NOT_DONE, "permission", HALT),
    "20022": ("企业未授权", PermissionDeniedError, Verdict.NOT_DONE, "permission", HALT),
    "20023": ("应用没有权限", PermissionDeniedError, Verdict.NOT_DONE, "permission", HALT),
    "30002": ("接口日调用次数超限", RateLimitedError, Verdict.NOT_DONE, "quota", HALT),
    "30003": ("没有购买接口调用资源包", RateLimitedError, Verdict.NOT_DONE, "quota", HALT),
    "30004": ("秒频次超限", RateLimitedError, Verdict.NOT_DONE, "rate_limited", GO_ON),
    "30007": ("部门不存在", RequestRefusedError, Verdict.NOT_DONE, "invalid", GO_ON),
    "30027": ("员工不存在", SignInError, Verdict.NOT_DONE, "user", HALT),
    "32000": ("参数不合法", RequestRefusedError, Verdict.NOT_DONE, "invalid", GO_ON),
    "40010": ("templateId不合法", RequestRefusedError, Verdict.NOT_DONE, "invalid", GO_ON),
    "50009": ("服务异常，如服务超时", CrmError, LOST, "service", GO_ON),
    "50009:locked": ("不能进行[作废]操作，以下这些数据已被锁定。", RequestRefusedError, INVALID, "locked", GO_ON),
    "50009:permission": ("无此操作的数据权限", PermissionDeniedError, INVALID, "permission", GO_ON),
    "50009:absent": ("数据已作废或已删除", RequestRefusedError, LOST, "not_found", GO_ON),
    "50009:path": ("Bad Request", RequestRefusedError, LOST, "path", HALT),
    "50009:veto": ("有关联的回款,不允许作废", RequestRefusedError, LOST, "vetoed", GO_ON),
    "50009:approval": ("该数据作废需要审批，请在CRM中发起", RequestRefusedError, LOST, "in_approval", GO_ON),
}
EVERY_ROW = pytest.mark.parametrize("code", list(ROWS))
TRACE = "E-O.fxsandbox1.1000-20261124113618-b6a1cb"


def refusal(code: str, text: str) -> WireResponse:
    number = int(code.partition(":")[0])
    return WireResponse.of_json({"traceId": TRACE, "errorMessage": text, "errorCode": number})


def test_the_table_of_this_test_holds_every_row() -> None:
    assert {row.code for row in ERRORS} == set(ROWS)


@EVERY_ROW
def test_a_read_that_is_refused_raises_what_the_row_says(mount: Any, code: str) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    adapter.whoami()
    text, kind, _verdict, reason, _halt = ROWS[code]
    rig.intercept = lambda request: refusal(code, text) if request.path.endswith("/data/query") else None
    with pytest.raises(CrmBridgeError) as caught:
        list(adapter.find(Query()).pages)
    assert type(caught.value) is kind
    assert (caught.value.reason, bool(caught.value.hint)) == (reason, True)
    assert (caught.value.vendor_code, caught.value.request_id) == (code.partition(":")[0], TRACE)


@EVERY_ROW
def test_a_void_that_is_refused_is_classified_as_the_row_says(mount: Any, code: str) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    ref = next(one for page in adapter.find(Query()).pages for one in page.contracts).ref
    text, _kind, verdict, reason, halt = ROWS[code]
    sent: list[WireRequest] = []

    def refuse(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/invalid"):
            return None
        sent.append(request)
        return refusal(code, text)

    rig.intercept = refuse
    [answer] = adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
    assert (answer.verdict, answer.reason, answer.halt) == (verdict, reason, halt)
    assert (answer.code, answer.vendor_message, answer.request_id) == (code.partition(":")[0], text, TRACE)
    assert answer.hint
    assert len(sent) == 1


def test_a_code_that_nobody_documents_is_unknown_after_a_void() -> None:
    row = row_for(77777, "哪里都没有写")
    assert (row, row.executed) == (UNLISTED, "maybe")


def test_a_wrong_secret_is_recognised_by_the_call_it_answers() -> None:
    assert row_for(10006, MISSING, token_call=True).family == "credentials"
    assert row_for(10006, MISSING).family == "invalid"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x07", "a[31mred"),
        ("合同\u202e反转\u200b", "合同反转"),
        ("two\r\nlines\tand  blanks", "two lines and blanks"),
        ("x" * 400, "x" * 299 + "…"),
        (None, ""),
    ],
)
def test_a_vendors_text_is_shown_on_one_line_without_control_characters(text: object, shown: str) -> None:
    assert clean(text) == shown


def test_a_daily_quota_names_the_seconds_until_midnight_in_china(mount: Any) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    adapter.whoami()
    rig.intercept = lambda request: refusal("30002", "接口日调用次数超限") if "query" in request.path else None
    with pytest.raises(RateLimitedError) as caught:
        list(adapter.find(Query()).pages)
    # 09:00 UTC is 17:00 in China.
    assert caught.value.retry_after == 7 * 3600


def test_a_quota_that_starts_anew_at_utc_midnight_is_a_switch(mount: Any) -> None:
    rig = mount(count=3)
    adapter = rig.connect(assumptions={"quota_zone": "UTC"})
    adapter.whoami()
    rig.intercept = lambda request: refusal("30002", "接口日调用次数超限") if "query" in request.path else None
    with pytest.raises(RateLimitedError) as caught:
        list(adapter.find(Query()).pages)
    assert caught.value.retry_after == 15 * 3600
