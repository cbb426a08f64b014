"""Signing in: two generations, one token for everybody, a new one when the old one died, and no secret anywhere."""

from __future__ import annotations

import json
import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.errors import CredentialStoreError, MalformedAnswerError, SignInError
from crm_bridge.spi.adapter import Query, RemoveOptions, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter

STYLES = pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
TOKEN_PATHS = {"corp_token": "/cgi/corpAccessToken/get/V2", "app_secret": "/oauth2.0/token"}


def listen(rig: Any) -> list[WireRequest]:
    heard: list[WireRequest] = []

    def note(request: WireRequest) -> None:
        heard.append(request)

    rig.intercept = note
    return heard


def read_all(adapter: FxiaokeAdapter) -> int:
    return sum(len(page.contracts) for page in adapter.find(Query()).pages)


def test_the_older_style_carries_token_tenant_and_user_in_the_body_only(mount: Any) -> None:
    rig = mount(count=3)
    heard = listen(rig)
    adapter = rig.connect(auth="corp_token")
    read_all(adapter)
    for request in heard[2:]:
        body = json.loads(request.body)
        assert {"corpAccessToken", "corpId", "currentOpenUserId"} <= set(body)
        assert not {"authorization", "x-fs-ea", "x-fs-userid"} & set(request.headers)


def test_the_newer_style_carries_them_in_headers_only(mount: Any) -> None:
    rig = mount(count=3)
    heard = listen(rig)
    adapter = rig.connect(auth="app_secret")
    read_all(adapter)
    for request in heard[1:]:
        assert not {"corpAccessToken", "corpId", "currentOpenUserId"} & set(json.loads(request.body))
        assert request.headers["authorization"].startswith("Bearer ")
        assert request.headers["x-fs-userid"] == "1000"


def test_every_call_carries_a_fresh_trace_id(mount: Any) -> None:
    rig = mount(count=3)
    heard = listen(rig)
    read_all(rig.connect())
    traces = [parse_qs(request.query)["thirdTraceId"][0] for request in heard]
    assert len(set(traces)) == len(traces)
    assert {uuid.UUID(trace).version for trace in traces} == {4}


def test_no_trace_id_is_sent_where_the_switch_says_so(mount: Any) -> None:
    rig = mount(count=3)
    heard = listen(rig)
    read_all(rig.connect(assumptions={"send_trace_id": False}))
    assert {request.query for request in heard} == {""}


@STYLES
def test_one_token_serves_all_adapters_of_a_state_directory(mount: Any, auth: str) -> None:
    rig = mount(count=3)
    for _process in range(3):
        read_all(rig.connect(auth=auth))
    assert rig.calls(TOKEN_PATHS[auth]) == 1


def test_threads_share_one_token_call(mount: Any) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    with ThreadPoolExecutor(8) as pool:
        tenants = set(pool.map(lambda _n: adapter.client.tenant(), range(16)))
    assert (len(tenants), rig.calls(TOKEN_PATHS["corp_token"])) == (1, 1)


def test_a_token_of_one_style_is_never_tried_in_the_other(mount: Any) -> None:
    rig = mount(count=3)
    read_all(rig.connect(auth="corp_token"))
    read_all(rig.connect(auth="app_secret"))
    assert {line.code for line in rig.emulator.ledger()} == {"0"}


@STYLES
def test_a_token_is_renewed_before_it_dies(mount: Any, auth: str) -> None:
    rig = mount(count=3)
    adapter = rig.connect(auth=auth)
    read_all(adapter)
    rig.clock.advance(6700)
    read_all(adapter)
    assert rig.calls(TOKEN_PATHS[auth]) == 2
    assert {line.code for line in rig.emulator.ledger()} == {"0"}


@STYLES
def test_a_read_with_a_dead_token_is_replayed_once_with_a_new_one(mount: Any, auth: str) -> None:
    rig = mount(count=3)
    adapter = rig.connect(auth=auth)
    read_all(adapter)
    rig.emulator.control("expire_tokens", {})
    assert read_all(adapter) == 3
    assert [line.code for line in rig.emulator.ledger()].count("20016") == 1
    assert rig.calls(TOKEN_PATHS[auth]) == 2


@pytest.mark.parametrize("code", [20016, 20005, 11014, 12002])
def test_every_code_of_a_dead_token_is_answered_by_a_new_one(mount: Any, code: int) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    adapter.whoami()
    refused: list[str] = []

    def once(request: WireRequest) -> WireResponse | None:
        if refused or not request.path.endswith("/query"):
            return None
        refused.append(request.path)
        return WireResponse.of_json({"errorCode": code, "errorMessage": "x"})

    rig.intercept = once
    assert read_all(adapter) == 3
    assert refused


@STYLES
def test_a_token_that_is_handed_out_again_after_one_refusal_is_used_without_asking_each_time(
    mount: Any, auth: str
) -> None:
    rig = mount(count=3)
    adapter = rig.connect(auth=auth)
    read_all(adapter)
    refused: list[str] = []

    def once(request: WireRequest) -> WireResponse | None:
        if refused or not request.path.endswith("/query"):
            return None
        refused.append(request.path)
        return WireResponse.of_json({"errorCode": 20016, "errorMessage": "x"})

    rig.intercept = once
    assert [read_all(adapter) for _number in range(4)] == [3] * 4
    assert refused
    assert rig.calls(TOKEN_PATHS[auth]) == 2


def test_a_void_with_a_dead_token_is_not_sent_again_but_the_next_one_has_a_new_token(mount: Any) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    ref = next(one for page in adapter.find(Query()).pages for one in page.contracts).ref
    rig.emulator.control("expire_tokens", {})
    [first] = adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
    assert (first.verdict, first.reason, first.retry) == (Verdict.NOT_DONE, "signed_out", True)
    assert rig.calls("/invalid") == 1
    [second] = adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
    assert second.verdict is Verdict.DONE


def test_a_token_that_keeps_being_refused_is_a_sign_in_error(mount: Any) -> None:
    rig = mount(count=3)
    rig.intercept = lambda request: (
        WireResponse.of_json({"errorCode": 20016, "errorMessage": "x"}) if "/crm/" in request.path else None
    )
    with pytest.raises(SignInError) as caught:
        rig.connect().whoami()
    assert caught.value.vendor_code == "20016"


@STYLES
def test_a_wrong_secret_is_a_sign_in_error_that_says_what_to_check(mount: Any, auth: str) -> None:
    rig = mount(count=3)
    secrets = {**rig.emulator.connection()[1], "app_secret": "wrong"}
    with pytest.raises(SignInError) as caught:
        rig.connect(auth=auth, secrets=secrets).whoami()
    assert "app_secret" in caught.value.hint
    assert caught.value.vendor_code == "10006"


def test_a_missing_secret_is_named(mount: Any) -> None:
    rig = mount(count=3)
    with pytest.raises(CredentialStoreError):
        rig.connect(secrets={"app_id": "x", "app_secret": "y"}).whoami()


def test_an_answer_without_a_token_is_malformed(mount: Any) -> None:
    rig = mount(count=3)
    rig.intercept = lambda _request: WireResponse.of_json({"errorCode": 0, "expiresIn": 7200})
    with pytest.raises(MalformedAnswerError):
        rig.connect().whoami()


def test_no_secret_reaches_logs_errors_or_files(mount: Any, caplog: pytest.LogCaptureFixture) -> None:
    rig = mount(count=3)
    known = rig.emulator.connection()[1]
    with caplog.at_level(logging.DEBUG):
        adapter = rig.connect()
        read_all(adapter)
        token = adapter.client.auth.token().value.reveal()
        rig.intercept = lambda _request: WireResponse(500, (("Content-Type", "text/plain"),), b"boom")
        with pytest.raises(Exception) as caught:
            read_all(adapter)
    shown = caplog.text + str(caught.value) + repr(caught.value) + repr(adapter.__dict__)
    kept = "".join(path.read_text(errors="replace") for path in rig.folder.rglob("*") if path.is_file())
    for secret in (token, known["app_secret"], known["permanent_code"]):
        assert secret not in shown
        assert secret not in kept
        assert all(secret not in line.query for line in rig.emulator.ledger())
