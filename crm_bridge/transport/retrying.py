"""The retry policies by name, and the one place where a call is repeated."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from crm_bridge.errors import CrmBridgeError, MalformedAnswerError, NotSentError, RateLimitedError
from crm_bridge.i18n import _
from crm_bridge.transport.calls import Call, Purpose, Response
from crm_bridge.transport.circuit import RetryQuota
from crm_bridge.transport.waiting import LONGEST_RUN_OF_WAITS, LONGEST_WAIT, backoff
from crm_bridge.transport.wire.call_log import log_again
from crm_bridge.transport.wire.exchange import RunningAttempt


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a call may be repeated after what: faults (also after sending), malformed, rate limits, new token."""

    faults: int = 0
    only_if_not_sent: bool = False
    malformed: int = 0
    limited: int = 0
    refresh: int = 0


SAFE_READ = Policy(faults=2, malformed=1, limited=5, refresh=1)
TOKEN_REQUEST = Policy(faults=1, only_if_not_sent=True)
ONCE = Policy()

POLICIES = {
    Purpose.READ: SAFE_READ,
    Purpose.DOWNLOAD: SAFE_READ,
    Purpose.TOKEN: TOKEN_REQUEST,
    Purpose.DESTROY: ONCE,
    Purpose.CREATE: ONCE,
}


@dataclass(slots=True)
class Attempted:
    """Result of one attempt. `retry_because` is empty or why to repeat: fault, malformed, limited, refresh."""

    answer: Response | None = None
    error: CrmBridgeError | None = None
    retry_because: str = ""
    retry_after: float | None = None
    running: RunningAttempt | None = None


class WaitBudget:
    """The seconds one run has waited for a CRM that wanted fewer calls; capped at ten minutes."""

    def __init__(self) -> None:
        """Start at zero."""
        self._spent = 0.0
        self._lock = threading.Lock()

    def spend(self, seconds: float) -> bool:
        """Take note of a wait; False if it would pass the cap."""
        with self._lock:
            if self._spent + seconds > LONGEST_RUN_OF_WAITS:
                return False
            self._spent += seconds
            return True


class RetryLoop:
    """Retry state of one call under its policy."""

    def __init__(
        self, call: Call, *, quota: RetryQuota, waits: WaitBudget, randomness: random.Random, renews: bool
    ) -> None:
        """`renews` says whether the caller can make a new token."""
        self._call = call
        self.policy = POLICIES[call.purpose]
        self.wants_new_token = False
        self._quota = quota
        self._waits = waits
        self._randomness = randomness
        self._renews = renews
        self._used = {"fault": 0, "malformed": 0, "limited": 0, "refresh": 0}
        self._pause = 0.0

    def run(self, once: Callable[[int], Attempted], sleep: Callable[[float], None]) -> Attempted:
        """Call `once` with the attempt's number until the policy says stop; return the last result."""
        number = 1
        while self._again(attempted := once(number)):
            sleep(self._pause)
            number += 1
        return attempted

    def _again(self, attempted: Attempted) -> bool:
        again = self._decide(attempted)
        if again:
            log_again(self._call, attempted.retry_because, self._pause)
        return again

    def _decide(self, attempted: Attempted) -> bool:
        """Return whether to try again, and note the pause before the next attempt."""
        why = attempted.retry_because
        if not why or self._used[why] >= self._allowed(why, attempted):
            return False
        self._used[why] += 1
        self._pause = self._pause_for(why, attempted)
        self.wants_new_token = why == "refresh"
        if why == "refresh":
            return True
        return self._waits.spend(self._pause) and self._quota.pay()

    def _allowed(self, why: str, attempted: Attempted) -> int:
        if why == "refresh":
            return self.policy.refresh if self._renews else 0
        if why == "fault" and self.policy.only_if_not_sent and not isinstance(attempted.error, NotSentError):
            return 0
        return {"fault": self.policy.faults, "malformed": self.policy.malformed, "limited": self.policy.limited}[why]

    def _pause_for(self, why: str, attempted: Attempted) -> float:
        if why == "refresh":
            return 0.0
        if attempted.retry_after is not None:
            return min(LONGEST_WAIT, attempted.retry_after)
        first = 2.0 if why == "limited" else 0.5
        return backoff(self._used[why], first=first, randomness=self._randomness)


def too_many(call: Call, attempted: Attempted) -> RateLimitedError:
    """Return the error for a read that was refused for its pace until the waiting was over."""
    return RateLimitedError(
        _("the CRM still refuses {route}: too many requests").format(route=call.route),
        reason="rate_limited",
        hint=_("run the same command again later; a run that has begun goes on with `crm-bridge resume`"),
        http_status=attempted.answer.status if attempted.answer else None,
        retry_after=attempted.retry_after,
    )


def is_transient(error: MalformedAnswerError) -> bool:
    """Return False for answers that look hostile: oversized or nested too deeply."""
    return error.reason not in ("oversize", "depth")
