"""The working parts of a Transport: policy, breaker, budget and session around single attempts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from crm_bridge.clock import Clock
from crm_bridge.errors import (
    AnswerLostError,
    CrmBridgeError,
    CrmError,
    ForbiddenAddressError,
    MalformedAnswerError,
    NotSentError,
    RequestRefusedError,
)
from crm_bridge.i18n import _
from crm_bridge.transport.budget import Budget, Permit
from crm_bridge.transport.calls import Call, CallRecord, Response, RetryHint, Timeouts, by_status
from crm_bridge.transport.circuit import Breaker, RetryQuota
from crm_bridge.transport.network import Network
from crm_bridge.transport.origins import AllowList, host_of
from crm_bridge.transport.parsing.strict_json import is_json_type
from crm_bridge.transport.retrying import Attempted, RetryLoop, WaitBudget, is_transient, too_many
from crm_bridge.transport.waiting import retry_after_seconds
from crm_bridge.transport.wire.connections import pools
from crm_bridge.transport.wire.exchange import AttemptSender
from crm_bridge.transport.wire.session import CrmSession

Judge = Callable[[Response], RetryHint]
Renew = Callable[[], Call]
Refused = Callable[[Response], CrmBridgeError]

_LONGEST_REFUSAL = 64 * 1024
_FAULTS_WORTH_REPEATING = frozenset(
    {"dns", "connect", "connect_timeout", "connection_lost", "timeout", "deadline", "short_body", "encoding"}
    | {"proxy", "proxy_silent", "proxy_failed"}
)


class Sender:
    """The working parts of a Transport; see there for the promises."""

    def __init__(
        self,
        *,
        allowed: AllowList,
        clock: Clock,
        randomness: random.Random,
        budget: Budget,
        network: Network,
        timeouts: Timeouts,
        listener: Callable[[CallRecord], None] | None,
        request_id_header: str,
    ) -> None:
        """Prepare the session; connections are opened when the first call needs one."""
        self._budget = budget
        self._allowed = allowed
        self._clock = clock
        self._randomness = randomness
        self._session = CrmSession(
            check=allowed.check,
            context=network.context(),
            pools=pools(network, clock.monotonic),
            pool_size=budget.ceiling,
        )
        self._exchange = AttemptSender(
            session=self._session,
            budget=budget,
            clock=clock,
            randomness=randomness,
            timeouts=timeouts,
            listener=listener,
            request_id_header=request_id_header,
        )
        self._breakers = {host_of(origin): Breaker(clock) for origin in self._allowed.origins}
        self._quotas = {host_of(origin): RetryQuota() for origin in self._allowed.origins}
        self._waits = WaitBudget()

    def send(self, call: Call, judge: Judge | None, renew: Renew | None) -> Response:
        """Run the policy around complete answers."""

        def once(call: Call, number: int) -> Attempted:
            outcome, permit = self._exchange.whole(call, number)
            return self._judged(call, outcome, permit, judge)

        attempted = self._run(call, once, renew)
        if attempted.answer is None:
            raise AnswerLostError(_("there is no answer to {route}").format(route=call.route))
        return attempted.answer

    def download(
        self, call: Call, max_bytes: int, judge: Judge | None, renew: Renew | None, refused: Refused | None
    ) -> Iterator[bytes]:
        """Run the policy up to the headers, then hand out the body."""

        def once(call: Call, number: int) -> Attempted:
            return self._opened(call, number, max_bytes, judge)

        attempted = self._run(call, once, renew)
        if attempted.running is None:
            yield from _complete(call, attempted, refused)
            return
        with attempted.running as running:
            yield from running.chunks(max_bytes)
            error = running.error() if running.failure else None
        if error is not None:
            raise error

    def counts(self) -> Mapping[str, int]:
        """Return how many attempts were made, by route."""
        return self._exchange.counts()

    @property
    def skew(self) -> float | None:
        """Return the CRM's clock minus ours in seconds."""
        return self._exchange.skew

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def _run(self, call: Call, once: Callable[[Call, int], Attempted], renew: Renew | None) -> Attempted:
        self._allowed.check(call.url)
        host = host_of(call.url)
        course = RetryLoop(
            call,
            quota=self._quotas[host],
            waits=self._waits,
            randomness=self._randomness,
            renews=renew is not None,
        )
        current = call

        def attempt(number: int) -> Attempted:
            nonlocal current
            if course.wants_new_token and renew is not None:
                current = renew()
                self._allowed.check(current.url)
            self._check_breaker(call, host)
            return once(current, number)

        attempted = course.run(attempt, self._clock.sleep)
        if attempted.error is not None:
            raise attempted.error
        if attempted.retry_because == "limited" and course.policy.limited:
            raise too_many(call, attempted)
        return attempted

    def _check_breaker(self, call: Call, host: str) -> None:
        if left := self._breakers[host].seconds_left():
            raise NotSentError(
                _("{host} failed five times in a row; nothing was sent ({route})").format(host=host, route=call.route),
                reason="circuit_open",
                hint=_("wait half a minute, then resume"),
                retry_after=round(left, 1),
            )

    def _opened(self, call: Call, number: int, max_bytes: int, judge: Judge | None) -> Attempted:
        """Start a download; small and failed answers are read and judged here, a stream stays open."""
        running = self._exchange.start(call, number)
        plain = running.failure is None and running.status is not None and 200 <= running.status < 300
        as_json = judge is not None and _may_be_refusal(running.headers)
        if plain and not as_json:
            self._note(call, running.status)
            return Attempted(running=running)
        with running:
            outcome = running.complete(max_bytes)
        return self._judged(call, outcome, running.permit, judge)

    def _judged(self, call: Call, outcome: Response | CrmError, permit: Permit, judge: Judge | None) -> Attempted:
        """Turn an outcome into "done", "again because" or an error, and tell breaker and budget about it."""
        if isinstance(outcome, CrmError):
            return self._failed(call, outcome)
        self._note(call, outcome.status)
        try:
            verdict = judge(outcome) if judge else RetryHint.OK
        except MalformedAnswerError as malformed:
            return Attempted(
                error=_doubtful(call, outcome, malformed), retry_because="malformed" if is_transient(malformed) else ""
            )
        if verdict.kind == "ok":
            verdict = by_status(outcome)
        wait = verdict.retry_after if verdict.retry_after is not None else retry_after_seconds(outcome.headers)
        if verdict.kind == "rate_limited":
            self._budget.slow_down(permit)
            return Attempted(answer=outcome, retry_because="limited", retry_after=wait)
        if verdict.kind == "ok" and outcome.status < 400:
            self._quotas[host_of(call.url)].earn()
            self._budget.went_well()
        again = {"ok": "", "retry": "fault", "refresh": "refresh"}[verdict.kind]
        return Attempted(answer=outcome, retry_because=again, retry_after=wait if again == "fault" else None)

    def _failed(self, call: Call, error: CrmError) -> Attempted:
        if error.reason == "redirect" and not call.purpose.changes_the_crm:
            error = ForbiddenAddressError(
                error.message, reason="redirect", hint=error.hint, http_status=error.http_status
            )
        if error.reason in _FAULTS_WORTH_REPEATING:
            self._breakers[host_of(call.url)].failed()
            return Attempted(error=error, retry_because="fault")
        return Attempted(error=error)

    def _note(self, call: Call, status: int | None) -> None:
        breaker = self._breakers[host_of(call.url)]
        if status is not None and status >= 500:
            breaker.failed()
        else:
            breaker.succeeded()


def _may_be_refusal(headers: Mapping[str, str]) -> bool:
    """Return whether a good answer may be a refusal in JSON: some gateways call their JSON text."""
    kind, size = headers.get("content-type", ""), headers.get("content-length", "")
    return is_json_type(kind) or (kind.startswith("text/") and size.isdigit() and int(size) <= _LONGEST_REFUSAL)


def _complete(call: Call, attempted: Attempted, refused: Refused | None) -> Iterator[bytes]:
    answer = attempted.answer
    # A 200 that the judge sent back to be tried again is a refusal, however often it came: never the file.
    if answer is not None and answer.ok and not attempted.retry_because:
        yield answer.body
        return
    if answer is not None and refused is not None:
        raise refused(answer)
    raise RequestRefusedError(
        _("the CRM refused the download ({route})").format(route=call.route),
        http_status=answer.status if answer else None,
    )


def _doubtful(call: Call, answer: Response, malformed: MalformedAnswerError) -> CrmError:
    """Return the error for an answer the adapter could not read; after a destructive call it is an answer lost."""
    kind: type[CrmError] = AnswerLostError if call.purpose.changes_the_crm else MalformedAnswerError
    return kind(malformed.message, reason=malformed.reason, hint=malformed.hint, http_status=answer.status)
