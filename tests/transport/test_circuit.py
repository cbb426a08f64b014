"""When to stop trying."""

from __future__ import annotations

from crm_bridge.clock import ManualClock
from crm_bridge.transport.circuit import Breaker, RetryQuota


def test_the_purse_pays_for_ten_retries() -> None:
    quota = RetryQuota()
    assert [quota.pay() for _ in range(11)] == [True] * 10 + [False]


def test_ten_successes_earn_one_retry() -> None:
    quota = RetryQuota()
    for _ in range(10):
        quota.pay()
    for _ in range(9):
        quota.earn()
    assert not quota.pay()
    quota.earn()
    assert quota.pay()


def test_five_failures_in_a_row_open_the_breaker_for_thirty_seconds() -> None:
    clock = ManualClock()
    breaker = Breaker(clock)
    for _ in range(4):
        breaker.failed()
    assert breaker.seconds_left() == 0
    breaker.failed()
    assert breaker.seconds_left() == 30.0


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker(ManualClock())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.seconds_left() == 0


def test_after_thirty_seconds_one_caller_may_try_while_the_others_wait() -> None:
    clock = ManualClock()
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed()
    clock.advance(30)

    assert [breaker.seconds_left() for _ in range(3)] == [0.0, 30.0, 30.0]
    breaker.succeeded()
    assert breaker.seconds_left() == 0
