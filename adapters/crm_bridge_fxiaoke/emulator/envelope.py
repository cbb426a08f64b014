"""Envelopes: how the gateway wraps answers and refusals, always with HTTP 200."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
MISSING = "缺少参数或参数不合法"
FIELD_ERROR = 32000


@dataclass(slots=True)
class WireError(Exception):
    """A refusal as the wire says it. `bare` leaves out errorDescription, as the gateway's own refusals do."""

    code: int
    message: str
    description: str = ""
    bare: bool = False


def missing(name: str, code: int = FIELD_ERROR) -> WireError:
    """Return the refusal of a parameter that is missing, misspelt or of the wrong shape."""
    return WireError(code, f"the parameter {name} is missing or illegal", MISSING)


def business(text: str, code: int = 50009) -> WireError:
    """Return an ordinary business refusal: the text is all that tells."""
    return WireError(code, text, text)


def no_such_path(path: str, object_name: str = "null") -> WireError:
    """Return the refusal of an unknown path, or of an object that the path does not serve."""
    return WireError(10006, f"the request uri=[{path}], apiName=[{object_name}] is not exists", MISSING)


def trace_id(ea: str, user: str, now: datetime, number: int) -> str:
    """Return a trace id of the common shape: tenant, user, time of China, six hex digits."""
    return f"E-O.{ea}.{user}-{now.astimezone(CHINA):%Y%m%d%H%M%S}-{(number * 0x9E3779) & 0xFFFFFF:06x}"


def success(trace: str, content: dict[str, Any], *, address_book: bool = False) -> dict[str, Any]:
    """Return the envelope of a success; CRM calls and address-book calls word it differently."""
    message, description = ("success", "成功") if address_book else ("OK", "success")
    return {
        "errorCode": 0,
        "errorMessage": message,
        "errorDescription": description,
        "traceId": trace,
        **content,
    }


def refusal(trace: str, error: WireError) -> dict[str, Any]:
    """Return the envelope of a refusal."""
    if error.bare:
        return {"traceId": trace, "errorMessage": error.message, "errorCode": error.code}
    return {
        "errorCode": error.code,
        "errorMessage": error.message,
        "errorDescription": error.description or error.message,
        "traceId": trace,
    }
