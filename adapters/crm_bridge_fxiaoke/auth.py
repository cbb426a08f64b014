"""Signing in, in both generations of 纷享销客's parameter passing; one call carries one of them, never both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from crm_bridge.clock import Clock
from crm_bridge.credentials import AccessToken, Identity, Secret, TokenCache
from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.spi.spec import SecretReader
from crm_bridge_fxiaoke.wire import Envelope, Record

CORP_TOKEN_PATH = "/cgi/corpAccessToken/get/V2"  # noqa: S105 - an address
OAUTH_PATH = "/oauth2.0/token"
TENANT = "tenant"
# The gateway hands out the same token for 6600 s and lets both live until 7200 s: in the last ten minutes asking
# again gives a fresh one while the old one still works. It takes ten token calls a minute; two are left to others.
_REUSE_SECONDS = 600.0
_CALLS, _WINDOW = 8, 60.0
_CREDENTIALS = {"appId": "app_id", "appSecret": "app_secret", "permanentCode": "permanent_code"}

Post = Callable[[str, Mapping[str, object]], Envelope]


class Auth:
    """The token of one connection, shared by threads and processes: the vendor forbids concurrent token calls."""

    def __init__(
        self,
        *,
        connection: str,
        style: str,
        address: str,
        secrets: SecretReader,
        clock: Clock,
        folder: Path,
        post: Post,
        identify: Callable[[], Identity],
    ) -> None:
        """`style` is corp_token or app_secret; `folder` keeps the sealed token; `post` raises for a refusal.

        `identify` says whom the token opens.
        """
        self._connection = connection
        self._style = style
        self._address = address
        self._secrets = secrets
        self._clock = clock
        self._folder = folder
        self._post = post
        self._identify = identify
        self._stale: AccessToken | None = None

    def token(self, *, refused: AccessToken | None = None) -> AccessToken:
        """Return a live token; `refused` is one that the CRM has just called expired."""
        self._stale = refused or self._stale
        stale = self._stale.value.reveal() if self._stale else None
        found = self._cache.token(self._fetch, stale=stale)
        if found.value.reveal() == stale:
            # The gateway hands out the same token until it expires: it is good, whoever refused it once.
            self._stale = None
        return found

    def refused(self, token: AccessToken) -> None:
        """Take note that the CRM called a token expired; the next call gets another one."""
        self._stale = token

    def signed(self, token: AccessToken, user: str) -> tuple[dict[str, str], dict[str, object]]:
        """Return the headers and the top level of the body that carry token, tenant and acting user."""
        value, tenant = token.value.reveal(), token.extra[TENANT]
        if self._style == "corp_token":
            body: dict[str, object] = {"corpAccessToken": value, "corpId": tenant}
            return {}, body | ({"currentOpenUserId": user} if user else {})
        headers = {"authorization": f"Bearer {value}", "x-fs-ea": tenant}
        return headers | ({"x-fs-userid": user} if user else {}), {}

    @cached_property
    def _cache(self) -> TokenCache:
        # Sealed under style and address too: a token of the other generation or of another cloud is never tried.
        keys = [*self.credentials().values(), self._style, self._address]
        return TokenCache(
            self._folder,
            self._connection,
            keys,
            identify=self._identify,
            clock=self._clock,
            min_left=_REUSE_SECONDS,
            per_window=_CALLS,
            window=_WINDOW,
        )

    def credentials(self) -> dict[str, str]:
        """Return the long-lived secrets of the connection, by the names that the gateway gives them."""
        return {name: self._secrets.need(item) for name, item in _CREDENTIALS.items()}

    def _fetch(self) -> AccessToken:
        asked: dict[str, object] = {**self.credentials()}
        if self._style == "corp_token":
            return _read(self._post(CORP_TOKEN_PATH, asked), "corpAccessToken", "corpId")
        return _read(self._post(OAUTH_PATH, {**asked, "grantType": "app_secret"}), "accessToken", "ea")


def _read(envelope: Envelope, token_key: str, tenant_key: str) -> AccessToken:
    body: Record = envelope.body
    token, tenant, told = body.get(token_key), body.get(tenant_key), body.get("expiresIn")
    if not (isinstance(token, str) and token and isinstance(tenant, str) and tenant):
        raise MalformedAnswerError(
            _("the answer to the sign-in holds no token"), reason="shape", request_id=envelope.trace_id
        )
    # Without a usable expiresIn the token is believed for one minute.
    seconds = float(told) if isinstance(told, int) and not isinstance(told, bool) and told > 0 else 60.0
    return AccessToken(Secret(token), seconds, {TENANT: tenant})
