"""Voiding and deleting: one send per record, one answer per record, and what each answer proves."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests
import responses

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import NotSentError
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveOptions, RemoveResult, RestoreItem, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import Switches

CUSTOM = "object_9Kx2p__c"
DONE, NOT_DONE, UNKNOWN = Verdict.DONE, Verdict.NOT_DONE, Verdict.UNKNOWN


def refs(adapter: FxiaokeAdapter) -> list[ContractRef]:
    return [one.ref for page in adapter.find(Query()).pages for one in page.contracts]


def trash(adapter: FxiaokeAdapter, some: list[ContractRef], *, fast: bool = False) -> list[RemoveResult]:
    return list(adapter.remove(Step.TRASH, some, options=RemoveOptions(fast=fast)))


def purge(adapter: FxiaokeAdapter, some: list[ContractRef]) -> list[RemoveResult]:
    return list(adapter.remove(Step.PURGE, some, options=RemoveOptions()))


def verdicts(answers: list[RemoveResult]) -> list[Verdict]:
    return [one.verdict for one in answers]


def sends(rig: Any, ending: str) -> list[list[str]]:
    """Return the ids of every call from now on, in a list that grows."""
    heard: list[list[str]] = []
    lock = threading.Lock()

    def note(request: WireRequest) -> None:
        if request.path.endswith(ending):
            data = json.loads(request.body)["data"]
            with lock:
                heard.append(data.get("idList") or [data["object_data_id"]])

    rig.intercept = note
    return heard


def test_a_preset_object_is_voided_one_record_per_call_and_each_once(mount: Any) -> None:
    rig = mount(count=60)
    adapter = rig.connect()
    some = refs(adapter)[:50]
    heard = sends(rig, "/invalid")
    assert set(verdicts(trash(adapter, some))) == {DONE}
    assert sorted(heard) == sorted([one.id] for one in some)


def test_records_are_deleted_in_batches_of_twenty(mount: Any) -> None:
    rig = mount(count=60)
    adapter = rig.connect()
    some = refs(adapter)[:45]
    trash(adapter, some)
    heard = sends(rig, "/delete")
    assert set(verdicts(purge(adapter, some))) == {DONE}
    assert [len(one) for one in heard] == [20, 20, 5]


@pytest.mark.parametrize("size", [20, 100])
def test_the_size_of_a_batch_is_an_assumption(mount: Any, size: int) -> None:
    rig = mount(count=60)
    adapter = rig.connect(assumptions={"max_batch_ids": size})
    some = refs(adapter)[:50]
    trash(adapter, some)
    heard = sends(rig, "/delete")
    purge(adapter, some)
    assert len(heard) == (3 if size == 20 else 1)
    # One `remove` takes as many calls as one look covers.
    assert adapter.whoami().limits.purge_batch == (80 if size == 20 else 100)


@pytest.mark.parametrize(
    ("object_name", "bulk", "fast", "calls"),
    [
        (CUSTOM, "never", False, 30),
        (CUSTOM, "never", True, 2),
        (CUSTOM, "custom", False, 2),
        ("SaleContractObj", "custom", True, 30),
        ("SaleContractObj", "all", False, 2),
    ],
)
def test_many_are_voided_at_once_where_the_object_or_an_assumption_allows_it(
    mount: Any, object_name: str, bulk: str, fast: bool, calls: int
) -> None:
    rig = mount(count=40, object_name=object_name, switches=Switches(path_families="preset_anywhere"))
    adapter = rig.connect(assumptions={"bulk_invalid": bulk})
    some = refs(adapter)[:30]
    heard = sends(rig, "/invalid")
    assert set(verdicts(trash(adapter, some, fast=fast))) == {DONE}
    assert len(heard) == calls


def test_custom_contracts_are_voided_in_batches_unless_it_was_forbidden(mount: Any) -> None:
    rig = mount(count=40, object_name=CUSTOM)
    adapter = rig.connect()
    heard = sends(rig, "/cgi/crm/custom/data/invalid")
    assert set(verdicts(trash(adapter, refs(adapter)[:30]))) == {DONE}
    assert [len(one) for one in heard] == [20, 10]


@pytest.mark.parametrize(
    "answer",
    [
        {"errorCode": 50009, "errorMessage": "Bad Request"},
        {
            "errorCode": 10006,
            "errorMessage": "the request uri=[/x], apiName=[null] is not exists",
        },
    ],
)
def test_where_the_batch_path_is_not_for_this_user_contracts_are_voided_one_by_one(mount: Any, answer: Any) -> None:
    rig = mount(count=40, object_name=CUSTOM)
    adapter = rig.connect()
    some = refs(adapter)[:25]
    batches: list[str] = []

    def refuse(request: WireRequest) -> WireResponse | None:
        if request.path != "/cgi/crm/custom/data/invalid":
            return None
        batches.append(request.path)
        return WireResponse.of_json(answer)

    rig.intercept = refuse
    assert set(verdicts(trash(adapter, some))) == {DONE}
    assert set(verdicts(trash(adapter, refs(adapter)[:1]))) == {DONE}
    voids = [line.path for line in rig.emulator.ledger() if line.path.endswith("/invalid")]
    assert (len(batches), voids) == (1, ["/cgi/crm/custom/v2/data/invalid"] * 26)


def test_a_refused_batch_leaves_no_contract_called_untouched_without_a_look(mount: Any) -> None:
    """The CRM does a part and then refuses the whole: what was done is not called "not done"."""
    rig = mount(count=10, object_name=CUSTOM)
    adapter = rig.connect()
    some = refs(adapter)[:4]

    def half_done(request: WireRequest) -> WireResponse | None:
        if request.path != "/cgi/crm/custom/data/invalid" or some[0].id not in request.body.decode():
            return None
        rig.emulator.control("delete", {"id": some[0].id})
        return WireResponse.of_json({"errorCode": 50009, "errorMessage": "数据已被锁定"})

    rig.intercept = half_done
    assert verdicts(trash(adapter, some)) == [UNKNOWN, DONE, DONE, DONE]


def test_a_locked_contract_is_refused_and_the_others_are_voided(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    some = refs(adapter)[:3]
    rig.emulator.control("lock", {"id": some[1].id})
    answers = trash(adapter, some)
    assert verdicts(answers) == [DONE, NOT_DONE, DONE]
    assert (answers[1].reason, answers[1].code, answers[1].retry) == ("locked", "50009", False)


def test_a_tenants_own_veto_is_unknown_because_nobody_lists_its_text(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first = refs(adapter)[0]
    rig.emulator.control("veto", {"id": first.id, "text": "该合同有未完成的回款计划"})
    [answer] = trash(adapter, [first])
    assert (answer.verdict, answer.vendor_message) == (UNKNOWN, "该合同有未完成的回款计划")


@pytest.mark.parametrize("code", [50009, 20014, 15003])
def test_a_missing_right_is_a_permission_whatever_its_code(mount: Any, code: Any) -> None:
    rig = mount(switches=Switches(denial_code=code))
    adapter = rig.connect()
    first = refs(adapter)[0]
    rig.emulator.control("permission", {"invalid": False})
    [answer] = trash(adapter, [first])
    assert (answer.verdict, answer.reason) == (NOT_DONE, "permission")


def test_voiding_a_voided_contract_is_never_done(mount: Any) -> None:
    adapter = mount().connect()
    first = refs(adapter)[0]
    trash(adapter, [first])
    [answer] = trash(adapter, [first])
    assert (answer.verdict, answer.reason) == (UNKNOWN, "not_found")


@pytest.mark.parametrize("mode", ["all_or_nothing", "per_id"])
def test_one_live_contract_in_a_batch_of_deletes_is_found_out(mount: Any, mode: Any) -> None:
    rig = mount(switches=Switches(batch_failure=mode))
    adapter = rig.connect(assumptions={"batch_failure": mode})
    some = refs(adapter)[:8]
    trash(adapter, some)
    adapter.bring_back(Route.UNTRASH, [RestoreItem(some[3], "m")])
    answers = {one.ref: one.verdict for one in purge(adapter, some)}
    places = adapter.locate(some, look=LookDepth.EVERYWHERE).places
    assert places[some[3].id].place is Place.LIVE
    if mode == "per_id":  # errorCode 0 says nothing about one id: only the look afterwards does
        assert set(answers.values()) == {DONE}
    else:
        assert answers[some[3]] is not DONE
        assert {answers[one] for one in some if one is not some[3]} <= {DONE, UNKNOWN}
    assert all(answers[one] is not DONE or places[one.id].place is Place.GONE for one in some if one is not some[3])


def test_a_batch_spoiled_by_an_absent_id_is_halved_until_each_id_has_its_own_answer(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    some = refs(adapter)[:6]
    trash(adapter, some)
    rig.emulator.control("delete", {"id": some[2].id, "purge": True})
    answers = {one.ref.id: one.verdict for one in purge(adapter, some)}
    assert answers[some[2].id] is UNKNOWN
    assert {answers[one.id] for one in some if one is not some[2]} == {DONE}


@pytest.mark.parametrize(("code", "text"), [(50009, "该合同有未完成的回款计划"), (77001, "模块校验未通过")])
def test_a_batch_refused_in_a_tenants_own_words_is_halved_after_a_look(mount: Any, code: int, text: str) -> None:
    rig = mount()
    adapter = rig.connect()
    some = refs(adapter)[:8]
    trash(adapter, some)
    spoiler = some[5]

    def veto(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/delete") and spoiler.id in json.loads(request.body)["data"]["idList"]:
            return WireResponse.of_json({"errorCode": code, "errorMessage": text})
        return None

    rig.intercept = veto
    answers = {one.ref.id: one for one in purge(adapter, some)}
    assert (answers[spoiler.id].verdict, answers[spoiler.id].vendor_message) == (UNKNOWN, text)
    assert {answers[one.id].verdict for one in some if one is not spoiler} == {DONE}


def test_a_batch_that_is_too_large_is_halved(mount: Any) -> None:
    rig = mount(count=60, switches=Switches(max_batch_ids=7))
    adapter = rig.connect()
    some = refs(adapter)[:40]
    trash(adapter, some)
    assert set(verdicts(purge(adapter, some))) == {DONE}


def test_a_batch_that_the_gateway_gave_up_on_is_not_sent_again(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    some = refs(adapter)[:6]
    trash(adapter, some)
    sent: list[WireRequest] = []

    def refuse(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/delete"):
            return None
        sent.append(request)
        return WireResponse.of_json({"errorCode": 50009, "errorMessage": "服务异常，如服务超时"})

    rig.intercept = refuse
    assert set(verdicts(purge(adapter, some))) == {UNKNOWN}
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((("Content-Type", "text/html"),), b"<html>maintenance</html>"),
        ((("Content-Type", "application/json"),), b""),
        ((("Content-Type", "application/json"),), b"[]"),
        ((("Content-Type", "application/json"),), b'{"errorMessage":"OK"}'),
        ((("Content-Type", "application/json"),), b'{"errorCode":true}'),
    ],
)
def test_an_answer_that_says_nothing_is_unknown(mount: Any, headers: Any, body: bytes) -> None:
    rig = mount()
    adapter = rig.connect()
    first = refs(adapter)[0]
    rig.intercept = lambda request: WireResponse(200, headers, body) if "invalid" in request.path else None
    assert verdicts(trash(adapter, [first])) == [UNKNOWN]


@pytest.mark.parametrize("status", [302, 401, 403, 429, 500, 502, 503])
def test_a_status_other_than_200_is_not_the_gateways_and_proves_nothing(mount: Any, status: int) -> None:
    rig = mount()
    adapter = rig.connect()
    first = refs(adapter)[0]
    rig.intercept = lambda request: WireResponse(status, (), b"{}") if "invalid" in request.path else None
    assert verdicts(trash(adapter, [first])) == [UNKNOWN]


def test_a_lost_answer_costs_only_the_answer_about_its_own_record(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    some = refs(adapter)[:5]

    def lose(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/invalid") and some[2].id in request.body.decode():
            raise requests.exceptions.ReadTimeout
        return None

    rig.intercept = lose
    assert verdicts(trash(adapter, some)) == [DONE, DONE, UNKNOWN, DONE, DONE]


def test_when_nothing_reached_the_crm_it_is_said_for_the_whole_batch(mount: Any) -> None:
    adapter = mount().connect()
    some = refs(adapter)[:4]
    with responses.RequestsMock():
        # After five failed connections the transport does not even try.
        answers = [answer for _attempt in range(2) for answer in trash(adapter, some[:3])]
        assert UNKNOWN in verdicts(answers)
        with pytest.raises(NotSentError):
            trash(adapter, some)


def test_a_quota_that_runs_out_stops_the_batch_and_says_which_were_sent(mount: Any) -> None:
    rig = mount(count=60)
    adapter = rig.connect()
    some = refs(adapter)[:50]
    rig.emulator.control("quota", {"remaining": 20})
    answers = trash(adapter, some)
    counted = {verdict: verdicts(answers).count(verdict) for verdict in Verdict}
    assert (counted[DONE], counted[UNKNOWN]) == (20, 0)
    assert any(one.halt and one.reason == "quota" for one in answers)
    assert rig.calls("/invalid") < 50


def test_after_a_rate_limit_the_next_record_waits_for_the_next_window(mount: Any) -> None:
    rig = mount(count=10)
    adapter = rig.connect()
    some = refs(adapter)[:2]
    refused: list[str] = []

    def once(request: WireRequest) -> WireResponse | None:
        if refused or not request.path.endswith("/invalid"):
            return None
        refused.append(request.path)
        return WireResponse.of_json({"errorCode": 30004, "errorMessage": "秒频次超限"})

    rig.intercept = once
    before = rig.clock.monotonic()
    [first] = trash(adapter, [some[0]])
    [second] = trash(adapter, [some[1]])
    assert (first.verdict, first.retry, first.halt) == (NOT_DONE, True, False)
    assert second.verdict is DONE
    assert rig.clock.monotonic() - before >= 20


def test_a_crm_that_keeps_refusing_for_its_pace_ends_the_run(mount: Any) -> None:
    rig = mount(count=10)
    adapter = rig.connect()
    some = refs(adapter)[:8]
    limit = WireResponse.of_json({"errorCode": 30004, "errorMessage": "秒频次超限"})
    rig.intercept = lambda request: limit if request.path.endswith("/invalid") else None
    answers = [answer for one in some for answer in trash(adapter, [one])]
    assert [one.halt for one in answers[:5]] == [False, False, False, False, True]


@pytest.mark.parametrize("family", ["by_name", "custom"])
def test_the_paths_of_an_object_are_an_assumption(mount: Any, family: str) -> None:
    rig = mount(switches=Switches(path_families="preset_anywhere"))
    adapter = rig.connect(assumptions={"path_families": family})
    trash(adapter, refs(adapter)[:1])
    expected = "/cgi/crm/custom/v2/data/invalid" if family == "custom" else "/cgi/crm/v2/data/invalid"
    assert rig.emulator.ledger()[-1].path == expected


def test_an_object_that_a_path_does_not_serve_is_reached_by_the_other_one(mount: Any) -> None:
    rig = mount(object_name=CUSTOM)
    adapter = rig.connect(assumptions={"path_families": "preset", "bulk_invalid": "never"})
    first = refs(adapter)[0]
    assert verdicts(trash(adapter, [first])) == [DONE]
    assert rig.emulator.ledger()[-1].path == "/cgi/crm/custom/v2/data/invalid"


def test_ten_windows_of_custom_contracts_are_voided_without_one_refusal(mount: Any) -> None:
    """120 + 120 calls against 100 per 20 s and endpoint: the pace is ours, the CRM never has to refuse."""
    rig = mount(count=2400, object_name=CUSTOM)
    adapter = rig.connect(assumptions={"bulk_invalid": "custom"})
    everything = refs(adapter)
    rig.clock.advance(20)
    begin = rig.clock.monotonic()
    for step in (trash, purge):
        for start in range(0, 2400, 20):
            assert set(verdicts(step(adapter, everything[start : start + 20]))) == {DONE}
    assert {line.code for line in rig.emulator.ledger()} == {"0"}
    # Each endpoint needs two windows; 100 calls go at once, so one wait of 20 s each is the lower bound.
    assert rig.clock.monotonic() - begin <= 2 * 20 * 1.05


def test_a_record_that_stays_in_the_bin_has_not_come_back(mount: Any) -> None:
    rig = mount(switches=Switches(batch_failure="per_id"))
    adapter = rig.connect(assumptions={"batch_failure": "per_id"})
    some = refs(adapter)[:3]
    trash(adapter, some)
    good = WireResponse.of_json({"errorCode": 0, "errorMessage": "OK"})
    rig.intercept = lambda request: good if request.path.endswith("/recover") else None
    results = adapter.bring_back(Route.UNTRASH, [RestoreItem(one, "m") for one in some])
    assert {(one.verdict, one.reason) for one in results} == {(NOT_DONE, "still_in_bin")}
