"""The `/__sandbox__/` addresses of a server: ledger, control, faults, readiness."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.sandbox.faults import FaultPlan, parse_plan
from crm_bridge.sandbox.serving.traffic import Traffic
from crm_bridge.spi.emulator import Emulator, WireRequest, WireResponse

PREFIX = "/__sandbox__/"
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class ControlEndpoints:
    """Answers what tests and users ask the sandbox itself, never the CRM."""

    def __init__(self, emulator: Emulator, faults: FaultPlan, traffic: Traffic) -> None:
        """Speak for this emulator."""
        self._emulator = emulator
        self._faults = faults
        self._traffic = traffic

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request; mistakes are a 4xx with `error`."""
        if not _from_here(request.headers):
            return _problem(403, _("the sandbox answers this machine only"))
        name = request.path.removeprefix(PREFIX)
        try:
            match request.method, name:
                case "GET", "ledger":
                    return WireResponse.of_json(self._ledger(request))
                case "GET", "ready":
                    return WireResponse.of_json({"ready": dict(self._emulator.ready())})
                case "POST", "control":
                    return self._control(_body(request))
                case "POST", "faults":
                    self._faults.replace(rules := parse_plan(_body(request)))
                    return WireResponse.of_json({"rules": len(rules)})
                case _:
                    return _problem(404, _("the sandbox has ledger, ready, control and faults"))
        except CrmBridgeError as wrong:
            return _problem(400, wrong.message, hint=wrong.hint)
        except ValueError as wrong:
            return _problem(400, str(wrong))

    def _ledger(self, request: WireRequest) -> Mapping[str, Any]:
        after = int(request.params().get("after") or 0)
        traffic = self._traffic
        return {"entries": traffic.entries(after), "faults": traffic.faults(), "stats": traffic.stats()}

    def _control(self, body: object) -> WireResponse:
        if not isinstance(body, dict) or not isinstance(body.get("command"), str):
            return _problem(400, _("a control command is an object with `command` and `arguments`"))
        arguments = body.get("arguments") or {}
        if not isinstance(arguments, dict):
            return _problem(400, _("`arguments` must be an object"))
        told = self._emulator.control(body["command"], arguments)
        return WireResponse.of_json(dict(told), 400 if "error" in told else 200)


def _from_here(headers: Mapping[str, str]) -> bool:
    """Return whether a request names this machine: a web page that was made to point here (DNS rebinding) does not."""
    host = urlsplit("//" + headers.get("host", "127.0.0.1")).hostname
    origin = urlsplit(headers.get("origin", "")).hostname
    return host in _LOOPBACK_NAMES and (origin is None or origin in _LOOPBACK_NAMES)


def _body(request: WireRequest) -> object:
    try:
        value: object = json.loads(request.body or b"{}")
    except ValueError:
        raise ValueError(_("the body is not JSON")) from None
    return value


def _problem(status: int, message: str, hint: str = "") -> WireResponse:
    return WireResponse.of_json({"error": message, **({"hint": hint} if hint else {})}, status)
