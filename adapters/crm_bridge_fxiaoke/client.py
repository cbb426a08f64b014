"""Calls to the gateway: signed, traced, judged by errorCode; one method per purpose."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import timedelta

from crm_bridge.credentials import AccessToken, Identity
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import (
    CrmBridgeError,
    CrmError,
    MalformedAnswerError,
    NotSentError,
    RateLimitedError,
    RequestRefusedError,
)
from crm_bridge.i18n import _
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.transport import Call, Purpose, Response, RetryHint, Transport, UploadBody, UploadPart
from crm_bridge_fxiaoke.auth import TENANT, Auth
from crm_bridge_fxiaoke.errors import VENDOR, Judge, envelope_of, lost, no_file
from crm_bridge_fxiaoke.settings import FxiaokeSettings
from crm_bridge_fxiaoke.wire import Envelope, read_envelope

_REPEATABLE = frozenset({Reason.BUSY, Reason.SYSTEM_ERROR, Reason.SERVICE})
_ROWS = {"query": (("data", "dataList"),), "get": (("data",),)}
"""Where the answers to a verb have their rows, or their one row."""
_BIGGEST_ANSWER = 32 * 1024 * 1024


class Client:
    """One connection to one tenant, in the name of one acting user."""

    def __init__(
        self,
        *,
        transport: Transport,
        settings: FxiaokeSettings,
        context: AdapterContext,
        who: Callable[[Client], str],
    ) -> None:
        """Nothing is sent before the first call; `user` is set once the acting user is known.

        `who` asks for the id of the acting user, with the token that is in use.
        """
        self.settings = settings
        self.clock = context.clock
        self.judge = Judge(settings.assumptions, context.clock)
        self.user = ""
        self._who = who
        self._transport = transport
        self._randomness = context.randomness
        self.auth = Auth(
            connection=context.connection,
            style=settings.auth,
            address=settings.address,
            secrets=context.secrets,
            clock=context.clock,
            folder=context.state_dir / "tokens",
            post=self._post_token,
            identify=self._identify,
        )

    def read(self, path: str, data: object = None, **top: object) -> Envelope:
        """Make a call that changes nothing; raises for every refusal."""
        return self._accepted(self.ask(path, data, **top))

    def ask(self, path: str, data: object = None, **top: object) -> Envelope:
        """Make a call that changes nothing and return the envelope, refusal or not."""
        token = self.auth.token()

        def renew() -> Call:
            return self._call(path, Purpose.READ, self.auth.token(refused=token), data, top)

        first, limited = self._call(path, Purpose.READ, token, data, top), list[Envelope]()

        def judge(answer: Response) -> RetryHint:
            verdict = self._judge(answer)
            limited[:] = [read_envelope(answer)] if verdict.kind == "rate_limited" else []
            return verdict

        try:
            return envelope_of(self._transport.send(first, judge=judge, renew=renew), path)
        except RateLimitedError:
            if limited:  # the last answer has code and trace id
                raise self.judge.error(limited[0]) from None
            raise

    def ready(self) -> None:
        """Have a token at hand."""
        self.auth.token()

    def bare(self, *, traced: bool) -> Client:
        """Return a client that states no conversion and no acting user, with a trace id or without."""
        change = {"id_conversion": "vendor_default", "send_trace_id": traced}
        made = copy(self)
        made.settings = self.settings.model_copy(
            update={"assumptions": self.settings.assumptions.model_copy(update=change)}
        )
        made.user = ""
        return made

    @property
    def ahead(self) -> timedelta:
        """Return how far the CRM's clock is ahead of ours, by the Date of its last answer; negative where behind."""
        return self._transport.clock_ahead

    def room(self, path: str, calls: int) -> int:
        """Wait until the window of this path lets a call in; return how many of `calls` fit soon after it."""
        return self._transport.room(path, calls)

    def change(
        self,
        path: str,
        data: object,
        *,
        creates: bool = False,
        guard: Callable[[], None] | None = None,
        top: Mapping[str, object] | None = None,
    ) -> Envelope:
        """Send a change exactly once and return its envelope; raises NotSentError or AnswerLostError."""
        try:
            token = self.auth.token()
        except CrmBridgeError as problem:
            raise NotSentError.because_of(problem) from None
        call = self._call(path, Purpose.CREATE if creates else Purpose.DESTROY, token, data, top or {})
        call = replace(call, guard=guard)
        try:
            envelope = envelope_of(self._transport.send(call, judge=self._judge), path)
        except CrmError as doubtful:
            raise lost(path, doubtful) from None
        if self.judge.reason(envelope) is Reason.SIGNED_OUT:
            # Refused before execution. Not sent again here: a second sending needs an intent of its own.
            self.auth.refused(token)
        return envelope

    def download(self, path: str, body: Mapping[str, object], *, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes of a file; an answer of type JSON is a refusal and raises."""
        token = self.auth.token()

        def build(current: AccessToken) -> Call:
            headers, carried = self.auth.signed(current, self.user)
            return self._plain(path, Purpose.DOWNLOAD, headers, {**carried, **body})

        yield from self._bytes(build(token), max_bytes, renew=lambda: build(self.auth.token(refused=token)))

    def fetch_signed(self, url: str, *, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes behind an address that the gateway signed, without credentials; it must be a known host."""
        yield from self._bytes(Call("GET", url, "download", Purpose.DOWNLOAD, endpoint="download"), max_bytes)

    def _bytes(self, call: Call, max_bytes: int, renew: Callable[[], Call] | None = None) -> Iterator[bytes]:
        refusals: list[tuple[bytes, CrmBridgeError]] = []

        def judge(answer: Response) -> RetryHint:
            refusal = self._refusal_in(answer)
            if refusal is None:
                return RetryHint.OK
            refusals.append((answer.body, refusal))
            return RetryHint.OK if refusal.reason == "download" else self._judge(answer)

        for piece in self._transport.download(call, max_bytes=max_bytes, judge=judge, renew=renew, refused=no_file):
            # A refusal has status 200 too, so the transport hands it out as if it were the file.
            if refusals and piece is refusals[-1][0]:
                raise refusals[-1][1]
            yield piece

    def _refusal_in(self, answer: Response) -> CrmBridgeError | None:
        """Return the refusal that a JSON answer to a download is; None for a file that happens to be JSON."""
        try:
            told = answer.json()
            if isinstance(told, dict) and told.get("success") is False:
                return RequestRefusedError(_("the file store refused the download"), reason="download", vendor=VENDOR)
            envelope = read_envelope(answer)
        except MalformedAnswerError:
            return None
        return self.judge.error(envelope) if envelope.code != 0 else None

    def upload(self, path: str, form: Mapping[str, str], files: Sequence[UploadPart]) -> Envelope:
        """Send a file once, as a form; old style only, where the token travels as a form field."""
        token = self.auth.token()
        headers, carried = self.auth.signed(token, "")
        call = Call(
            "POST",
            self.settings.address + path,
            path,
            Purpose.CREATE,
            params=self._trace(),
            headers=headers,
            form={**{key: str(value) for key, value in carried.items()}, **form},
            files=files,
            endpoint=path,
        )
        return envelope_of(self._transport.send(call, judge=self._judge), path)

    def put_signed(
        self, url: str, headers: Mapping[str, str], content: UploadBody, *, content_type: str, link: str
    ) -> Mapping[str, object]:
        """Send a file once to an address that the gateway signed, without credentials; it must be a known host."""
        call = Call(
            "POST",
            url,
            "upload",
            Purpose.CREATE,
            params={"traceId": str(self._uuid()), "linkId": link},
            headers=headers,
            body=content,
            content_type=content_type,
            endpoint="upload",
        )
        told = self._transport.send(call).json()
        return told if isinstance(told, dict) else {}

    def _identify(self) -> Identity:
        user = self._who(self)  # first: asking may renew the token
        return Identity(self.tenant(), user)

    def tenant(self) -> str:
        """Return the tenant that the token opens: corpId of the older style, ea of the newer one."""
        return self.auth.token().extra[TENANT]

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _accepted(self, envelope: Envelope) -> Envelope:
        if envelope.code != 0:
            raise self.judge.error(envelope)
        return envelope

    def _post_token(self, path: str, body: Mapping[str, object]) -> Envelope:
        envelope = envelope_of(self._transport.send(self._plain(path, Purpose.TOKEN, {}, body)), path)
        if envelope.code != 0:
            raise self.judge.error(envelope, token_call=True)
        return envelope

    def _judge(self, answer: Response) -> RetryHint:
        """Return whether repeating can help: the HTTP status is always 200, so only errorCode tells."""
        if answer.status >= 400:
            return RetryHint.OK  # the transport judges by status; the body of a proxy is no envelope
        envelope = read_envelope(answer)
        reason = self.judge.reason(envelope)
        if reason is Reason.SIGNED_OUT:
            return RetryHint.REFRESH
        if reason is Reason.RATE_LIMITED:
            return RetryHint.rate_limited(self.judge.wait(envelope.code))
        return RetryHint.RETRY if reason in _REPEATABLE else RetryHint.OK

    def _call(self, path: str, purpose: Purpose, token: AccessToken, data: object, top: Mapping[str, object]) -> Call:
        headers, carried = self.auth.signed(token, self.user)
        body: dict[str, object] = {**carried, **self._conversion(path), **top}
        if data is not None:
            body["data"] = data
        return self._plain(path, purpose, headers, body)

    def _plain(self, path: str, purpose: Purpose, headers: Mapping[str, str], body: Mapping[str, object]) -> Call:
        return Call(
            "POST",
            self.settings.address + path,
            path,
            purpose,
            params=self._trace(),
            headers=headers,
            json=dict(body),
            endpoint=path,
            max_bytes=_BIGGEST_ANSWER if path.endswith("/query") else None,
            rows=_ROWS.get(path.rpartition("/")[2], ()),
        )

    def _trace(self) -> Mapping[str, str]:
        if not self.settings.assumptions.send_trace_id:
            return {}
        return {"thirdTraceId": str(self._uuid())}

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._randomness.getrandbits(128), version=4)

    def _conversion(self, path: str) -> Mapping[str, object]:
        """Return how persons and files are written: persons as the style does, files by npath, which can be kept."""
        if self.settings.assumptions.id_conversion != "stated" or "/data/" not in path:
            return {}
        return {"convertUserId": self.settings.auth == "corp_token", "convertMediaId": False}
