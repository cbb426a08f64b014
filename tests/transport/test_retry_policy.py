"""What is repeated, how often, after what wait: one table, told by the purpose of the call."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests
import responses
from urllib3.exceptions import NameResolutionError, ProtocolError

from crm_bridge.clock import ManualClock
from crm_bridge.errors import (
    AnswerLostError,
    CrmError,
    MalformedAnswerError,
    NotSentError,
    RateLimitedError,
)
from crm_bridge.transport import Budget, Call, Purpose, Response, RetryHint, Transport

HOST = "https://crm.example"
ALL = list(Purpose)
SAFE = [Purpose.READ]
ONCE = [Purpose.DESTROY, Purpose.CREATE]


@pytest.fixture
def manual() -> ManualClock:
    return ManualClock()


@pytest.fixture
def transport(manual: ManualClock) -> Transport:
    return Transport(name="x", origins=[HOST], clock=manual, randomness=random.Random(1), budget=Budget(in_flight=8))


def call(purpose: Purpose, token: str = "old") -> Call:
    return Call("POST", f"{HOST}/x", "POST /x", purpose, headers={"Authorization": token}, json={})


def answers(mock: responses.RequestsMock, *found: int | Exception, headers: dict[str, str] | None = None) -> None:
    for one in found:
        if isinstance(one, Exception):
            mock.add(responses.POST, f"{HOST}/x", body=one)
        else:
            mock.add(responses.POST, f"{HOST}/x", json={"n": one}, status=one, headers=headers or {})


@pytest.fixture
def mock() -> object:
    with responses.RequestsMock(
        registry=responses.registries.OrderedRegistry, assert_all_requests_are_fired=False
    ) as m:
        yield m


def unresolved() -> requests.ConnectionError:
    return requests.ConnectionError(NameResolutionError("crm.example", None, OSError("x")))  # type: ignore[arg-type]


def reset() -> requests.ConnectionError:
    return requests.ConnectionError(ProtocolError("reset", ConnectionResetError()))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_is_repeated_twice_after_a_server_error(
    transport: Transport, mock: responses.RequestsMock, status: int
) -> None:
    answers(mock, status, status, 200)
    assert transport.send(call(Purpose.READ)).status == 200
    assert transport.counts() == {"POST /x": 3}


def test_the_third_server_error_is_handed_to_the_adapter(transport: Transport, mock: responses.RequestsMock) -> None:
    answers(mock, 503, 503, 503, 200)
    assert transport.send(call(Purpose.READ)).status == 503
    assert len(mock.calls) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 501])
def test_other_statuses_are_not_repeated(transport: Transport, mock: responses.RequestsMock, status: int) -> None:
    answers(mock, status, 200)
    assert transport.send(call(Purpose.READ)).status == status


@pytest.mark.parametrize("purpose", ONCE)
@pytest.mark.parametrize("status", [200, 429, 500, 502, 503, 504, 401])
def test_destructive_and_creating_calls_are_sent_once_whatever_is_answered(
    transport: Transport, mock: responses.RequestsMock, purpose: Purpose, status: int
) -> None:
    answers(mock, status, 200)
    assert transport.send(call(purpose)).status == status
    assert len(mock.calls) == 1


@pytest.mark.parametrize("purpose", ONCE)
@pytest.mark.parametrize("verdict", [RetryHint.RETRY, RetryHint.REFRESH, RetryHint.RATE_LIMITED])
def test_no_verdict_repeats_them_either(
    transport: Transport, mock: responses.RequestsMock, purpose: Purpose, verdict: RetryHint
) -> None:
    answers(mock, 200, 200)
    transport.send(call(purpose), judge=lambda _answer: verdict, renew=lambda: call(purpose, "new"))
    assert len(mock.calls) == 1


@pytest.mark.parametrize("purpose", ONCE)
@pytest.mark.parametrize(("fault", "kind"), [(unresolved, NotSentError), (reset, AnswerLostError)])
def test_nor_does_a_fault(
    transport: Transport,
    mock: responses.RequestsMock,
    purpose: Purpose,
    fault: Callable[[], Exception],
    kind: type[CrmError],
) -> None:
    answers(mock, fault(), 200)
    with pytest.raises(kind):
        transport.send(call(purpose))
    assert len(mock.calls) == 1


def test_a_token_request_is_repeated_only_if_it_was_not_sent(
    transport: Transport, mock: responses.RequestsMock
) -> None:
    answers(mock, unresolved(), 200)
    assert transport.send(call(Purpose.TOKEN)).status == 200


@pytest.mark.parametrize("found", [reset(), 503, 429])
def test_a_token_request_that_was_sent_is_not_repeated(
    transport: Transport, mock: responses.RequestsMock, found: int | Exception
) -> None:
    answers(mock, found, 200)
    with suppress(AnswerLostError):
        transport.send(call(Purpose.TOKEN))
    assert len(mock.calls) == 1


def test_a_read_is_repeated_after_a_lost_connection(transport: Transport, mock: responses.RequestsMock) -> None:
    answers(mock, reset(), unresolved(), 200)
    assert transport.send(call(Purpose.READ)).status == 200


def test_an_answer_the_adapter_cannot_read_gets_one_more_chance(
    transport: Transport, mock: responses.RequestsMock
) -> None:
    for _ in range(3):
        mock.add(responses.POST, f"{HOST}/x", body="<html>", content_type="text/html")

    def judge(answer: Response) -> RetryHint:
        answer.json()
        return RetryHint.OK

    with pytest.raises(MalformedAnswerError) as refused:
        transport.send(call(Purpose.READ), judge=judge)
    assert refused.value.reason == "content_type"
    assert len(mock.calls) == 2


def test_after_a_destructive_call_such_an_answer_is_an_answer_lost(
    transport: Transport, mock: responses.RequestsMock
) -> None:
    mock.add(responses.POST, f"{HOST}/x", body="<html>", content_type="text/html")

    def judge(answer: Response) -> RetryHint:
        answer.json()
        return RetryHint.OK

    with pytest.raises(AnswerLostError) as lost:
        transport.send(call(Purpose.DESTROY), judge=judge)
    assert (lost.value.reason, lost.value.http_status) == ("content_type", 200)


def test_an_expired_token_is_renewed_once_and_the_read_replayed(
    transport: Transport, mock: responses.RequestsMock
) -> None:
    answers(mock, 401, 200)

    def judge(answer: Response) -> RetryHint:
        return RetryHint.REFRESH if answer.status == 401 else RetryHint.OK

    found = transport.send(call(Purpose.READ), judge=judge, renew=lambda: call(Purpose.READ, "new"))
    assert found.status == 200
    assert [one.request.headers["Authorization"] for one in mock.calls] == ["old", "new"]


def test_a_second_refusal_of_the_token_is_handed_to_the_adapter(
    transport: Transport, mock: responses.RequestsMock
) -> None:
    answers(mock, 401, 401, 200)
    found = transport.send(
        call(Purpose.READ), judge=lambda _a: RetryHint.REFRESH, renew=lambda: call(Purpose.READ, "new")
    )
    assert found.status == 401
    assert len(mock.calls) == 2


def test_a_rate_limit_waits_as_long_as_the_crm_says(
    transport: Transport, mock: responses.RequestsMock, manual: ManualClock
) -> None:
    answers(mock, 429, headers={"Retry-After": "7"})
    answers(mock, 200)
    assert transport.send(call(Purpose.READ)).status == 200
    assert manual.monotonic() == 7.0


def test_a_rate_limit_inside_a_200_is_the_adapters_word(
    transport: Transport, mock: responses.RequestsMock, manual: ManualClock
) -> None:
    answers(mock, 200, 200)
    verdicts = iter([RetryHint.rate_limited(20.0), RetryHint.OK])
    transport.send(call(Purpose.READ), judge=lambda _a: next(verdicts))
    assert manual.monotonic() == 20.0
    assert transport.budget.limit == 4


def test_an_absurd_retry_after_waits_a_minute(
    transport: Transport, mock: responses.RequestsMock, manual: ManualClock
) -> None:
    answers(mock, 429, headers={"Retry-After": "86400"})
    answers(mock, 200)
    transport.send(call(Purpose.READ))
    assert manual.monotonic() == 60.0


def test_a_read_that_stays_refused_stops_resumable(transport: Transport, mock: responses.RequestsMock) -> None:
    answers(mock, *[429] * 9, headers={"Retry-After": "30"})
    with pytest.raises(RateLimitedError) as refused:
        transport.send(call(Purpose.READ))
    assert (refused.value.http_status, refused.value.retry_after, len(mock.calls)) == (429, 30.0, 6)
    assert "resume" in refused.value.hint


def test_all_waits_of_a_run_together_end_after_ten_minutes(manual: ManualClock) -> None:
    transport = Transport(name="x", origins=[HOST], clock=manual, randomness=random.Random(1), budget=Budget())
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        answers(mock, 429, headers={"Retry-After": "60"})
        for _ in range(4):
            with pytest.raises(RateLimitedError):
                transport.send(call(Purpose.READ))
    assert manual.monotonic() <= 600.0


def test_a_crm_that_is_down_ends_the_run_after_five_failures(
    transport: Transport, mock: responses.RequestsMock
) -> None:
    answers(mock, *[503] * 20)
    transport.send(call(Purpose.READ))
    with pytest.raises(NotSentError) as refused:
        transport.send(call(Purpose.READ))
    assert refused.value.reason == "circuit_open"
    assert len(mock.calls) == 5


def test_while_the_breaker_is_open_a_delete_is_not_sent(transport: Transport, mock: responses.RequestsMock) -> None:
    answers(mock, *[503] * 5, 200)
    for _ in range(5):
        transport.send(call(Purpose.DESTROY))
    with pytest.raises(NotSentError):
        transport.send(call(Purpose.DESTROY))
    assert len(mock.calls) == 5


def test_an_error_raised_while_renewing_reaches_the_caller(transport: Transport, mock: responses.RequestsMock) -> None:
    answers(mock, 401)

    def renew() -> Call:
        raise RateLimitedError("no")

    with pytest.raises(RateLimitedError):
        transport.send(call(Purpose.READ), judge=lambda _a: RetryHint.REFRESH, renew=renew)
