"""One place that speaks HTTP with Zoho: token, paths, credits, retries of reads, single sends of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

from crm_bridge.clock import Clock
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, NotSentError, RequestRefusedError
from crm_bridge.i18n import _
from crm_bridge.transport import Call, Purpose, Response, RetryHint, Transport, UploadPart, by_status
from crm_bridge_zoho.auth import Tokens
from crm_bridge_zoho.errors import failure_of, named_error, row_of

STALE_TOKEN = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN"})
ROWS = tuple(
    (name,) for name in ("data", "recycle_bin", "fields", "modules", "related_lists", "users", "org", "profiles")
)
"""Where answers to reads have their rows."""
Params: TypeAlias = Mapping[str, str]


class ZohoClient:
    """Calls below `/crm/v8`. Thread-safe; every path is relative to the API domain of the access token."""

    def __init__(self, transport: Transport, tokens: Tokens, clock: Clock) -> None:
        """Use a transport whose allow-list holds the API origin."""
        self._transport = transport
        self.tokens = tokens
        self._clock = clock
        self.credits_left: int | None = None
        self.described: dict[str, Sequence[Mapping[str, Any]]] = {}
        """What the fields of modules were told to be, by module."""

    @property
    def ahead(self) -> timedelta:
        """Return how far Zoho's clock is ahead of ours, by the Date of its last answer; negative where it is behind."""
        return self._transport.clock_ahead

    @property
    def granted_scopes(self) -> frozenset[str] | None:
        """Return the scopes of the token in use; None when Zoho did not name them."""
        return self.tokens.granted

    def cap(self, calls: int | None) -> int:
        """Never have more calls in flight than an edition allows (None: not known); return how many may be."""
        budget = self._transport.budget
        if calls is not None:
            budget.cap(calls)
        return budget.ceiling

    def read(
        self,
        path: str,
        route: str,
        *,
        params: Params | None = None,
        json: object | None = None,
        weight: int = 1,
        max_bytes: int | None = None,
    ) -> Response | None:
        """Read (GET, or POST with a JSON body); None when Zoho answers "nothing there" (204).

        Repeats by the read policy and once after a token refresh; raises our exception for every error.
        """
        call = self._call("GET" if json is None else "POST", path, route, Purpose.READ, params=params, json=json)
        call = replace(call, weight=weight, max_bytes=max_bytes, rows=ROWS)
        answer = self._transport.send(call, judge=judged, renew=lambda: self._renewed(call))
        self._note_credits(answer)
        failure = failure_of(answer, route=route)
        if failure is not None:
            raise failure
        return None if answer.status == 204 or not answer.body else answer

    def ready(self) -> None:
        """Have a token at hand that is good for a minute."""
        self.tokens.current()

    def destroy(
        self,
        method: str,
        path: str,
        route: str,
        *,
        guard: Callable[[], None],
        params: Params | None = None,
        json: object | None = None,
    ) -> Response:
        """Send a destructive call once and return whatever came. Raises NotSentError or AnswerLostError."""
        call = self._changing(method, path, route, Purpose.DESTROY, params=params, json=json)
        return self._once(replace(call, guard=guard))

    def create(self, method: str, path: str, route: str, *, body: bytes | None = None, weight: int = 1) -> Response:
        """Send a creating call with a JSON body once and return whatever came.

        The body is bytes, so that amounts keep their digits. Raises NotSentError or AnswerLostError.
        """
        call = self._changing(method, path, route, Purpose.CREATE)
        return self._once(replace(call, body=body, content_type="application/json", weight=weight))

    def upload(self, path: str, route: str, *parts: UploadPart) -> Response:
        """Upload the parts of one form once: a file, or plain fields. Raises NotSentError or AnswerLostError."""
        return self._once(replace(self._changing("POST", path, route, Purpose.CREATE), files=parts))

    def download(self, path: str, route: str, *, params: Params | None = None, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes of a file; raises before an incomplete end."""
        call = self._call("GET", path, route, Purpose.DOWNLOAD, params=params)
        return self._transport.download(
            call,
            max_bytes=max_bytes,
            renew=lambda: self._renewed(call),
            refused=lambda answer: failure_of(answer, route=route) or _no_file(answer, route),
        )

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def _once(self, call: Call) -> Response:
        answer = self._transport.send(call)
        self._note_credits(answer)
        if answer.status == 401:
            # The call is not repeated here: the next one, a new intent of the core, gets a new token.
            self.tokens.refused(call.headers["Authorization"].partition(" ")[2])
        return answer

    def _changing(self, method: str, path: str, route: str, purpose: Purpose, **more: Any) -> Call:
        """Return a call that changes the CRM; without a token it is one that was not sent."""
        try:
            return self._call(method, path, route, purpose, **more)
        except CrmBridgeError as problem:
            raise NotSentError.because_of(problem) from None

    def _call(
        self,
        method: str,
        path: str,
        route: str,
        purpose: Purpose,
        *,
        params: Params | None = None,
        json: object | None = None,
    ) -> Call:
        token = self.tokens.current()
        return Call(
            method=method,
            url=f"{token.api_origin}{path}",
            route=route,
            purpose=purpose,
            params=dict(params or {}),
            headers={"Authorization": f"Zoho-oauthtoken {token.value}"},
            json=json,
        )

    def _renewed(self, call: Call) -> Call:
        self.tokens.refused(call.headers["Authorization"].partition(" ")[2])
        return replace(call, headers={"Authorization": f"Zoho-oauthtoken {self.tokens.current().value}"})

    def _note_credits(self, answer: Response) -> None:
        """Take note of the day's remaining credits, which Zoho names only after half of them are used."""
        said = answer.headers.get("x-api-credits-remaining", "")
        if said.isdigit():
            self.credits_left = int(said)
            self._transport.budget.remaining(self.credits_left, clock=self._clock)


def judged(answer: Response) -> RetryHint:
    """Return what an answer to a read means for its repetition; an unusable body raises MalformedAnswerError."""
    if answer.status == 204:
        return RetryHint.OK
    if answer.ok:
        answer.json()
    item = named_error(answer)
    if item is None or item.ok:
        return by_status(answer)
    if item.code in STALE_TOKEN:
        return RetryHint.REFRESH
    if row_of(item.code).family is Reason.RATE_LIMITED:
        # Without credits for today, waiting for a minute is pointless: the caller is told at once.
        return RetryHint.OK if answer.headers.get("x-api-credits-remaining") == "0" else RetryHint.rate_limited()
    return RetryHint.RETRY if row_of(item.code).family is Reason.UNAVAILABLE else by_status(answer)


def _no_file(answer: Response, route: str) -> CrmBridgeError:
    return RequestRefusedError(
        _("Zoho has no file for {route}").format(route=route), reason="not_found", http_status=answer.status
    )
