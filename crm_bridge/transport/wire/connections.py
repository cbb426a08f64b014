"""Sockets with a total deadline and a proof of "nothing was sent": urllib3 connection and pool classes."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from crm_bridge.transport.network import Network
from crm_bridge.transport.wire.attempt import Attempt, current
from crm_bridge.transport.wire.tunnel import Tunnelled

CHUNK = 64 * 1024
IDLE_LIMIT = 2.0


class _DeadlineReader(io.RawIOBase):
    """Gives every single receive the smaller of the read timeout and what is left of the total."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._attempt = attempt
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int | None:
        self._sock.settimeout(self._attempt.left())
        count = self._raw.readinto(target)
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    """Reads status line, headers and body through the deadline: a drip of header bytes counts too."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader: _DeadlineReader | None = None
        if attempt := current.get():
            self.fp.close()
            self._reader = _DeadlineReader(sock, attempt)
            self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read the headers, all of them: http.client takes an end in the middle for a complete, empty answer."""
        super().begin()
        if self.msg.defects or (self._reader is not None and self._reader.ended):
            raise http.client.HTTPException("headers cut or malformed")


class _Watched:
    """Marks the attempt before the first byte is written, and writes in pieces that each have a timeout."""

    sock: Any
    connect: Callable[[], None]
    response_class = _DeadlineResponse
    debuglevel = 0  # whatever the host program set on http.client: it would print headers and bodies

    def set_debuglevel(self, level: int) -> None:
        """Stay silent."""

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        attempt = current.get()
        pieces = _pieces(data)
        for piece in pieces:
            if attempt:
                timeout = attempt.left()
                attempt.leave()
                self.sock.settimeout(timeout)
            super().send(piece)  # type: ignore[misc]


def _pieces(data: Any) -> list[Any]:
    if not isinstance(data, bytes | bytearray) or len(data) <= CHUNK:
        return [data]
    view = memoryview(data)
    return [bytes(view[start : start + CHUNK]) for start in range(0, len(view), CHUNK)]


class WatchedHTTPConnection(_Watched, Tunnelled, HTTPConnection):  # type: ignore[misc]
    """Plain http, loopback only (the allow-list sees to that)."""


class WatchedHTTPSConnection(_Watched, Tunnelled, HTTPSConnection):  # type: ignore[misc]
    """TLS; urllib3 has verified the certificate before the first byte of a request is written."""

    _tls_by_urllib3 = True


class _NoIdleForChanges:
    """Gives a change a new connection, or one that was in use less than two seconds ago.

    A server that is just closing an idle one would answer with a reset that cannot be told from "acted, then lost".
    """

    monotonic: Callable[[], float]

    def _get_conn(self, timeout: float | None = None) -> Any:
        # The pool hands out what came back last, so that a change after a read finds that read's connection.
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        attempt = current.get()
        changes = attempt is None or attempt.changes_the_crm
        if changes and self.monotonic() - getattr(connection, "idle_since", self.monotonic()) >= IDLE_LIMIT:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = self.monotonic()
        super()._put_conn(conn)  # type: ignore[misc]


class WatchedHTTPPool(_NoIdleForChanges, HTTPConnectionPool):
    """Pool of plain connections."""

    ConnectionCls = WatchedHTTPConnection


class WatchedHTTPSPool(_NoIdleForChanges, HTTPSConnectionPool):
    """Pool of TLS connections."""

    ConnectionCls = WatchedHTTPSConnection


def pools(network: Network, monotonic: Callable[[], float]) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pool classes of one connection to a CRM: one way out, one clock."""
    return {
        "http": _bound(WatchedHTTPPool, network, monotonic),
        "https": _bound(WatchedHTTPSPool, network, monotonic),
    }


def _bound(
    pool: type[HTTPConnectionPool], network: Network, monotonic: Callable[[], float]
) -> type[HTTPConnectionPool]:
    # urllib3 makes connections from a class that the pool names; this is how they learn of their way out.
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"network": network})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection, "monotonic": staticmethod(monotonic)})
