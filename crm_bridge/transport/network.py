"""How a connection leaves this machine: through which proxy, trusting which authorities, with which versions of TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crm_bridge.errors import ConfigError
from crm_bridge.files import read_trusted
from crm_bridge.i18n import _
from crm_bridge.transport.origins import is_loopback

if TYPE_CHECKING:
    import ssl

ENVIRONMENT = "environment"
"""The value of `proxy` that asks for the variables of the process; without it they never count."""
PROXY_USER, PROXY_PASSWORD = "proxy_user", "proxy_password"
_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_BYPASS = ("no_proxy", "NO_PROXY")

Credentials = Callable[[], tuple[str, str] | None]


def no_credentials() -> None:
    """Return no user and password: the proxy asks for none."""
    return


@dataclass(frozen=True, slots=True)
class Proxy:
    """A CONNECT proxy; an https one is reached through TLS. `credentials` is asked when a tunnel is opened."""

    scheme: str
    host: str
    port: int
    credentials: Credentials = field(default=no_credentials, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Return what errors call it."""
        return f"{self.host}:{self.port}"


def parse_proxy(url: str) -> Proxy:
    """Return the proxy of an address. ValueError unless it is http(s)://host[:port], without user and password."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            _("the proxy's user and password are secrets: {user} and {password}").format(
                user=PROXY_USER, password=PROXY_PASSWORD
            )
        )
    odd = not url.isprintable() or any(letter in url for letter in "\\ ")
    if parts.scheme not in ("http", "https") or not parts.hostname or odd:
        raise ValueError(_("the address of a proxy is http://HOST:PORT or https://HOST:PORT"))
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(_("the address of a proxy is http://HOST:PORT or https://HOST:PORT"))
    return Proxy(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))


def proxy_of_environment(environ: Mapping[str, str]) -> tuple[Proxy | None, str]:
    """Return the proxy for https that the variables name, and the hosts that go without it. Raises ConfigError."""
    url = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    bypass = next((environ[name] for name in _BYPASS if environ.get(name)), "")
    if not url:
        return None, bypass
    given, _at, address = url.rpartition("@")
    scheme, mark, userinfo = given.partition("://")
    try:
        proxy = parse_proxy(f"{scheme}{mark}{address}" if given else url if "://" in url else f"http://{url}")
    except ValueError as wrong:
        # Not quoted: an address in the environment often holds a password.
        raise ConfigError(_("the proxy of the environment cannot be used: {why}").format(why=wrong)) from None
    if userinfo:
        user, _colon, password = userinfo.partition(":")
        known = unquote(user), unquote(password)
        proxy = replace(proxy, credentials=lambda: known)
    return proxy, bypass


@dataclass(frozen=True, slots=True)
class Network:
    """The way out of one connection. `bypass` lists hosts as NO_PROXY does; `tls_min` is 1.2 or 1.3."""

    proxy: Proxy | None = None
    bypass: str = ""
    ca_file: Path | None = None
    ca_only: bool = False
    """Trust the authorities of `ca_file` instead of the public ones, not beside them."""
    tls_min: str = "1.2"

    def proxy_for(self, host: str) -> Proxy | None:
        """Return the proxy that leads to a host; None where it is reached directly."""
        names = (name.strip().lower().lstrip(".") for name in self.bypass.split(","))
        passed_by = any(name == "*" or host == name or host.endswith(f".{name}") for name in names if name)
        return None if passed_by else self.proxy

    @property
    def stays_here(self) -> bool:
        """Return whether no proxy on another machine takes part."""
        return self.proxy is None or is_loopback(self.proxy.host)

    def context(self) -> ssl.SSLContext:
        """Return the TLS context for hosts and proxy. Raises ConfigError for a `ca_file` that cannot be used."""
        return tls_context(self.ca_file, self.ca_only, self.tls_min)


@lru_cache(maxsize=8)
def tls_context(ca_file: Path | None = None, ca_only: bool = False, tls_min: str = "1.2") -> ssl.SSLContext:
    """Return the process-wide context: certificate and host name checked, TLS 1.2 or newer. Costs 30 ms to build."""
    import ssl

    import certifi
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls_min == "1.3" else ssl.TLSVersion.TLSv1_2
    context.check_hostname = True
    # SSLKEYLOGFILE in the environment would have the keys of every connection written down.
    context.keylog_filename = None  # type: ignore[assignment]
    if ca_file is None or not ca_only:
        context.load_verify_locations(cafile=certifi.where())
    if ca_file is not None:
        _add_authorities(context, ca_file)
    return context


def _add_authorities(context: ssl.SSLContext, path: Path) -> None:
    from ssl import SSLError

    why: str | None = ""
    try:
        context.load_verify_locations(cadata=read_trusted(path).decode("ascii", "ignore"))
    except (OSError, ValueError) as problem:  # SSLError is an OSError; ValueError: no bytes at all
        why = (
            _("it holds no certificate in PEM form") if isinstance(problem, SSLError | ValueError) else problem.strerror
        )
    if why:
        raise ConfigError(
            _("ca_file {path} cannot be used: {why}").format(path=path, why=why),
            reason="ca_file",
            hint=_("name a file with the certificates (PEM) of your company's authority"),
        )
