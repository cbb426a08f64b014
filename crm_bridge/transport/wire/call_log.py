"""One JSON object a line for every attempt and every repetition, from a closed list of fields."""

from __future__ import annotations

import json
import logging

from crm_bridge.transport.calls import Call, CallRecord

LOGGER = logging.getLogger("crm_bridge.http")
REPETITIONS = logging.getLogger("crm_bridge.repeat")


def log_again(call: Call, why: str, pause: float) -> None:
    """Write at INFO level that a call is repeated, why (fault, malformed, limited, refresh), and after how long."""
    if REPETITIONS.isEnabledFor(logging.INFO):
        fields = {"route": call.route, "purpose": call.purpose.value, "again": why, "after_seconds": round(pause, 1)}
        REPETITIONS.info("%s", json.dumps(fields))


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
