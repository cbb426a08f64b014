"""Access tokens of one connection: made from the refresh token, shared by all processes, used until they run out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crm_bridge.clock import Clock
from crm_bridge.credentials import AccessToken as CachedToken
from crm_bridge.credentials import Identity, Secret, TokenCache
from crm_bridge.errors import ForbiddenAddressError, MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.spi.spec import SecretReader
from crm_bridge.transport import Call, Purpose, Response, Transport, origin_of
from crm_bridge_zoho.errors import sign_in_failure
from crm_bridge_zoho.signing_in.scopes import parsed
from crm_bridge_zoho.wire import body_of

TOKEN_ROUTE = "POST /oauth/v2/token"  # noqa: S105 - a path, not a secret
WINDOW_TOKENS, WINDOW_SECONDS = 8, 600.0
"""Zoho locks an account out after 10 tokens in 10 minutes; two are left to other programs."""
DEFAULT_LIFE = 3600.0


@dataclass(frozen=True, slots=True)
class Token:
    """One access token and the API origin it is used on."""

    value: str = field(repr=False)
    api_origin: str


class Tokens:
    """One token for all threads and processes: one of them asks Zoho, the others wait for it."""

    def __init__(
        self,
        *,
        transport: Transport,
        accounts: str,
        api: str,
        allowed: Collection[str],
        connection: str,
        secrets: SecretReader,
        folder: Path,
        clock: Clock,
    ) -> None:
        """`allowed` are the origins that an `api_domain` may name; `folder` holds the shared cache."""
        self._transport = transport
        self._accounts = accounts
        self._api = api
        self._allowed = frozenset(origin_of(one) for one in allowed)
        self._connection = connection
        self._secrets = secrets
        self._folder = folder
        self._clock = clock
        self._cache: TokenCache | None = None
        self._stale: str | None = None
        self.identify: Callable[[], Identity] = lambda: Identity("", "")
        """Asks Zoho who answers; set by the adapter, which reads the account anyway."""
        self.granted: frozenset[str] | None = None
        """Scopes of the token in use; None when Zoho did not name them."""

    def current(self) -> Token:
        """Return a token that is good for at least a minute. Raises SignInError, RateLimitedError."""
        if self._cache is None:
            self._cache = self._new_cache()
        found = self._cache.token(self._fetch, stale=self._stale)
        # The file may be older than the connection's settings: where a token goes is checked every time.
        self._check_domain(found.extra.get("api_domain", ""))
        self.granted = parsed(found.extra.get("scope", ""))
        return Token(found.value.reveal(), self._api)

    def refused(self, value: str) -> None:
        """Take note that Zoho no longer accepts this token; a newer one is not affected."""
        self._stale = value

    def _new_cache(self) -> TokenCache:
        secrets = [self._secrets.need(name) for name in ("client_id", "client_secret", "refresh_token")]
        # Sealed under the addresses too: a token of another data centre or stand-in is never tried.
        secrets += [self._accounts, self._api]
        return TokenCache(
            self._folder,
            self._connection,
            secrets,
            identify=lambda: self.identify(),
            clock=self._clock,
            per_window=WINDOW_TOKENS,
            window=WINDOW_SECONDS,
        )

    def _fetch(self) -> CachedToken:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._secrets.need("refresh_token"),
            "client_id": self._secrets.need("client_id"),
            "client_secret": self._secrets.need("client_secret"),
        }
        body = body_of(answer := post_token(self._transport, self._accounts, form))
        value, named = body.get("access_token"), body.get("api_domain")
        if not isinstance(value, str) or not value:
            raise MalformedAnswerError(_("Zoho's answer has no access token"), reason="shape", vendor="zoho")
        domain = named if isinstance(named, str) else ""
        self._check_domain(domain)
        scope = body.get("scope")
        told = {"api_domain": domain, "scope": scope if isinstance(scope, str) else ""}
        return CachedToken(Secret(value), lifetime(answer), {name: text for name, text in told.items() if text})

    def _check_domain(self, named: str) -> None:
        """Refuse an API domain that is not this connection's: it would get the token."""
        if named and origin_of(named) not in self._allowed:
            raise ForbiddenAddressError(
                _("Zoho's sign-in names {host}, which is not the API host of this connection").format(host=named[:100]),
                reason="api_domain",
                vendor="zoho",
                hint=_("check data_center and environment of the connection"),
            )


def lifetime(answer: Response) -> float:
    """Return the seconds a token lives; very old answers give `expires_in_sec` beside milliseconds."""
    body = body_of(answer)
    for name in ("expires_in_sec", "expires_in"):
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return float(value)
    return DEFAULT_LIFE


def post_token(transport: Transport, accounts: str, form: dict[str, str]) -> Response:
    """Ask the accounts server; secrets go in the body, never in the URL. Raises our exception for every refusal."""
    call = Call(method="POST", url=f"{accounts}/oauth/v2/token", route=TOKEN_ROUTE, purpose=Purpose.TOKEN, form=form)
    answer = transport.send(call)
    failure = sign_in_failure(answer)
    if failure is not None:
        raise failure
    return answer


def refresh_token_of(body: Mapping[str, object]) -> str:
    """Return the refresh token of a token answer. Raises MalformedAnswerError."""
    token = body.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise MalformedAnswerError(
            _("Zoho gave no refresh token"),
            reason="no_refresh_token",
            vendor="zoho",
            hint=_("sign in again; Zoho gives one only with its consent page and offline access"),
        )
    return token
