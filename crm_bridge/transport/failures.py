"""Failed attempts: whether one proves that nothing was sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

from crm_bridge.errors import AnswerLostError, CrmError, MalformedAnswerError, NotSentError
from crm_bridge.i18n import N_, _
from crm_bridge.transport.calls import Call
from crm_bridge.transport.wire.attempt import Attempt, DeadlineError, OversizeError, ProxyError

BEFORE_SENDING = frozenset({"tls", "dns", "connect", "connect_timeout", "invalid_request"})

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
    "proxy": N_("no connection to the proxy {proxy}"),
    "proxy_tls": N_("the secure connection to the proxy {proxy} could not be verified"),
    "proxy_silent": N_("the proxy {proxy} did not open the way to {host} in time"),
    "proxy_auth": N_("the proxy {proxy} wants a user and password, or others than it was given"),
    "proxy_refused": N_("the proxy {proxy} does not let this machine through to {host} (HTTP {status})"),
    "proxy_failed": N_("the proxy {proxy} could not reach {host} (HTTP {status})"),
}
_HINTS = {
    "invalid_request": N_("a secret or setting of the connection holds a character that no request may carry"),
    "oversize": N_("no answer of a CRM should be that large: look for a proxy in between"),
    "tls": N_(
        "check the clock and the address; `ca_file` of the connection names a company's own certificate authority,"
        " `tls_min` the oldest version of TLS"
    ),
    "dns": N_("check the network and the address; where the way out is a proxy, set `proxy` of the connection"),
    "connect": N_("check the network and the address; where the way out is a proxy, set `proxy` of the connection"),
    "connect_timeout": N_(
        "check the network and the address; where the way out is a proxy, set `proxy` of the connection"
    ),
    "proxy": N_("check `proxy` of the connection, and whether this machine may talk to it"),
    "proxy_tls": N_("`ca_file` of the connection names the certificate authority; check also the scheme of `proxy`"),
    "proxy_silent": N_("check `proxy` of the connection, and whether it knows the host"),
    "proxy_auth": N_(
        "keep proxy_user and proxy_password with the secrets of the connection:"
        " `crm-bridge login NAME --replace` asks for them"
    ),
    "proxy_refused": N_("have the host allowed at the proxy, or set another `proxy` of the connection"),
    "proxy_failed": N_("check the address of the host, and whether the proxy of the connection can reach it"),
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
    proxy: str = ""
    proxy_status: int | None = None

    def error(self, call: Call, host: str, *, status: int | None = None, request_id: str = "") -> CrmError:
        """Return our error for it; after a destructive call everything that is not proven is an answer lost."""
        words = _(_TEXTS[self.reason]).format(host=host, proxy=self.proxy, status=self.proxy_status)
        message = f"{words} ({call.route})"
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
    at_proxy = next((one for one in chain if isinstance(one, ProxyError)), None)
    if at_proxy is not None and not attempt.touched:
        return Failure(at_proxy.reason_word, not_sent=True, proxy=at_proxy.proxy, proxy_status=at_proxy.status)
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
