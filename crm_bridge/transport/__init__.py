"""The way to a CRM: hardened, paced, repeated only where repeating is safe."""

from crm_bridge.transport.budget import Budget, Window
from crm_bridge.transport.calls import (
    Call,
    CallRecord,
    Purpose,
    Response,
    RetryHint,
    Timeouts,
    UploadPart,
    by_status,
)
from crm_bridge.transport.client import Judge, Renew, Transport
from crm_bridge.transport.network import Network
from crm_bridge.transport.origins import AllowList, is_loopback, origin_of
from crm_bridge.transport.parsing.raw_json import raw_items, raw_value
from crm_bridge.transport.parsing.rows import UnreadableRow
from crm_bridge.transport.parsing.strict_json import is_json_type, parse_json

__all__ = [
    "AllowList",
    "Budget",
    "Call",
    "CallRecord",
    "Judge",
    "Network",
    "Purpose",
    "Renew",
    "Response",
    "RetryHint",
    "Timeouts",
    "Transport",
    "UnreadableRow",
    "UploadPart",
    "Window",
    "by_status",
    "is_json_type",
    "is_loopback",
    "origin_of",
    "parse_json",
    "raw_items",
    "raw_value",
]
