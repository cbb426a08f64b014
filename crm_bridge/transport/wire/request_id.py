"""Request ids fit to be shown: one that is short, plain, and no echo of what we sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from crm_bridge.transport.calls import Call

_PLAIN_ID = re.compile(r"[A-Za-z0-9._:/-]{1,80}")
_SHORTEST_SECRET = 6


def shown_request_id(text: str, call: Call) -> str:
    """Return `text` if it looks like an id and holds no word of the call's headers or form; else nothing."""
    if not _PLAIN_ID.fullmatch(text) or any(word in text for word in _words(call)):
        return ""
    return text


def _words(call: Call) -> Iterator[str]:
    values = list(call.headers.values())
    values += (call.form or {}).values()
    if isinstance(call.json, Mapping):
        values += [value for value in call.json.values() if isinstance(value, str)]
    for value in values:
        yield from (word for word in value.split() if len(word) >= _SHORTEST_SECRET)
