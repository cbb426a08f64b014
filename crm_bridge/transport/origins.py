"""Which hosts a connection may talk to: scheme, host and port, nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from crm_bridge.errors import ForbiddenAddressError
from crm_bridge.i18n import _

_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> str:
    """Return `scheme://host:port` of a URL; ForbiddenAddressError for anything we would not send a token to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = (parts.hostname or "").lower().rstrip(".")
    # A backslash or blank is read differently by different URL parsers, which is how allow-lists are evaded.
    odd = any(letter in url for letter in "\\ \t\r\n") or not url.isprintable()
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or odd:
        raise ForbiddenAddressError(_("the address is not a plain https address"), reason="address")
    if parts.scheme == "http" and not is_loopback(host):
        raise ForbiddenAddressError(
            _("plain http to {host} is refused").format(host=host),
            reason="plain_http",
            hint=_("use https; http is accepted for 127.0.0.1 and localhost only"),
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{_PORTS[parts.scheme] if port is None else port}"


def is_loopback(host: str) -> bool:
    """Return whether a host name is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host name of a URL for logs, or nothing."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


class AllowList:
    """The origins of one connection."""

    def __init__(self, origins: Collection[str]) -> None:
        """Take origins or whole URLs; only scheme, host and port count."""
        self.origins = frozenset(origin_of(origin) for origin in origins)

    def check(self, url: str) -> None:
        """Raise ForbiddenAddressError unless `url` is on one of the origins."""
        if origin_of(url) not in self.origins:
            raise ForbiddenAddressError(
                _("{host} is not a host of this connection").format(host=host_of(url)),
                reason="forbidden_host",
                hint=_("check the addresses in the connection's configuration"),
            )

    @property
    def all_loopback(self) -> bool:
        """Return whether every origin is this machine."""
        return all(is_loopback(host_of(origin)) for origin in self.origins)
