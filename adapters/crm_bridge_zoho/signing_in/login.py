"""Signing in for the first time: from a grant code to a refresh token, and the way back by revoking it."""

from __future__ import annotations

import hmac
import secrets as secret_tokens
import threading
import webbrowser
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from crm_bridge.errors import ForbiddenAddressError, SignInError
from crm_bridge.i18n import _
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.transport import Call, Purpose, origin_of
from crm_bridge_zoho.auth import post_token, refresh_token_of
from crm_bridge_zoho.errors import sign_in_failure
from crm_bridge_zoho.settings import ZohoSettings, origins
from crm_bridge_zoho.signing_in.datacenters import DATA_CENTERS
from crm_bridge_zoho.signing_in.scopes import SCOPES
from crm_bridge_zoho.wire import body_of

PORT = 8765
WAIT_SECONDS = 300.0
_PATH = "/callback"


def login(
    settings: ZohoSettings,
    context: AdapterContext,
    *,
    method: str,
    code: str = "",
    port: int = PORT,
    open_page: Callable[[str], object] = webbrowser.open,
    wait_seconds: float = WAIT_SECONDS,
) -> str:
    """Return a refresh token; prints nothing and keeps nothing.

    `method`: `code` exchanges the grant code of a self client, `browser` opens Zoho's page through `open_page` and
    waits on a loopback port (`http://127.0.0.1:PORT/callback` must be registered). Raises SignInError.
    """
    if method == "browser":
        code, accounts, redirect = _code_from_browser(settings, context, port, open_page, wait_seconds)
    else:
        accounts, redirect = settings.accounts_origin, ""
    return exchange(settings, context, code=code, accounts=accounts, redirect=redirect)


def exchange(settings: ZohoSettings, context: AdapterContext, *, code: str, accounts: str, redirect: str = "") -> str:
    """Turn a grant code into a refresh token; it is good for minutes and for one exchange."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": context.secrets.need("client_id"),
        "client_secret": context.secrets.need("client_secret"),
    }
    if redirect:
        form["redirect_uri"] = redirect
    with context.transport(origins(settings)) as transport:
        answer = post_token(transport, accounts, form)
    return refresh_token_of(body_of(answer))


def revoke(settings: ZohoSettings, context: AdapterContext) -> None:
    """Make the refresh token and all access tokens made from it useless, for `logout`."""
    with context.transport(origins(settings)) as transport:
        call = Call(
            method="POST",
            url=f"{settings.accounts_origin}/oauth/v2/token/revoke",
            route="POST /oauth/v2/token/revoke",
            purpose=Purpose.TOKEN,
            form={"token": context.secrets.need("refresh_token")},
        )
        failure = sign_in_failure(transport.send(call))
    if failure is not None:
        raise failure


def consent_url(settings: ZohoSettings, client_id: str, *, redirect: str, state: str) -> str:
    """Return the address of Zoho's consent page; `prompt=consent` because only it gives a refresh token each time."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "scope": ",".join(SCOPES),
        "redirect_uri": redirect,
        "access_type": "offline",
        "prompt": "consent",
        "state": state,
    }
    return f"{settings.accounts_origin}/oauth/v2/auth?{urlencode(query)}"


def code_of(query: Mapping[str, str], settings: ZohoSettings, *, state: str) -> tuple[str, str]:
    """Return grant code and accounts server from the redirect's query. Raises SignInError, ForbiddenAddressError."""
    if not hmac.compare_digest(query.get("state", ""), state):
        raise SignInError(
            _("the browser came back with another state than it was sent with"),
            reason="state",
            hint=_("start the sign-in again; do not follow links from elsewhere"),
        )
    if query.get("error"):
        raise SignInError(
            _("the sign-in was refused on Zoho's page ({code})").format(code=query["error"][:60]),
            reason="signed_out",
            vendor_code=query["error"][:60],
            hint=_("sign in again and accept"),
        )
    if not query.get("code"):
        raise SignInError(_("the browser came back without a code"), reason="signed_out")
    return query["code"], _accounts(query.get("accounts-server", ""), settings)


def _accounts(named: str, settings: ZohoSettings) -> str:
    """Return the accounts server of the user's data centre: the code is exchanged where the user lives."""
    if not named or origin_of(named) == origin_of(settings.accounts_origin):
        return settings.accounts_origin
    known = {origin_of(one.accounts): key for key, one in DATA_CENTERS.items()}
    key = known.get(origin_of(named))
    if key is None:
        raise ForbiddenAddressError(
            _("the sign-in page names {host}, which is no accounts server of Zoho").format(host=named[:100]),
            reason="accounts_server",
        )
    raise SignInError(
        _("this user belongs to the data centre {name}").format(name=key),
        reason="data_center",
        hint=_('set data_center = "{name}" in the connection, then sign in again').format(name=key),
    )


def _code_from_browser(
    settings: ZohoSettings, context: AdapterContext, port: int, open_page: Callable[[str], object], wait_seconds: float
) -> tuple[str, str, str]:
    state = secret_tokens.token_urlsafe(24)
    landing = Landing(port)
    try:
        redirect = f"http://127.0.0.1:{landing.port}{_PATH}"
        landing.page = consent_url(settings, context.secrets.need("client_id"), redirect=redirect, state=state)
        start = f"http://127.0.0.1:{landing.port}/"
        if context.say:
            # A browser does not open by itself everywhere: over SSH, in a container, without a desktop.
            context.say(_("Sign in with a browser on this machine; if none opens, open {page}").format(page=start))
        open_page(start)
        code, accounts = code_of(landing.wait(wait_seconds), settings, state=state)
    finally:
        landing.close()
    return code, accounts, redirect


class Landing:
    """Pages on this machine: one sends the browser to Zoho, the other waits for it to come back, once."""

    def __init__(self, port: int) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one."""
        self.page = ""
        """Where `/` sends the browser: Zoho's page, whose address carries the client id."""
        self._came = threading.Event()
        self._query: dict[str, str] = {}
        landing = self

        class Handler(BaseHTTPRequestHandler):
            """Takes the redirect and thanks."""

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/" and landing.page:
                    self.send_response(302)
                    self.send_header("Location", landing.page)
                    self.end_headers()
                    return
                found = parts.path == _PATH
                if found:
                    landing._take({key: values[-1] for key, values in parse_qs(parts.query).items()})
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write((_("You can close this page.") if found else "").encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                """Write nothing: the request line holds the grant code."""

        try:
            self._server = HTTPServer(("127.0.0.1", port), Handler)
        except OSError:
            raise SignInError(
                _("port {port} of this machine is in use").format(port=port),
                reason="port_in_use",
                hint=_("end the other sign-in or the program that listens there, or use a code of a self client"),
            ) from None
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def _take(self, query: dict[str, str]) -> None:
        if not self._came.is_set():
            self._query = query
            self._came.set()

    def wait(self, seconds: float) -> Mapping[str, str]:
        """Return the redirect's query. Raises SignInError when nobody came back in time."""
        if not self._came.wait(seconds):
            raise SignInError(
                _("nobody came back from Zoho's page within {seconds} s").format(seconds=round(seconds)),
                reason="timeout",
                hint=_("sign in again, or use a code of a self client"),
            )
        return self._query

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
