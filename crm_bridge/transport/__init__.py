"""The way to a CRM: hardened, paced, repeated only where repeating is safe.

In reading order:

    client    everything between an adapter and its CRM
    calls     the values that go into the transport and come out of it
    sender    the working parts of a Transport
    retrying  the retry policies by name, and the one place where a call is repeated
    circuit   when to stop trying
    waiting   how long to wait
    budget    when a call may be sent
    failures  whether one proves that nothing was sent
    origins   which hosts a connection may talk to
    network   how a connection leaves this machine
    wire/     one attempt on a socket
    parsing/  JSON from strangers
"""

from crm_bridge.transport.budget import Budget, Window
from crm_bridge.transport.calls import (
    Call,
    CallRecord,
    Purpose,
    Response,
    RetryHint,
    Timeouts,
    UploadBody,
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
    "UploadBody",
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
