"""Zoho's accounts server: consent, grant codes, tokens, revocation."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from crm_bridge.clock import Clock
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_zoho.emulator.answers import Json, ok
from crm_bridge_zoho.emulator.devices import INTERVAL_SECONDS, LIFE_SECONDS, Devices
from crm_bridge_zoho.emulator.scopes import GRANTED, known
from crm_bridge_zoho.emulator.state.multipart import read_form
from crm_bridge_zoho.emulator.switches import Switches

WINDOW = 600
TOKENS_PER_WINDOW = 10
CODES_PER_WINDOW = 10
REFRESH_TOKENS = 20
CODE_LIFETIME = 600


@dataclass(slots=True)
class Grant:
    """A refresh token with what it allows."""

    token: str
    scopes: list[str]
    issued: deque[float] = field(default_factory=deque)
    """Times of the access tokens of the last ten minutes."""
    alive: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Access:
    """An access token."""

    token: str
    grant: Grant
    expires: float


@dataclass(slots=True)
class Code:
    """A grant code, good for one exchange."""

    scopes: list[str]
    expires: float
    redirect_uri: str = ""
    offline: bool = True


class Accounts:
    """The accounts server of one client."""

    def __init__(self, base_url: str, clock: Clock, switches: Switches, seed: int) -> None:
        """Register one client with one refresh token."""
        self._base_url = base_url
        self._clock = clock
        self._switches = switches
        self._randomness = random.Random(f"zoho-oauth-{seed}")  # noqa: S311 - no secrets of anybody
        self.client_id = "1000." + self._key(30).upper()
        self.client_secret = self._key(42)
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Access] = {}
        self.killed: set[str] = set()
        self.codes: dict[str, Code] = {}
        self._codes_issued: deque[float] = deque()
        self.devices = Devices(self._key)
        self.refresh_token = self.new_grant(list(GRANTED)).token

    def new_grant(self, scopes: list[str]) -> Grant:
        """Issue a refresh token; the 21st deletes the first with its access tokens."""
        grant = Grant(f"1000.{self._key(32)}.{self._key(32)}", scopes)
        self.grants[grant.token] = grant
        if len(self.grants) > REFRESH_TOKENS:
            self.revoke(next(iter(self.grants)))
        return grant

    def new_code(self, scopes: list[str], redirect_uri: str = "", *, offline: bool = True) -> str:
        """Issue a grant code; empty when 10 were issued within ten minutes."""
        if not self._under_limit(self._codes_issued, CODES_PER_WINDOW):
            return ""
        code = f"1000.{self._key(32)}.{self._key(32)}"
        self.codes[code] = Code(scopes, self._now() + CODE_LIFETIME, redirect_uri, offline)
        return code

    def revoke(self, token: str) -> bool:
        """Withdraw a refresh token and its access tokens, or one access token."""
        if grant := self.grants.pop(token, None):
            for alive in grant.alive:
                self.tokens.pop(alive, None)
            return True
        return self.tokens.pop(token, None) is not None

    def expire(self) -> int:
        """End every access token now."""
        for access in self.tokens.values():
            access.expires = self._now()
        return len(self.tokens)

    def handle(self, request: WireRequest) -> WireResponse | None:
        """Answer `/oauth/v2/...`; None for other paths."""
        path = request.path.rstrip("/")
        if path in {"/oauth/v2/auth", "/oauth/v2/org/auth"}:
            return self._consent(request)
        if path == "/oauth/v2/token/revoke":
            return self._revoke(request)
        if path == "/oauth/v2/token":
            return self._token(request)
        if path == "/oauth/v3/device/code":
            return self._device_code(request)
        if path == "/oauth/v3/device/token":
            return self._device_token(request)
        return None

    def access(self, token: str) -> Access | None:
        """Return an access token that is alive."""
        found = self.tokens.get(token)
        return found if found and found.expires > self._now() else None

    def _consent(self, request: WireRequest) -> WireResponse:
        asked = request.params()
        target = asked.get("redirect_uri", "")
        if asked.get("client_id") != self.client_id:
            return _page("invalid_client")
        if asked.get("response_type") != "code" or urlsplit(target).scheme not in {"http", "https"}:
            return _page("invalid_redirect_uri" if asked.get("response_type") == "code" else "invalid_response_type")
        scopes = [scope for scope in asked.get("scope", "").replace(" ", ",").split(",") if scope]
        if not scopes or not all(map(known, scopes)):
            return _page("invalid_scope")
        answer = {"state": asked["state"]} if "state" in asked else {}
        if self._switches.refuse_consent:
            answer["error"] = "access_denied"
        elif code := self.new_code(scopes, target, offline=asked.get("access_type") == "offline"):
            answer |= {"code": code, "location": "eu", "accounts-server": self._base_url}
        else:
            return self._throttled()
        joint = "&" if urlsplit(target).query else "?"
        return WireResponse(302, (("Location", f"{target}{joint}{urlencode(answer)}"),))

    def _token(self, request: WireRequest) -> WireResponse:
        self._clock.sleep(self._switches.renewal_seconds)
        form = _form(request)
        kind = form.get("grant_type")
        if form.get("client_id") != self.client_id:
            return ok({"error": "invalid_client"})
        if form.get("client_secret") != self.client_secret:
            return ok({"error": "invalid_client_secret"})
        if kind == "refresh_token":
            grant = self.grants.get(form.get("refresh_token", ""))
            return self._issue(grant) if grant else ok({"error": "invalid_code"})
        if kind == "authorization_code":
            return self._exchange(form)
        return ok({"error": "general_error"})

    def _exchange(self, form: dict[str, str]) -> WireResponse:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or code.expires <= self._now():
            return ok({"error": "invalid_code"})
        if code.redirect_uri and form.get("redirect_uri") != code.redirect_uri:
            return ok({"error": "invalid_redirect_uri"})
        if code.offline:
            grant = self.new_grant(code.scopes)
            return self._issue(grant, {"refresh_token": grant.token})
        return self._issue(Grant("", code.scopes))

    def _device_code(self, request: WireRequest) -> WireResponse:
        form = _form(request)
        if form.get("client_id") != self.client_id:
            return ok({"error": "invalid_client"})
        scopes = [scope for scope in form.get("scope", "").replace(" ", ",").split(",") if scope]
        if form.get("grant_type") != "device_request" or not scopes or not all(map(known, scopes)):
            return ok({"error": "invalid_scope" if form.get("grant_type") == "device_request" else "general_error"})
        code, device = self.devices.start(scopes, offline=form.get("access_type") == "offline", now=self._now())
        page = f"{self._base_url}/oauth/v3/device"
        return ok(
            {
                "user_code": device.user_code,
                "device_code": code,
                "interval": INTERVAL_SECONDS * 1000,
                "verification_url": page,
                "verification_uri_complete": f"{page}?user_code={device.user_code}",
                "expires_in": LIFE_SECONDS * 1000,
            }
        )

    def _device_token(self, request: WireRequest) -> WireResponse:
        form = _form(request)
        if form.get("client_id") != self.client_id:
            return ok({"error": "invalid_client"})
        if form.get("client_secret") != self.client_secret:
            return ok({"error": "invalid_client_secret"})
        if form.get("grant_type") != "device_token":
            return ok({"error": "general_error"})
        device = self.devices.ask(form.get("code", ""), self._now())
        if isinstance(device, str):
            return ok({"error": device} | ({"user_location": "in"} if device == "other_dc" else {}))
        if not device.offline:
            return self._issue(Grant("", device.scopes))
        grant = self.new_grant(device.scopes)
        return self._issue(grant, {"refresh_token": grant.token})

    def _issue(self, grant: Grant, extra: dict[str, str] | None = None) -> WireResponse:
        if self._switches.token_throttle and not self._under_limit(grant.issued, TOKENS_PER_WINDOW):
            return self._throttled()
        lifetime = self._switches.token_lifetime
        access = Access(f"1000.{self._key(32)}.{self._key(32)}", grant, self._now() + lifetime)
        self.tokens[access.token] = access
        grant.alive.append(access.token)
        while len(grant.alive) > self._switches.tokens_alive:
            oldest = grant.alive.pop(0)
            self.tokens.pop(oldest, None)
            self.killed.add(oldest)
        body: Json = {"access_token": access.token, **(extra or {}), "scope": " ".join(grant.scopes)}
        body |= {"api_domain": self._switches.api_domain or self._base_url, "token_type": "Bearer"}
        if self._switches.token_old_style:
            return ok(body | {"expires_in_sec": lifetime, "expires_in": lifetime * 1000})
        return ok(body | {"expires_in": lifetime})

    def _revoke(self, request: WireRequest) -> WireResponse:
        return ok({"status": "success"} if self.revoke(_form(request).get("token", "")) else {"error": "invalid_code"})

    def _throttled(self) -> WireResponse:
        text = "You have made too many requests continuously. Please try again after some time."
        body = {"error_description": text, "error": "Access Denied", "status": "failure"}
        return ok(body, self._switches.throttle_status)

    def _under_limit(self, issued: deque[float], limit: int) -> bool:
        while issued and issued[0] <= self._now() - WINDOW:
            issued.popleft()
        if len(issued) >= limit:
            return False
        issued.append(self._now())
        return True

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _key(self, size: int) -> str:
        return f"{self._randomness.getrandbits(size * 4):0{size}x}"


def _form(request: WireRequest) -> dict[str, str]:
    kind = request.headers.get("content-type", "")
    form = request.params()
    if kind.startswith("multipart/form-data"):
        parts = read_form(kind, request.body)
        return form | {part.name: part.content.decode("utf-8", "replace") for part in parts}
    return form | dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _page(error: str) -> WireResponse:
    body = f"<!doctype html><title>Error</title><p>{error}</p>".encode()
    return WireResponse(400, (("Content-Type", "text/html;charset=UTF-8"),), body)
