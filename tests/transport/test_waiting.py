"""How long a wait is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.transport.waiting import backoff, retry_after_seconds

NOON = "Wed, 21 Oct 2026 12:00:00 GMT"
HALF_PAST = "Wed, 21 Oct 2026 12:00:30 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": HALF_PAST, "date": NOON}, 30.0),
        ({"retry-after": NOON, "date": HALF_PAST}, None),
        ({"retry-after": HALF_PAST}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 40}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_against_the_servers_own_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(headers) == seconds


@given(st.text())
def test_no_text_in_retry_after_breaks_the_reader(text: str) -> None:
    found = retry_after_seconds({"retry-after": text, "date": NOON})
    assert found is None or found >= 0


@given(st.integers(1, 10_000), st.floats(0.1, 30), st.integers())
def test_back_off_is_never_longer_than_a_minute(attempt: int, first: float, seed: int) -> None:
    assert 0 < backoff(attempt, first=first, randomness=random.Random(seed)) <= 60.0
