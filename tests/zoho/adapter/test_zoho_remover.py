"""One deleting call, judged per record: by the answer's items, never by its HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import UsageError
from crm_bridge.spi.adapter import RemoveOptions, RemoveResult, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse

MODULE = "Contracts"
PLAIN, FAST = RemoveOptions(), RemoveOptions(fast=True)


def refs(ids: Sequence[str]) -> list[ContractRef]:
    return [ContractRef(MODULE, one) for one in ids]


def verdicts(answers: Sequence[RemoveResult]) -> list[str]:
    return [f"{one.verdict.value} {one.code}".strip() for one in answers]


def item(code: str, record: str, status: str = "success") -> dict[str, Any]:
    return {"code": code, "details": {"id": record}, "message": "", "status": status}


@pytest.mark.parametrize(("wanted", "sent"), [(False, "false"), (True, "true")])
def test_whether_workflows_run_is_always_sent(zoho: Any, wanted: bool, sent: str) -> None:
    zoho.connect().remove(Step.TRASH, refs(zoho.ids()[:2]), options=RemoveOptions(automations=wanted))
    last = zoho.calls()[-1]
    assert f"wf_trigger={sent}" in last.query
    assert any(effect.kind == "workflow" for effect in last.effects) is wanted


@pytest.mark.parametrize("mixed", [200, 207])
def test_each_record_has_its_own_answer_whatever_the_status_of_the_call(zoho: Any, mixed: int) -> None:
    zoho.control("switch", name="mixed_status", value=mixed)
    one, locked, waiting = zoho.ids()[:3]
    absent = "554023000000099002"
    zoho.control("lock", id=locked)
    zoho.control("approval", id=waiting)
    answers = zoho.connect().remove(Step.TRASH, refs([locked, one, absent, waiting]), options=PLAIN)
    assert verdicts(answers) == [
        "not_done RECORD_LOCKED",
        "done SUCCESS",
        "unknown INVALID_DATA",
        "not_done NOT_APPROVED",
    ]
    assert zoho.calls()[-1].status == mixed


def test_answers_in_another_order_are_matched_by_id(zoho: Any) -> None:
    zoho.control("switch", name="mass_delete_shuffled", value=True)
    ids = zoho.ids()[:20]
    zoho.control("lock", id=ids[4])
    answers = zoho.connect().remove(Step.TRASH, refs(ids), options=FAST)
    assert [one.ref.id for one in answers] == ids
    assert [one.ref.id for one in answers if one.verdict is not Verdict.DONE] == [ids[4]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("one is missing", ["done SUCCESS", "unknown"]),
        ("one is told twice", ["unknown", "done SUCCESS"]),
        ("a stranger is told", ["done SUCCESS", "unknown"]),
        ("success with an error status", ["unknown SUCCESS", "unknown SUCCESS"]),
        ("only scheduled", ["unknown SCHEDULED", "unknown SCHEDULED"]),
        ("an empty list", ["unknown", "unknown"]),
        ("an HTML page", ["unknown", "unknown"]),
        ("no body", ["unknown", "unknown"]),
        ("flat, about one of several", ["unknown INVALID_DATA", "unknown INVALID_DATA"]),
    ],
)
def test_what_the_answer_does_not_say_clearly_is_unknown(zoho: Any, name: str, expected: list[str]) -> None:
    one, two = zoho.ids()[:2]
    good, other = item("SUCCESS", one), item("SUCCESS", two)
    flat = {"code": "INVALID_DATA", "details": {}, "message": "", "status": "error"}
    said = {
        "one is missing": WireResponse.of_json({"data": [good]}),
        "one is told twice": WireResponse.of_json({"data": [good, good, other]}),
        "a stranger is told": WireResponse.of_json({"data": [good, item("SUCCESS", "554023000000099002")]}),
        "success with an error status": WireResponse.of_json({"data": [good, other]}, 400),
        "only scheduled": WireResponse.of_json({"data": [{**good, "code": "SCHEDULED", "details": {}}]}, 202),
        "an empty list": WireResponse.of_json({"data": []}),
        "an HTML page": WireResponse(200, (("Content-Type", "text/html"),), b"<html>maintenance</html>"),
        "no body": WireResponse(204),
        "flat, about one of several": WireResponse.of_json(flat, 400),
    }[name]
    zoho.intercept = lambda request: said if request.method == "DELETE" else None
    assert verdicts(zoho.connect().remove(Step.TRASH, refs([one, two]), options=PLAIN)) == expected


@pytest.mark.parametrize("longest", [1024, 1800])
def test_a_call_that_is_too_long_is_halved_for_the_next_one(make_zoho: Any, longest: int) -> None:
    zoho = make_zoho(count=120, plain=True)
    zoho.control("switch", name="ids_max_length", value=longest)
    adapter, batch = zoho.connect(), refs(zoho.ids()[:100])
    first = adapter.remove(Step.TRASH, batch, options=PLAIN)
    assert {(one.verdict, one.reason, one.retry) for one in first} == {(Verdict.NOT_DONE, "too_long", True)}
    second = adapter.remove(Step.TRASH, batch, options=PLAIN)
    assert [one.verdict for one in second] == [Verdict.DONE] * 50 + [Verdict.NOT_DONE] * 50
    assert adapter.whoami().limits.trash_batch == 50


def test_an_address_that_is_too_long_for_a_gateway_is_halved_too(make_zoho: Any) -> None:
    zoho = make_zoho(count=120, plain=True)
    page = WireResponse(414, (("Content-Type", "text/html"),), b"<html>Request-URI Too Large</html>")
    zoho.intercept = lambda request: page if request.method == "DELETE" and len(request.query) > 1200 else None
    adapter, batch = zoho.connect(), refs(zoho.ids()[:100])
    assert {one.reason for one in adapter.remove(Step.TRASH, batch, options=PLAIN)} == {"too_long"}
    assert sum(one.verdict is Verdict.DONE for one in adapter.remove(Step.TRASH, batch, options=PLAIN)) == 50


@pytest.mark.parametrize(("step", "options", "most"), [
    (Step.TRASH, PLAIN, 100), (Step.TRASH, FAST, 500), (Step.PURGE, PLAIN, 100),
])  # fmt: skip
def test_more_records_than_a_call_takes_are_refused_before_anything_is_sent(
    zoho: Any, step: Step, options: RemoveOptions, most: int
) -> None:
    adapter = zoho.connect()
    with pytest.raises(UsageError):
        adapter.remove(step, refs([str(10**17 + number) for number in range(most + 1)]), options=options)
    assert not any(line.method == "DELETE" or "mass_delete" in line.path for line in zoho.calls())


def test_a_purge_takes_records_out_of_the_bin_for_good(zoho: Any) -> None:
    ids = zoho.ids()[:3]
    adapter = zoho.connect()
    adapter.remove(Step.TRASH, refs(ids[:2]), options=PLAIN)
    answers = adapter.remove(Step.PURGE, refs(ids), options=PLAIN)
    assert verdicts(answers) == ["done SUCCESS", "done SUCCESS", "unknown INVALID_DATA"]
    assert [zoho.control("record", id=one)["place"] for one in ids] == ["gone", "gone", "live"]


@pytest.mark.parametrize("spelling", ["TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"])
def test_a_refusal_for_pace_waits_as_long_as_zoho_asks_and_may_be_tried_again(zoho: Any, spelling: str) -> None:
    zoho.control("switch", name="throttle_code", value=spelling)
    zoho.control("switch", name="retry_after", value=7)
    adapter = zoho.connect()
    adapter.whoami()
    zoho.control("switch", name="throttle_next", value=1)
    before = zoho.clock.monotonic()
    [answer] = adapter.remove(Step.TRASH, refs(zoho.ids()[:1]), options=PLAIN)
    assert (answer.verdict, answer.code, answer.retry, answer.halt) == (Verdict.NOT_DONE, spelling, True, False)
    assert zoho.clock.monotonic() - before == 7


def test_without_credits_for_today_the_run_is_stopped_at_once(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    said = {"code": "TOO_MANY_REQUESTS", "details": {}, "message": "", "status": "error"}
    told = WireResponse.of_json(said, 429)
    empty = WireResponse(429, (*told.headers, ("X-API-CREDITS-REMAINING", "0")), told.body)
    zoho.intercept = lambda request: empty if request.method == "DELETE" else None
    [answer] = adapter.remove(Step.TRASH, refs(zoho.ids()[:1]), options=PLAIN)
    assert (answer.verdict, answer.halt) == (Verdict.NOT_DONE, True)


BIN = "/crm/v8/settings/recycle_bin"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("approval", {}), ("NOT_APPROVED", "in_approval")),
        (("blueprint", {"blocking": True}), ("REQUIRED_PARAM_MISSING", "invalid")),
    ],
)
@pytest.mark.parametrize("options", [PLAIN, FAST])
def test_a_refusal_that_names_no_record_gives_the_reason_of_the_only_one_unanswered_and_stays_unknown(
    zoho: Any, command: Any, expected: tuple[str, str], options: RemoveOptions
) -> None:
    zoho.control("switch", name="nameless_refusals", value=True)
    ids = zoho.ids()[:3]
    zoho.control(command[0], id=ids[1], **command[1])
    first, held, last = zoho.connect().remove(Step.TRASH, refs(ids), options=options)
    assert (first.verdict, last.verdict) == (Verdict.DONE, Verdict.DONE)
    assert (held.verdict, held.code, held.reason) == (Verdict.UNKNOWN, *expected)
    assert held.vendor_message


def test_two_refusals_that_name_no_record_give_nobody_a_reason(zoho: Any) -> None:
    zoho.control("switch", name="nameless_refusals", value=True)
    ids = zoho.ids()[:4]
    zoho.control("approval", id=ids[1])
    zoho.control("blueprint", id=ids[2], blocking=True)
    answers = zoho.connect().remove(Step.TRASH, refs(ids), options=PLAIN)
    assert [(one.verdict.value, one.code, one.reason) for one in answers[1:3]] == [("unknown", "", "not_answered")] * 2


def test_a_success_that_names_no_record_proves_nothing(zoho: Any) -> None:
    one, two = zoho.ids()[:2]
    nameless = {"code": "SUCCESS", "details": {}, "message": "", "status": "success"}
    said = WireResponse.of_json({"data": [item("SUCCESS", one), nameless]})
    zoho.intercept = lambda request: said if request.method == "DELETE" else None
    assert verdicts(zoho.connect().remove(Step.TRASH, refs([one, two]), options=PLAIN)) == ["done SUCCESS", "unknown"]


def test_a_zoho_that_purges_by_filters_only_is_purged_one_by_one_and_never_by_a_filter(zoho: Any) -> None:
    zoho.control("switch", name="purge_by_ids", value=False)
    adapter, some = zoho.connect(), refs(zoho.ids()[:5])
    stranger = zoho.ids()[7]
    adapter.remove(Step.TRASH, some, options=PLAIN)
    zoho.control("delete", id=stranger)
    start, named = len(zoho.calls()), list[str]()
    options = RemoveOptions(guard=lambda ids: named.extend(ids))
    absent = refs(["554023000000099002"])
    answers = [*adapter.remove(Step.PURGE, some[:3], options=options)]
    answers += adapter.remove(Step.PURGE, [*absent, *some[3:]], options=options)
    assert verdicts(answers) == ["done SUCCESS"] * 3 + ["unknown INVALID_DATA"] + ["done SUCCESS"] * 2
    sent = [call for call in zoho.calls(start) if call.method == "DELETE"]
    ids = [one.id for one in (*some[:3], *absent, *some[3:])]
    assert [call.path for call in sent] == [BIN, *(f"{BIN}/{one}" for one in ids)]
    assert not any("filters" in call.query for call in sent)
    assert named == [one.id for one in some[:3]] + ids
    assert zoho.control("record", id=stranger)["place"] == "bin"


def test_one_answer_that_is_lost_costs_no_other_record_when_they_are_purged_one_by_one(zoho: Any) -> None:
    zoho.control("switch", name="purge_by_ids", value=False)
    adapter, some = zoho.connect(), refs(zoho.ids()[:3])
    adapter.remove(Step.TRASH, some, options=PLAIN)

    def lose(request: WireRequest) -> WireResponse | None:
        if request.path != f"{BIN}/{some[1].id}":
            return None
        raise requests.ConnectionError("lost")

    zoho.intercept = lose
    answers = adapter.remove(Step.PURGE, some, options=PLAIN)
    assert [one.verdict for one in answers] == [Verdict.DONE, Verdict.UNKNOWN, Verdict.DONE]


def test_a_refusal_that_would_meet_every_record_ends_the_purge_one_by_one(zoho: Any) -> None:
    zoho.control("switch", name="purge_by_ids", value=False)
    adapter, some = zoho.connect(), refs(zoho.ids()[:3])
    adapter.remove(Step.TRASH, some, options=PLAIN)
    refused = {"code": "OAUTH_SCOPE_MISMATCH", "details": {}, "message": "", "status": "error"}
    zoho.intercept = lambda request: WireResponse.of_json(refused, 401) if request.path.startswith(f"{BIN}/") else None
    answers = adapter.remove(Step.PURGE, some, options=PLAIN)
    assert [(one.verdict, one.reason) for one in answers] == [
        (Verdict.NOT_DONE, "scope"), (Verdict.NOT_DONE, "not_sent"), (Verdict.NOT_DONE, "not_sent"),
    ]  # fmt: skip
