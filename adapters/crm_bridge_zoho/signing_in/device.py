"""Signing in from a machine without a browser: a code is typed in elsewhere, while this machine asks whether it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_bridge.errors import ForbiddenAddressError, MalformedAnswerError, RateLimitedError, SignInError
from crm_bridge.i18n import _
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.transport import Call, Purpose, Transport, origin_of
from crm_bridge_zoho.auth import refresh_token_of
from crm_bridge_zoho.errors import sign_in_failure
from crm_bridge_zoho.settings import ZohoSettings, origins
from crm_bridge_zoho.signing_in.datacenters import DATA_CENTERS
from crm_bridge_zoho.signing_in.scopes import SCOPES
from crm_bridge_zoho.wire import body_of

CODE_PATH, TOKEN_PATH = "/oauth/v3/device/code", "/oauth/v3/device/token"
_LEAST_SECONDS, _MORE_SECONDS = 5.0, 5.0
_WAITING = frozenset({"authorization_pending", "slow_down"})


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What Zoho gives a device: a code for the person, a page to type it in, a secret to ask with, and times."""

    user_code: str
    page: str
    code: str = field(repr=False)
    interval: float = 30.0
    """Seconds between two questions."""
    lives: float = 300.0
    """Seconds until the code has expired."""


def login_by_device(settings: ZohoSettings, context: AdapterContext) -> str:
    """Return a refresh token once the code that `context.say` shows was accepted. Raises SignInError.

    Zoho's pages "Initiation request" and "Polling request" (accounts, non-browser apps); secrets go in the body.
    """
    with context.transport(origins(settings)) as transport:
        device = _start(transport, settings, context.secrets.need("client_id"))
        if context.say:
            context.say(
                _(
                    "On any device with a browser open {page} and enter the code {code}; it is good for {minutes} min"
                ).format(page=device.page, code=device.user_code, minutes=round(device.lives / 60))
            )
        return _wait(transport, settings, context, device)


def _start(transport: Transport, settings: ZohoSettings, client_id: str) -> DeviceCode:
    form = {
        "client_id": client_id,
        "grant_type": "device_request",
        "scope": ",".join(SCOPES),
        # Without these two there is no refresh token.
        "access_type": "offline",
        "prompt": "consent",
    }
    body = _post(transport, settings, CODE_PATH, form)
    texts = [body.get(name) for name in ("user_code", "verification_url", "device_code")]
    if not all(isinstance(text, str) and text for text in texts):
        raise MalformedAnswerError(_("Zoho's answer has no device code"), reason="shape", vendor="zoho")
    user_code, page, code = (str(text) for text in texts)
    _check_page(page, settings)
    interval, lives = _seconds(body.get("interval"), 30.0), _seconds(body.get("expires_in"), 300.0)
    return DeviceCode(user_code[:40], page, code, max(interval, _LEAST_SECONDS), lives)


def _check_page(page: str, settings: ZohoSettings) -> None:
    """Refuse a page that is not Zoho's: a person would give consent there."""
    known = {origin_of(one.accounts) for one in DATA_CENTERS.values()} | {origin_of(settings.accounts_origin)}
    if origin_of(page) not in known:
        raise ForbiddenAddressError(
            _("the page for the code is on {host}, which is no accounts server of Zoho").format(host=page[:100]),
            reason="accounts_server",
            vendor="zoho",
        )


def _seconds(value: object, otherwise: float) -> float:
    """Return a time in seconds: Zoho writes milliseconds here, and seconds elsewhere."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return otherwise
    return value / 1000 if value >= 1000 else float(value)


def _wait(transport: Transport, settings: ZohoSettings, context: AdapterContext, device: DeviceCode) -> str:
    form = {
        "client_id": context.secrets.need("client_id"),
        "client_secret": context.secrets.need("client_secret"),
        "grant_type": "device_token",
        "code": device.code,
    }
    ends, interval = context.clock.monotonic() + device.lives, device.interval
    while context.clock.monotonic() + interval <= ends:
        context.clock.sleep(interval)
        try:
            body = _post(transport, settings, TOKEN_PATH, form)
        except RateLimitedError:
            body = {"error": "slow_down"}
        answer = body.get("error")
        if answer is None:
            return refresh_token_of(body)
        if answer == "slow_down":
            interval += _MORE_SECONDS
        elif answer not in _WAITING:
            raise _refused(str(answer), body)
    raise _refused("expired", {})


def _refused(code: str, body: Mapping[str, Any]) -> SignInError:
    if code == "other_dc":
        where = str(body.get("user_location") or "").lower()
        return SignInError(
            _("this user belongs to the data centre {name}").format(name=where[:10] or "?"),
            reason="data_center",
            vendor="zoho",
            vendor_code=code,
            hint=_('set data_center = "{name}" in the connection, then sign in again').format(name=where[:10] or "?"),
        )
    text = {
        "access_denied": _("the sign-in was refused on Zoho's page ({code})").format(code=code),
        "expired": _("the code was not entered in time"),
    }.get(code, _("Zoho refused the sign-in of this device"))
    return SignInError(text, reason="signed_out", vendor="zoho", vendor_code=code, hint=_("sign in again and accept"))


def _post(transport: Transport, settings: ZohoSettings, path: str, form: dict[str, str]) -> Mapping[str, Any]:
    """Ask the accounts server. What it says while it waits, and about the person, is returned; the rest is raised."""
    call = Call(
        method="POST",
        url=f"{settings.accounts_origin}{path}",
        route=f"POST {path}",
        purpose=Purpose.TOKEN,
        form=form,
    )
    answer = transport.send(call)
    body = body_of(answer) if answer.ok else {}
    if path == TOKEN_PATH and body.get("error") in _WAITING | {"other_dc", "access_denied", "expired"}:
        return body
    failure = sign_in_failure(answer)
    if failure is not None:
        raise failure
    return body
