"""The emulator: one request in, one answer out, everything under one lock."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from crm_bridge.clock import Clock
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.sandbox.elsewhere import Elsewhere
from crm_bridge.spi.adapter import Profile
from crm_bridge.spi.emulator import LedgerEntry, LoadedContract, WireRequest, WireResponse
from crm_bridge_fxiaoke.emulator import auth, envelope
from crm_bridge_fxiaoke.emulator.api import files
from crm_bridge_fxiaoke.emulator.call import Call
from crm_bridge_fxiaoke.emulator.control import control, push
from crm_bridge_fxiaoke.emulator.envelope import WireError
from crm_bridge_fxiaoke.emulator.limits import Limits
from crm_bridge_fxiaoke.emulator.routing import ROUTES, Route
from crm_bridge_fxiaoke.emulator.seed import adopting, importer, seed
from crm_bridge_fxiaoke.emulator.state import lifecycle, tenant
from crm_bridge_fxiaoke.emulator.state.state import World
from crm_bridge_fxiaoke.emulator.switches import Switches

TOKEN_PATHS: Mapping[str, Callable[[World, auth.Gate, Call], dict[str, Any]]] = {
    "/cgi/corpAccessToken/get/V2": auth.old_token,
    "/oauth2.0/token": auth.new_token,
    "/cgi/appAccessToken/get": auth.app_token,
}
SAFE_PARAMETERS = frozenset({"thirdTraceId", "traceId", "linkId", "type", "expire"})


class FxiaokeEmulator:
    """A 纷享销客 tenant as a function of a request and its own state; see `Switches` for what is not known."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        seed: int = 7,
        count: int = 1200,
        object_name: str = tenant.SALE_CONTRACT,
        switches: Switches | None = None,
    ) -> None:
        """Seed a tenant with `count` contracts in `object_name`, one of the three contract objects."""
        self.base_url, self.clock = base_url, clock
        self._seed, self._count = seed, count
        self._lock = threading.RLock()
        self._ledger: list[LedgerEntry] = []
        chance = random.Random(f"fxiaoke-{seed}")  # noqa: S311 - a sandbox must be the same on every machine
        self.world = World(clock, switches or Switches(), base_url.rstrip("/"), object_name, chance)
        app = auth.App(f"FSAID_{chance.getrandbits(32):08x}", f"{chance.getrandbits(128):032x}", "")
        app = auth.App(app.app_id, app.app_secret, f"{chance.getrandbits(160):040X}")
        self.gate = auth.Gate(app, auth.Tokens(chance), auth.Tokens(chance))
        self.limits = Limits()
        self._elsewhere = Elsewhere(self._twin, self.gate.expire, set(TOKEN_PATHS))
        self.reseed()

    def reseed(self) -> None:
        """Make the tenant's records anew."""
        seed.fill(self.world, self._seed, self._count)

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request as the gateway would: HTTP 200 and an errorCode, whatever happens."""
        with self._lock:
            twin = self._elsewhere.takes(request)
            if twin is not None:
                return twin.handle(request)
            self.world.effects = []
            lifecycle.expire_bin(self.world)
            response, code = self._answer(request)
            date = ("Date", format_datetime(self.world.now().astimezone(UTC), usegmt=True))
            response = replace(response, headers=(*response.headers, date))
            self._ledger.append(self._line(request, response, code))
            return response

    def _twin(self) -> FxiaokeEmulator:
        """Make another tenant with the same records and people, which takes the same credentials."""
        made = FxiaokeEmulator(
            self.base_url,
            clock=self.world.clock,
            seed=self._seed,
            count=self._count,
            object_name=self.world.main_object,
            switches=self.world.switches,
        )
        made.world.corp_id, made.world.ea = f"{self.world.corp_id[:-1]}0", f"{self.world.ea}2"
        chance = random.Random(f"twin-{self._seed}")  # noqa: S311 - a sandbox must be the same on every machine
        made.gate = auth.Gate(made.gate.app, auth.Tokens(chance), auth.Tokens(chance))
        return made

    def ledger(self) -> Sequence[LedgerEntry]:
        """Return every request and its effects since the start, oldest first."""
        with self._lock:
            return tuple(self._ledger)

    def ready(self) -> Mapping[str, str]:
        """Return what any client needs to sign in."""
        person = self.world.employees[seed.API_USER]
        app = self.gate.app
        return {
            "base_url": self.base_url,
            "app_id": app.app_id,
            "app_secret": app.app_secret,
            "permanent_code": app.permanent_code,
            "operator_mobile": person.mobile,
            "operator_id": person.id,
            "object": self.world.main_object,
        }

    def connection(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the settings and the secrets of a connection to this emulator."""
        known = self.ready()
        settings = {
            "adapter": "fxiaoke",
            "base_url": self.base_url,
            "object": known["object"],
            "auth": "corp_token",
        }
        names = ("app_id", "app_secret", "permanent_code", "operator_mobile", "operator_id")
        return settings, {name: known[name] for name in names}

    def load(self, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> Sequence[str]:
        """Replace the contracts of the main object by those of an export."""
        with self._lock:
            return importer.load(self.world, contracts, extra_columns)

    def control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Act as somebody else at the CRM, or move a switch; a mistake is answered by `error`, never raised."""
        if command == "deliver":
            return self._deliver(arguments)
        with self._lock:
            told = self._elsewhere.control(command, arguments)
            if told is not None:
                return told
            self.world.effects = []
            return control.run(self, command, arguments)

    def _deliver(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            waiting = list(self.world.outbox)
            self.world.outbox.clear()
        try:
            # Not under the lock: a receiver may ask this emulator about the record before it answers.
            return {"delivered": push.deliver(waiting, str(arguments.get("url", "")))}
        except ValueError as wrong:
            with self._lock:
                self.world.outbox[:0] = waiting
            return {"error": str(wrong)}

    def adopt(self, profile: Profile, snapshots: Sequence[Snapshot]) -> Sequence[str]:
        """Take over the fields of a live object, and the people and records that snapshots of it name."""
        with self._lock:
            return adopting.adopt(self.world, profile, snapshots)

    def _line(self, request: WireRequest, response: WireResponse, code: str) -> LedgerEntry:
        query = [
            (name, value if name in SAFE_PARAMETERS else "***")
            for name, value in parse_qsl(request.query, keep_blank_values=True)
        ]
        return LedgerEntry(
            len(self._ledger) + 1,
            self.world.now().isoformat(),
            request.method,
            _collapsed(request.path),
            urlencode(query, safe="*"),
            response.status,
            code,
            tuple(self.world.effects),
        )

    def _answer(self, request: WireRequest) -> tuple[WireResponse, str]:
        path = _collapsed(request.path)
        if path.startswith(files.PRESIGNED):
            return files.fetch_signed(self.world, request), ""
        if path.startswith(files.UPLOADS):
            return files.take_upload(self.world, request), ""
        call = Call(request, path, {}, request.params())
        trace = self._trace(call)
        try:
            call.body = _body(request)
            answer = self._dispatch(call)
            if isinstance(answer, WireResponse):
                return answer, "0"
            route = ROUTES.get(path)
            book = route is None or route.address_book
            return WireResponse.of_json(envelope.success(self._trace(call), answer, address_book=book)), "0"
        except WireError as refused:
            return WireResponse.of_json(self._refusal(call, refused)), str(refused.code)
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError) as crash:
            # The gateway answers a crash over odd JSON with -2; a stand-in must not raise for bad input either.
            error = WireError(-2, "系统错误", type(crash).__name__)
            return WireResponse.of_json(envelope.refusal(trace, error)), "-2"

    def _dispatch(self, call: Call) -> dict[str, Any] | WireResponse:
        if self.world.switches.trace_id_required and not call.params.get("thirdTraceId"):
            raise envelope.missing("thirdTraceId", 10001)
        if call.request.method == "POST" and (token := TOKEN_PATHS.get(call.path)):
            self.limits.count_token(self.world, call)
            self.world.clock.sleep(self.world.switches.renewal_seconds)
            return token(self.world, self.gate, call)
        route = ROUTES.get(call.path) if call.request.method == "POST" else None
        if route is None:
            raise envelope.no_such_path(call.path)
        auth.sign_in(self.world, self.gate, call)
        if route.user:
            call.employee = auth.acting_user(self.world, call)
        self.limits.count(self.world, self.gate, call)
        self._check_admin(route, call)
        return route.handler(self.world, call)

    def _check_admin(self, route: Route, call: Call) -> None:
        if route.admin and not (call.employee and call.employee.admin):
            raise envelope.business("Bad Request")

    def _trace(self, call: Call) -> str:
        if call.path == "/cgi/corpAccessToken/get/V2" or not call.style:
            user, tenant_name = "-1000", "null"
        else:
            user, tenant_name = call.actor or "-10000", self.world.ea
        return envelope.trace_id(tenant_name, user, self.world.now(), len(self._ledger) + 1)

    def _refusal(self, call: Call, refused: WireError) -> dict[str, Any]:
        told = envelope.refusal(self._trace(call), refused)
        if call.path in TOKEN_PATHS and refused.code == 10006:
            if call.path == "/oauth2.0/token":
                return told | {"error": "非法请求", "error_description": envelope.MISSING}
            return told | {"traceId": f"open-api-gateway-web/{len(self._ledger) + 1:016x}"}
        return told


def _collapsed(path: str) -> str:
    return re.sub("/{2,}", "/", path)


def _body(request: WireRequest) -> Mapping[str, Any]:
    if request.headers.get("content-type", "").startswith("multipart/"):
        return files.form_fields(request)
    if not request.body.strip():
        return {}
    try:
        value = json.loads(request.body)
    except ValueError:
        raise WireError(32000, "request body is not json", "参数不合法") from None
    if not isinstance(value, dict):
        raise WireError(32000, "request body is not json", "参数不合法")
    return value
