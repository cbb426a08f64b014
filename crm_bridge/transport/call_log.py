"""One JSON object a line for every attempt, from a closed list of fields."""

from __future__ import annotations

import json
import logging

from crm_bridge.transport.calls import CallRecord

LOGGER = logging.getLogger("crm_bridge.http")


def log_call(record: CallRecord) -> None:
    """Write the attempt at DEBUG level: host, template, status, times; never a URL, header or body."""
    if not LOGGER.isEnabledFor(logging.DEBUG):
        return
    fields: dict[str, str | int | None] = {
        "at": record.at.isoformat(timespec="milliseconds"),
        "host": record.host,
        "method": record.method,
        "route": record.route,
        "purpose": record.purpose,
        "attempt": record.attempt,
        "status": record.status,
        "ms": record.milliseconds,
        "bytes": record.received,
        "reason": record.reason,
        "request_id": record.request_id,
    }
    LOGGER.debug("%s", json.dumps({key: value for key, value in fields.items() if value not in ("", None)}))
