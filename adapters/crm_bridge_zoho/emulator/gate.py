"""What stands between a request and an endpoint: tokens, scopes, credits, concurrency, faults."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from crm_bridge.clock import Clock
from crm_bridge.spi.emulator import WireRequest
from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.oauth import Access, Accounts
from crm_bridge_zoho.emulator.scopes import satisfied
from crm_bridge_zoho.emulator.state.org import DAY
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.switches import Switches

COMPOSITE_UNITS = 5
MANY_RECORDS = 10
_MESSAGES = {
    "TOO_MANY_REQUESTS": "too many requests. please try again after some time",
    "RATE_LIMIT_EXCEEDED": "API rate limit exceeded. Please retry after some time",
    "REQUEST_LIMIT_EXCEEDED": "request limit exceeded. please try again after some time",
}


class Meter:
    """Credits of the last 24 hours."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        """Start with nothing used."""
        self._clock = clock
        self._switches = switches
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = 0

    def used(self) -> int:
        """Return the credits used in the last 24 hours."""
        since = self._clock.now().timestamp() - DAY
        while self._spent and self._spent[0][0] <= since:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    def remaining(self) -> int:
        """Return what is left."""
        return max(0, self._switches.credits_limit - self.used())

    def spend(self, cost: int) -> None:
        """Take credits."""
        self._spent.append((self._clock.now().timestamp(), cost))
        self._sum += cost

    def leave(self, remaining: int) -> None:
        """Pretend that only so many credits are left."""
        self._spent.clear()
        self._sum = 0
        self.spend(max(0, self._switches.credits_limit - remaining))


class Flight:
    """Calls that are being answered at this moment, light and heavy."""

    def __init__(self, switches: Switches) -> None:
        """Start with none."""
        self._switches = switches
        self._lock = threading.Lock()
        self._light = 0
        self._heavy = 0

    @contextmanager
    def enter(self, units: int, *, heavy: bool) -> Iterator[None]:
        """Count one call as so many while it lasts; too many at once are refused."""
        with self._lock:
            self._light += units
            self._heavy += heavy
            busy = self._switches.busy_calls
            limits = self._switches.concurrency_limit, self._switches.heavy_limit
            full = bool(limits[0]) and self._light + busy > limits[0]
            full = full or (heavy and bool(limits[1]) and self._heavy + busy > limits[1])
        try:
            if full:
                raise too_many(self._switches)
            yield
        finally:
            with self._lock:
                self._light -= units
                self._heavy -= heavy


def weight(request: WireRequest) -> tuple[int, bool]:
    """Return as how many calls a request counts, and whether it is heavy."""
    if request.path.endswith("/__composite_requests"):
        return COMPOSITE_UNITS, True
    if request.path.endswith("/coql"):
        return 1, True
    if request.method == "GET":
        return 1, "cvid=" in request.query or "sort_by=" in request.query
    # Only writes of more than ten records are heavy; a smaller body cannot hold that many.
    writes = request.method in {"POST", "PUT"} and len(request.body) > MANY_RECORDS * len('{"id":""},')
    return 1, writes and request.body.startswith(b'{"data"') and _records(request.body) > MANY_RECORDS


def _records(body: bytes) -> int:
    try:
        rows = json.loads(body)["data"]
    except (ValueError, KeyError):
        return 0
    return len(rows) if isinstance(rows, list) else 0


def too_many(switches: Switches) -> ApiError:
    """Refuse with 429 in the spelling that is switched on."""
    code = switches.throttle_code
    return ApiError(code, _MESSAGES.get(code, _MESSAGES["TOO_MANY_REQUESTS"]), status=429)


def authenticate(accounts: Accounts, request: WireRequest) -> Access:
    """Return the access token of a request."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() not in {"zoho-oauthtoken", "bearer"} or not token.strip():
        raise ApiError("AUTHENTICATION_FAILURE", "Authentication failed", status=401)
    access = accounts.access(token.strip())
    if access is None:
        code = "INVALID_OAUTHTOKEN" if token.strip() in accounts.killed else "INVALID_TOKEN"
        raise ApiError(code, "invalid oauth token", status=401)
    return access


def check_scopes(granted: list[str], needs: tuple[str, ...], module: Module | None) -> None:
    """Refuse when a scope is missing."""
    if not all(satisfied(granted, need, module) for need in needs):
        raise ApiError("OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL", status=401)


def check_faults(switches: Switches) -> None:
    """Answer with the faults that were ordered for the next calls."""
    if switches.throttle_next > 0:
        switches.throttle_next -= 1
        raise too_many(switches)
    if switches.fail_next > 0:
        switches.fail_next -= 1
        raise ApiError("INTERNAL_ERROR", "Internal Server Error", status=500)
