"""Spans of time as people write them: `30d`, `12h`, `2w`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"([0-9]{1,5})([hdw])")


def parse_span(text: str) -> timedelta:
    """Return `30d` as a span: hours, days or weeks. Raises UsageError."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(_("{text} is no span of time such as 12h, 30d or 2w").format(text=text))
    return int(found[1]) * _UNITS[found[2]]


def parse_since(text: str, *, now: datetime) -> datetime:
    """Return the moment that `30d` (ago) or a date in UTC names. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return now - parse_span(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
