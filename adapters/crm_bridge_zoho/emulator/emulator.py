"""Zoho CRM as a function of a request: sign-in, gate, endpoint, ledger."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from crm_bridge.clock import Clock
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.i18n import _
from crm_bridge.sandbox.elsewhere import Elsewhere
from crm_bridge.spi.adapter import Profile
from crm_bridge.spi.emulator import Effect, LedgerEntry, LoadedContract, WireRequest, WireResponse
from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.control import controls
from crm_bridge_zoho.emulator.control.lagging import reads_lag
from crm_bridge_zoho.emulator.endpoints import router
from crm_bridge_zoho.emulator.gate import Flight, Meter, authenticate, check_faults, check_scopes, too_many, weight
from crm_bridge_zoho.emulator.ledger import Ledger
from crm_bridge_zoho.emulator.oauth import Access, Accounts
from crm_bridge_zoho.emulator.routing import Match
from crm_bridge_zoho.emulator.seed.adopting import adopt
from crm_bridge_zoho.emulator.seed.loading import load_contracts
from crm_bridge_zoho.emulator.seed.seed import fresh_org
from crm_bridge_zoho.emulator.seed.seed_people import OTHER_ZGID
from crm_bridge_zoho.emulator.switches import Switches

_log = logging.getLogger(__name__)
DEFAULT_MODULE = "Contracts"
_RESEEDING = frozenset({"plain_module", "second_contract_module"})
_STARTING_CREDITS_SHOWN = 0.5
_RECORDED = (
    ("Content-Disposition", "attachment;filename=response.json"),
    ("clientVersion", "2.2.0"),
    ("clientsubVersion", "1"),
)
"""Headers that every JSON answer of the API was recorded with."""


class ShiftedClock:
    """Somebody's clock, moved forward for this emulator alone."""

    def __init__(self, clock: Clock) -> None:
        """Start without a shift."""
        self._clock = clock
        self.shift = timedelta()

    def now(self) -> datetime:
        """Return the shifted wall time."""
        return self._clock.now() + self.shift

    def monotonic(self) -> float:
        """Return the shifted monotonic time."""
        return self._clock.monotonic() + self.shift.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Wait on the clock beneath."""
        self._clock.sleep(seconds)


class ZohoEmulator:
    """One Zoho org with its accounts server; `base_url` serves as both, and as `api_domain`.

    `count` contracts are seeded (250,000 work); `plain=True` leaves out whatever needs calls per record.
    """

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        seed: int = 7,
        count: int = 1200,
        module: str = DEFAULT_MODULE,
        plain: bool = False,
    ) -> None:
        """Seed the org; the same arguments give the same org."""
        self.base_url = base_url.rstrip("/")
        self.switches = Switches(plain_module=plain)
        self.clock = self._given_clock = clock
        self._clock = ShiftedClock(clock)
        self._seed, self._count, self._module = seed, count, module
        self._lock = threading.RLock()
        self._router = router()
        self._ledger = Ledger()
        self._flight = Flight(self.switches)
        self._meter = Meter(self._clock, self.switches)
        self._loaded: tuple[Sequence[LoadedContract], Sequence[str]] | None = None
        self.accounts = Accounts(self.base_url, self._clock, self.switches, seed)
        self.org = self._fresh()
        self._elsewhere = Elsewhere(self._twin, self.accounts.expire, {"/oauth/v2/token"})

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request as Zoho would. Thread-safe; bad input never raises."""
        with self._lock:
            twin = self._elsewhere.takes(request)
        if twin is not None:
            return twin.handle(request)
        effects: list[Effect] = []
        units, heavy = weight(request)
        try:
            with self._flight.enter(units, heavy=heavy), self._lock:
                response = self._answer(request, effects)
        except ApiError as refused:
            response = self._refusal(refused)
        with self._lock:
            response = self._finish(request, response)
            self._ledger.write(self._clock.now().isoformat(timespec="seconds"), request, response, effects)
        return response

    def ledger(self) -> Sequence[LedgerEntry]:
        """Return every request and its effects since the start, oldest first."""
        with self._lock:
            return tuple(self._ledger.entries)

    def ready(self) -> Mapping[str, str]:
        """Return what any client needs to sign in here."""
        accounts = self.accounts
        return {
            "base_url": self.base_url,
            "client_id": accounts.client_id,
            "client_secret": accounts.client_secret,
            "refresh_token": accounts.refresh_token,
            "module": self._module,
        }

    def connection(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the settings and the secrets of a crm_bridge connection to this emulator."""
        ready = self.ready()
        settings = {"adapter": "zoho", "accounts_url": self.base_url, "api_url": self.base_url}
        if self._module != DEFAULT_MODULE:
            settings["module"] = self._module
        return settings, {name: ready[name] for name in ("client_id", "client_secret", "refresh_token")}

    def load(self, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> Sequence[str]:
        """Replace the seeded contracts by those of an export; return what was taken differently, in words."""
        with self._lock:
            self._loaded = (contracts, extra_columns)
            return load_contracts(self.org, contracts, extra_columns)

    def control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Act as somebody else at the CRM, or move its switches; `{"error": ...}` says what was wrong."""
        with self._lock:
            try:
                return self._control(command, arguments)
            except controls.ControlError as wrong:
                return {"error": str(wrong)}

    def adopt(self, profile: Profile, snapshots: Sequence[Snapshot]) -> Sequence[str]:
        """Take over the fields of a live module, and the people and records that snapshots of it name."""
        with self._lock:
            refused = adopt(self.org, profile, snapshots)
            self._module = self.org.contract_module
            return refused

    def _twin(self) -> ZohoEmulator:
        """Make another org with the same records and people, which takes the same credentials."""
        made = ZohoEmulator(
            self.base_url,
            clock=self._given_clock,
            seed=self._seed,
            count=self._count,
            module=self._module,
            plain=self.switches.plain_module,
        )
        made.accounts, made.org.zgid = self.accounts, OTHER_ZGID
        return made

    def _control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        told = self._elsewhere.control(command, arguments)
        if told is not None:
            return told
        if command == "switch":
            return self._switch(str(arguments.get("name", "")), arguments.get("value"))
        if command == "advance":
            answer, shift = controls.advance(self.org, self._given_clock, arguments)
            self._clock.shift += shift
            return answer
        done = controls.session_command(self.accounts, self._meter, command, arguments)
        if done is not None:
            return done
        if command not in controls.COMMANDS:
            raise controls.ControlError(_("there is no command {name}").format(name=command))
        return controls.COMMANDS[command](self.org, arguments)

    def _switch(self, name: str, value: Any) -> Mapping[str, Any]:
        if not self.switches.turn(name, value):
            raise controls.ControlError(_("there is no switch {name} with that value").format(name=name))
        if name in _RESEEDING:
            self.org = self._fresh()
            if self._loaded:
                load_contracts(self.org, *self._loaded)
        return {"name": name, "value": getattr(self.switches, name)}

    def _fresh(self) -> Any:
        return fresh_org(self._clock, self.switches, seed=self._seed, count=self._count, module=self._module)

    def _answer(self, request: WireRequest, effects: list[Effect]) -> WireResponse:
        self.org.run_due()
        effects += self.org.late_effects
        self.org.late_effects.clear()
        signing_in = self.accounts.handle(request)
        if signing_in is not None:
            return signing_in
        match = self._router.match(request.method, request.path)
        access = authenticate(self.accounts, request)
        check_faults(self.switches)
        if self._meter.remaining() <= 0:
            raise too_many(self.switches)
        call = self._call(request, match, access, effects)
        try:
            with reads_lag(self.org, request):
                response = match.route.endpoint(call)
            reset = ("X-ACCESSTOKEN-RESET", self.org.stamp(int(access.expires)))
            return _with(response, reset) if _is_json(response) else response
        except ApiError:
            raise
        except Exception:  # noqa: BLE001 - the seam promises that bad input never raises; a slip here is a 500
            _log.exception("the emulator failed on %s %s", request.method, request.path)
            raise ApiError("INTERNAL_ERROR", "Internal Server Error", status=500) from None
        finally:
            self._meter.spend(call.credits)

    def _call(self, request: WireRequest, match: Match, access: Access, effects: list[Effect]) -> Call:
        module = self.org.module(match.path.get("module", self.org.contract_module))
        check_scopes(access.grant.scopes, match.route.scopes, module)

        def dispatch(inner: WireRequest) -> WireResponse:
            try:
                found = self._router.match(inner.method, inner.path)
                part = self._call(inner, found, access, effects)
                return found.route.endpoint(part)
            except ApiError as refused:
                return refused.answer()

        return Call(self.org, request, match.path, match.version, access.grant.scopes, dispatch, effects)

    def _refusal(self, refused: ApiError) -> WireResponse:
        response = refused.answer()
        if refused.status == 429 and self.switches.retry_after:
            return _with(response, ("Retry-After", str(self.switches.retry_after)))
        return response

    def _finish(self, request: WireRequest, response: WireResponse) -> WireResponse:
        if (
            request.path.startswith("/crm/")
            and self._meter.used() >= self.switches.credits_limit * _STARTING_CREDITS_SHOWN
        ):
            response = _with(response, ("X-API-CREDITS-REMAINING", str(self._meter.remaining())))
        moment = self._clock.now() + timedelta(seconds=self.org.skew)
        response = _with(response, ("Date", format_datetime(moment.astimezone(UTC), usegmt=True)))
        if request.path.startswith("/crm/") and _is_json(response):
            response = _with(response, *_RECORDED)
        accepts = request.headers.get("accept-encoding", "")
        if self.switches.gzip and response.body and "gzip" in accepts:
            response = _with(
                replace(response, body=gzip.compress(response.body, mtime=0)), ("Content-Encoding", "gzip")
            )
        return response


def _is_json(response: WireResponse) -> bool:
    return dict(response.headers).get("Content-Type", "").startswith("application/json")


def _with(response: WireResponse, *headers: tuple[str, str]) -> WireResponse:
    return replace(response, headers=(*response.headers, *headers))
