"""One attempt: a permit, one request, the answer read under byte and time limits, one record."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPException
from uuid import UUID

import requests
from urllib3.exceptions import HTTPError

from crm_bridge import failpoints
from crm_bridge.clock import Clock
from crm_bridge.errors import CrmError, NotSentError
from crm_bridge.transport.budget import Budget, Permit
from crm_bridge.transport.calls import JSON_LIMIT, Call, CallRecord, Response, Timeouts
from crm_bridge.transport.failures import Failure, failure_of
from crm_bridge.transport.origins import host_of
from crm_bridge.transport.waiting import http_date
from crm_bridge.transport.wire.attempt import Attempt, OversizeError, current
from crm_bridge.transport.wire.call_log import log_call
from crm_bridge.transport.wire.connections import CHUNK
from crm_bridge.transport.wire.request_id import shown_request_id
from crm_bridge.transport.wire.session import CrmSession
from crm_bridge.transport.wire.writing import prepare

# ValueError: what http.client and requests raise for a header or URL that cannot be written.
NETWORK_ERRORS = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)


class AttemptSender:
    """Sends single attempts for one connection and keeps count of them."""

    def __init__(
        self,
        *,
        session: CrmSession,
        budget: Budget,
        clock: Clock,
        randomness: random.Random,
        timeouts: Timeouts,
        listener: Callable[[CallRecord], None] | None,
        request_id_header: str,
    ) -> None:
        """Every attempt goes through the one session."""
        self.session = session
        self.budget = budget
        self.clock = clock
        self.randomness = randomness
        self.timeouts = timeouts
        self.listener = listener
        self.request_id_header = request_id_header
        self.skew: float | None = None
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def start(self, call: Call, number: int) -> RunningAttempt:
        """Wait for a permit and send; the result must be closed, best as a context manager."""
        with ExitStack() as stack:
            permit = stack.enter_context(
                self.budget.permit(
                    call.endpoint or call.route, weight=call.weight, purpose=call.purpose, clock=self.clock
                )
            )
            with self._lock:
                self._counts[call.route] += 1
            running = RunningAttempt(self, call, number, permit)
            running.send()
            running.stack = stack.pop_all()
        return running

    def note_date(self, headers: Mapping[str, str]) -> None:
        """Take note of how far the CRM's clock is from ours; nothing depends on it, people are told."""
        if found := http_date(headers.get("date", "")):
            self.skew = (found - self.clock.now()).total_seconds()

    def counts(self) -> Mapping[str, int]:
        """Return the attempts by route."""
        with self._lock:
            return dict(self._counts)

    def whole(self, call: Call, number: int) -> tuple[Response | CrmError, Permit]:
        """Send and read the complete answer; a failure is returned as our error, nothing foreign is kept."""
        with self.start(call, number) as running:
            return running.complete(call.max_bytes or JSON_LIMIT), running.permit


class RunningAttempt:
    """An attempt whose answer is being read."""

    def __init__(self, owner: AttemptSender, call: Call, number: int, permit: Permit) -> None:
        """Note the start; `send` does the rest."""
        self.call = call
        self.permit = permit
        self.stack = ExitStack()
        self.response: requests.Response | None = None
        self.failure: Failure | None = None
        self._unsent: NotSentError | None = None
        self._owner = owner
        self._number = number
        self._started = owner.clock.monotonic()
        self._received = 0
        self._attempt = Attempt(
            owner.clock,
            owner.timeouts.read,
            self._started + owner.timeouts.for_purpose(call.purpose),
            guard=call.guard,
            changes_the_crm=call.purpose.changes_the_crm,
        )

    def send(self) -> None:
        """Send the request and wait for the headers."""
        failpoints.hit(f"call.{self.call.purpose.value}.before")
        token = current.set(self._attempt)
        try:
            session = self._owner.session
            request = prepare(self.call, session, boundary=UUID(int=self._owner.randomness.getrandbits(128), version=4))
            self._attempt.prepared = True
            timeouts = self._owner.timeouts
            if self.call.guard is not None:
                self.call.guard()  # what must not be sent opens no connection; asked again when that is open
            self.response = session.send(request, timeout=(timeouts.connect, timeouts.read))
        except NotSentError as unsent:
            self._unsent = unsent
        except NETWORK_ERRORS as error:
            self.failure = failure_of(error, self._attempt)
        finally:
            current.reset(token)
        self._owner.note_date(self.headers)
        if self.response is not None and 300 <= self.response.status_code < 400:
            self.failure = Failure("redirect", not_sent=False)

    @property
    def status(self) -> int | None:
        """Return the HTTP status, once there is one."""
        return None if self.response is None else self.response.status_code

    @property
    def headers(self) -> dict[str, str]:
        """Return the answer's headers, names in lower case."""
        return {} if self.response is None else {name.lower(): value for name, value in self.response.headers.items()}

    def chunks(self, limit: int) -> Iterator[bytes]:
        """Yield the decoded body; stops early and sets `failure` when it is cut, too slow or too large."""
        if self.response is None or self.failure is not None:
            return
        while True:
            chunk = b""
            token = current.set(self._attempt)
            try:
                self._attempt.left()
                chunk = self.response.raw.read1(CHUNK, decode_content=True)
                self._received += len(chunk)
                if self._received > limit:
                    raise OversizeError
            except NETWORK_ERRORS as error:
                self.failure = failure_of(error, self._attempt)
            finally:
                current.reset(token)
            if self.failure is not None or not chunk:
                return
            yield chunk

    def complete(self, limit: int) -> Response | CrmError:
        """Read everything; the answer, or our error for what went wrong."""
        body = b"".join(self.chunks(limit))
        if self.failure is not None or self.status is None:
            return self.error()
        return Response(
            self.status, self.headers, body, relaxed=not self.call.purpose.changes_the_crm, rows=self.call.rows
        )

    def error(self) -> CrmError:
        """Return our error for the failure."""
        if self._unsent is not None:
            return self._unsent
        failure = self.failure or Failure("connection_lost", not_sent=False)
        return failure.error(self.call, host_of(self.call.url), status=self.status, request_id=self.request_id)

    @property
    def request_id(self) -> str:
        """Return the CRM's own id of this request where it sends one and it cannot be a secret of ours."""
        return shown_request_id(self.headers.get(self._owner.request_id_header, ""), self.call)

    def __enter__(self) -> RunningAttempt:
        """Use as a context manager, so that permit and connection go back."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give connection and permit back and write the record."""
        if self.response is not None:
            self.response.close()
        self.stack.close()
        self._record()
        failpoints.hit(f"call.{self.call.purpose.value}.after")

    def _record(self) -> None:
        owner = self._owner
        record = CallRecord(
            at=owner.clock.now(),
            host=host_of(self.call.url),
            method=self.call.method,
            route=self.call.route,
            purpose=self.call.purpose.value,
            attempt=self._number,
            milliseconds=round((owner.clock.monotonic() - self._started) * 1000),
            status=self.status,
            reason=self.failure.reason if self.failure else self._unsent.reason if self._unsent else "",
            request_id=self.request_id,
            received=self._received,
            skew=owner.skew,
        )
        log_call(record)
        if owner.listener:
            owner.listener(record)
