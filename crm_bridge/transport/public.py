"""The session for public links: resolves, checks every address, connects to a checked one."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util import connection as sockets

from crm_bridge.clock import Clock
from crm_bridge.errors import ForbiddenAddressError, RequestRefusedError
from crm_bridge.i18n import _
from crm_bridge.transport.budget import Budget
from crm_bridge.transport.calls import Call, CallRecord, Purpose, Timeouts
from crm_bridge.transport.connections import WatchedHTTPSConnection, WatchedHTTPSPool
from crm_bridge.transport.exchange import Exchange
from crm_bridge.transport.origins import host_of, origin_of
from crm_bridge.transport.session import CrmSession, tls_context

ROUTE = "GET (link)"


def open_link(
    url: str,
    *,
    max_bytes: int,
    clock: Clock,
    randomness: random.Random,
    timeouts: Timeouts,
    listener: Callable[[CallRecord], None] | None,
    permitted: Callable[[str], bool],
    ports: Collection[int],
    ca_file: Path | None,
) -> Iterator[bytes]:
    """See `fetch_public`."""

    def check(address: str) -> None:
        parts = urlsplit(origin_of(address))
        if parts.scheme != "https" or parts.port not in ports:
            raise _forbidden(host_of(address))

    check(url)
    session = CrmSession(
        check=check, context=tls_context(ca_file), pools={"https": _checked_pool(permitted)}, pool_size=1
    )
    exchange = Exchange(
        sessions=lambda _call: session,
        budget=Budget(in_flight=1),
        clock=clock,
        randomness=randomness,
        timeouts=timeouts,
        listener=listener,
        request_id_header="",
    )
    call = Call("GET", url, ROUTE, Purpose.DOWNLOAD)
    with session, exchange.start(call, 1) as running:
        if running.failure is None and running.status is not None and not 200 <= running.status < 300:
            raise RequestRefusedError(
                _("{host} does not give out the file").format(host=host_of(url)), http_status=running.status
            )
        yield from running.chunks(max_bytes)
        error = running.error() if running.failure else None
    if error is not None:
        raise error


def _checked_pool(permitted: Callable[[str], bool]) -> type[HTTPConnectionPool]:
    class CheckedConnection(WatchedHTTPSConnection):
        """Connects only to addresses that were looked at; TLS still checks the name in the link."""

        def _new_conn(self) -> socket.socket:
            try:
                found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
            except (socket.gaierror, UnicodeError):
                found = []
            addresses = [str(one[4][0]) for one in found]
            if not addresses:
                raise NameResolutionError(self.host, self, socket.gaierror("not resolved"))
            # One private address among public ones is refused as well: which one is used would be chance.
            if not all(permitted(address) for address in addresses):
                raise _forbidden(self.host)
            for address in addresses:
                with suppress(OSError):
                    return sockets.create_connection(
                        (address, self.port), self.timeout, socket_options=self.socket_options
                    )
            raise NewConnectionError(self, "no address could be reached")

    class CheckedPool(WatchedHTTPSPool):
        """Pool of such connections."""

        ConnectionCls = CheckedConnection

    return CheckedPool


def _forbidden(host: str) -> ForbiddenAddressError:
    return ForbiddenAddressError(
        _("the link to {host} does not lead to a public https address").format(host=host),
        reason="private_address",
        hint=_("the file is left out of the backup; save it by hand if it is needed"),
    )
