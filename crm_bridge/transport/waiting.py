"""How long to wait: Retry-After, back-off with jitter, and the caps on both."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 60.0
LONGEST_RUN_OF_WAITS = 600.0


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After as seconds or as a date; None if absent, negative or unreadable.

    A date is compared with the server's own Date header, never with the local clock (RFC 9110, 10.2.3).
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return float(text)
    then, now = http_date(text), http_date(headers.get("date", ""))
    if then is None or now is None or then < now:
        return None
    return (then - now).total_seconds()


def http_date(text: str) -> datetime | None:
    """Read an HTTP date as an aware time; None if it is none."""
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def backoff(attempt: int, *, first: float, randomness: random.Random) -> float:
    """Return first, 2 x first, 4 x first ... seconds with half to one and a half of jitter, at most 60."""
    return min(LONGEST_WAIT, first * float(1 << min(attempt - 1, 10)) * randomness.uniform(0.5, 1.5))
