"""Signing in: two generations of tokens, their reuse, and who acts."""

from __future__ import annotations

import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_bridge_fxiaoke.emulator.call import Call
from crm_bridge_fxiaoke.emulator.envelope import WireError, missing
from crm_bridge_fxiaoke.emulator.state.state import Employee, World

LIFE, REUSE = 7200.0, 6600.0
BAD_TOKEN = "the cropId,cropAccessToken or authorization is error"  # noqa: S105 - the vendor's sentence and spelling
OLD_KEYS = ("corpAccessToken", "corpId", "currentOpenUserId")
NEW_HEADERS = ("authorization", "x-fs-ea", "x-fs-userid")


@dataclass(frozen=True, slots=True, repr=False)
class App:
    """The app that may call: what the tenant's administrator wrote down."""

    app_id: str
    app_secret: str
    permanent_code: str


@dataclass(slots=True)
class Tokens:
    """Tokens of one generation. The same one for 6600 s, then a new one; each lives 7200 s."""

    randomness: random.Random
    issued: list[tuple[str, float]] = field(default_factory=list)

    def get(self, now: float) -> tuple[str, int]:
        """Return a token and the seconds that it still lives."""
        self.issued = [item for item in self.issued if now - item[1] < LIFE]
        if not self.issued or now - self.issued[-1][1] >= REUSE:
            self.issued.append((f"{self.randomness.getrandbits(128):032X}", now))
        token, since = self.issued[-1]
        return token, int(LIFE - (now - since))

    def good(self, token: object, now: float) -> bool:
        """Return whether a token lives."""
        return isinstance(token, str) and any(
            hmac.compare_digest(token.encode(), known.encode()) and now - since < LIFE for known, since in self.issued
        )


@dataclass(slots=True)
class Gate:
    """Who may come in: the app and the tokens of both generations."""

    app: App
    old: Tokens
    new: Tokens

    def expire(self) -> None:
        """End every token at once."""
        self.old.issued.clear()
        self.new.issued.clear()

    def check_app(self, body: Mapping[str, Any], names: tuple[str, ...]) -> None:
        """Refuse credentials that are missing or wrong. The real gateway names the secret whatever is wrong."""
        known = {
            "appId": self.app.app_id,
            "appSecret": self.app.app_secret,
            "permanentCode": self.app.permanent_code,
        }
        for name in names:
            if str(body.get(name, "")) != known[name]:
                raise missing("appSecret" if name != "permanentCode" else name, 10006)


def sign_in(world: World, gate: Gate, call: Call) -> None:
    """Find out the style and check its token and tenant. The acting user is a second question: `acting_user`."""
    old = [name for name in OLD_KEYS if call.body.get(name)] + [
        name for name in ("corpAccessToken", "corpId") if call.params.get(name)
    ]
    new = [name for name in NEW_HEADERS if call.request.headers.get(name)]
    if not old and not new:
        raise WireError(20017, "corpAccessToken为必填项，不能为空", bare=True)
    if old and new:
        raise WireError(20016, BAD_TOKEN, bare=True)
    call.style = "old" if old else "new"
    if not (_old_is_good if old else _new_is_good)(world, gate, call):
        raise WireError(20016, BAD_TOKEN, bare=True)
    if not world.switches.ip_allowed:
        raise WireError(world.switches.ip_denied_code, "应用没有接口访问权限", "IP不在白名单中")


def _old_is_good(world: World, gate: Gate, call: Call) -> bool:
    token = call.body.get("corpAccessToken") or call.params.get("corpAccessToken")
    corp = call.body.get("corpId") or call.params.get("corpId")
    return gate.old.good(token, world.elapsed()) and corp == world.corp_id


def _new_is_good(world: World, gate: Gate, call: Call) -> bool:
    scheme, _blank, token = call.request.headers.get("authorization", "").partition(" ")
    tenant = call.request.headers.get("x-fs-ea", "")
    return scheme.lower() == "bearer" and gate.new.good(token, world.elapsed()) and tenant == world.ea


def acting_user(world: World, call: Call) -> Employee:
    """Return the employee in whose name the call is made."""
    if call.style == "old":
        name, key = "currentOpenUserId", str(call.body.get("currentOpenUserId") or "")
        found = by_open_id(world, key)
        unknown = 20012
    else:
        name, key = "x-fs-userid", call.request.headers.get("x-fs-userid", "")
        found = world.employees.get(key)
        unknown = 30027
    if not key:
        raise WireError(world.switches.missing_user_code, f"{name} 不能为空", f"{name} 不能为空")
    if found is None:
        raise WireError(unknown, f"{name} not found", "员工不存在")
    return found


def by_open_id(world: World, open_id: str) -> Employee | None:
    """Return the employee with an open user id."""
    return next((person for person in world.employees.values() if person.open_id == open_id), None)


def old_token(world: World, gate: Gate, call: Call) -> dict[str, Any]:
    """Answer `/cgi/corpAccessToken/get/V2`."""
    gate.check_app(call.body, ("appId", "appSecret", "permanentCode"))
    token, seconds = gate.old.get(world.elapsed())
    return {"corpAccessToken": token, "corpId": world.corp_id, "expiresIn": seconds}


def new_token(world: World, gate: Gate, call: Call) -> dict[str, Any]:
    """Answer `/oauth2.0/token` for the grant of a server: `app_secret`."""
    if call.body.get("grantType") != "app_secret":
        raise missing("grantType", 10006)
    gate.check_app(call.body, ("appId", "appSecret", "permanentCode"))
    token, seconds = gate.new.get(world.elapsed())
    return {
        "openUserId": world.corp_id,
        "accessToken": token,
        "expiresIn": seconds,
        "appId": gate.app.app_id,
        "ea": world.ea,
    }


def app_token(_world: World, gate: Gate, call: Call) -> dict[str, Any]:
    """Answer `/cgi/appAccessToken/get`, which no CRM call needs."""
    gate.check_app(call.body, ("appId", "appSecret"))
    token = f"{random.Random(f'app {gate.app.app_id}').getrandbits(128):032X}"  # noqa: S311 - a sandbox's token
    return {"appAccessToken": token, "expiresIn": 2592000}
