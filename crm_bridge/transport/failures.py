"""What a failed attempt proves: nothing was sent, or nobody knows."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

from crm_bridge.errors import AnswerLostError, CrmError, MalformedAnswerError, NotSentError
from crm_bridge.i18n import N_, _
from crm_bridge.transport.attempt import Attempt, DeadlineError, OversizeError
from crm_bridge.transport.calls import Call

BEFORE_SENDING = frozenset({"tls", "dns", "connect", "connect_timeout", "invalid_request"})
NOT_WORTH_REPEATING = frozenset({"tls", "invalid_request", "oversize", "redirect"})

_TEXTS = {
    "tls": N_("the secure connection to {host} could not be verified"),
    "dns": N_("the name {host} could not be resolved"),
    "connect": N_("no connection to {host}"),
    "connect_timeout": N_("no connection to {host} in time"),
    "invalid_request": N_("the request to {host} could not be written"),
    "deadline": N_("{host} took longer than the total time for one call"),
    "timeout": N_("no answer from {host} in time"),
    "short_body": N_("the answer from {host} was cut short"),
    "encoding": N_("the answer from {host} could not be decompressed"),
    "oversize": N_("the answer from {host} is larger than allowed"),
    "redirect": N_("{host} answered with a redirect, which is never followed"),
    "connection_lost": N_("the connection to {host} broke before the answer was complete"),
}
_HINTS = {
    "invalid_request": N_("a secret or setting of the connection holds a character that no request may carry"),
    "oversize": N_("no answer of a CRM should be that large: look for a proxy in between"),
    "tls": N_("check the clock, the address and the certificate authority (ca_file)"),
    "dns": N_("check the network and the address in the connection's configuration"),
    "redirect": N_("check the address in the connection's configuration"),
}
_KINDS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("deadline", (DeadlineError,)),
    ("oversize", (OversizeError,)),
    ("tls", (urllib3_errors.SSLError, ssl.SSLError, ssl.CertificateError, requests_errors.SSLError)),
    ("dns", (urllib3_errors.NameResolutionError, socket.gaierror)),
    ("connect", (urllib3_errors.NewConnectionError, ConnectionRefusedError)),
    ("connect_timeout", (urllib3_errors.ConnectTimeoutError,)),
    ("short_body", (urllib3_errors.IncompleteRead, requests_errors.ChunkedEncodingError)),
    ("encoding", (urllib3_errors.DecodeError, requests_errors.ContentDecodingError)),
    ("timeout", (urllib3_errors.ReadTimeoutError, requests_errors.ReadTimeout, TimeoutError)),
)
_LOCAL = (requests_errors.InvalidHeader, requests_errors.InvalidURL, requests_errors.MissingSchema, UnicodeError)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, in one word, and whether it is proven that nothing was sent. Holds no exception."""

    reason: str
    not_sent: bool

    def error(self, call: Call, host: str, *, status: int | None = None, request_id: str = "") -> CrmError:
        """Return our error for it; after a destructive call everything that is not proven is an answer lost."""
        message = _(_TEXTS[self.reason]).format(host=host) + f" ({call.route})"
        hint = _(_HINTS[self.reason]) if self.reason in _HINTS else ""
        kind: type[CrmError] = AnswerLostError
        if self.not_sent:
            kind = NotSentError
        elif self.reason in ("short_body", "encoding", "oversize") and not call.purpose.changes_the_crm:
            kind = MalformedAnswerError
        return kind(message, reason=self.reason, hint=hint, http_status=status, request_id=request_id)


def failure_of(error: BaseException, attempt: Attempt) -> Failure:
    """Classify by the cause inside and by whether a byte was handed to the socket.

    A plain ConnectionError of requests does not tell the two apart, so the whole chain of causes is looked at. Both
    signs are needed for "not sent": the kind of the cause, and a connection that was never written to.
    """
    if not attempt.prepared:
        return Failure("invalid_request", not_sent=True)
    chain = list(_chain(error))
    reason = next((word for word, kinds in _KINDS if any(isinstance(one, kinds) for one in chain)), "connection_lost")
    if not attempt.touched and isinstance(error, _LOCAL):
        reason = "invalid_request"
    not_sent = not attempt.touched and reason in BEFORE_SENDING
    if not not_sent and reason in BEFORE_SENDING:
        reason = "connection_lost"
    if attempt.over and not not_sent:
        reason = "deadline"
    return Failure(reason, not_sent)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo.extend([one.__cause__, one.__context__, getattr(one, "reason", None), *one.args])
