"""Connections through a proxy: CONNECT, and nothing of a request before the host's own TLS stands."""

from __future__ import annotations

import base64
import socket
import ssl
from typing import Any

from urllib3.util.connection import create_connection

from crm_bridge.transport.network import Network, Proxy
from crm_bridge.transport.wire.attempt import ProxyError, current

_LONGEST_HEAD = 16 * 1024
_PATIENCE = 30.0


class Tunnelled:
    """Reaches the pool's host through the proxy of `network`, where it has one for that host.

    The CONNECT is written past `send`, which marks an attempt as sent: what fails before the tunnel stands has proven
    that the CRM saw nothing.
    """

    network = Network()
    host: str
    port: int
    sock: Any
    timeout: Any
    socket_options: Any
    _proxy: Proxy | None = None
    _tls_by_urllib3 = False
    """Whether urllib3's own `connect` wraps the way to an https proxy; only its https connections do."""

    def connect(self) -> None:
        self._proxy = self.network.proxy_for(self.host)
        if self._proxy is not None:
            self.set_tunnel(self.host, port=self.port, scheme=self._proxy.scheme)  # type: ignore[attr-defined]
        super().connect()  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        if self._proxy is None:
            return super()._new_conn()  # type: ignore[misc,no-any-return]
        try:
            made = create_connection(
                (self._proxy.host, self._proxy.port), self.timeout, socket_options=self.socket_options
            )
        except OSError:
            raise ProxyError("proxy", self._proxy.name) from None
        if self._proxy.scheme == "https" and not self._tls_by_urllib3:
            return self._connect_tls_proxy(self._proxy.host, made)
        return made

    def _connect_tls_proxy(self, _hostname: str, sock: socket.socket) -> ssl.SSLSocket:
        assert self._proxy is not None
        try:
            return self.network.context().wrap_socket(sock, server_hostname=self._proxy.host)
        except OSError:
            sock.close()
            raise ProxyError("proxy_tls", self._proxy.name) from None

    def _tunnel(self) -> None:
        proxy = self._proxy
        assert proxy is not None
        target = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        try:
            self.sock.settimeout(self._left())
            self.sock.sendall(_connect_head(target, proxy))
            status = _status_of(self._head())
        except TimeoutError:
            raise ProxyError("proxy_silent", proxy.name) from None
        except OSError:
            raise ProxyError("proxy", proxy.name) from None
        if 200 <= status < 300:
            self.sock.settimeout(self.timeout)
            return
        self.sock.close()
        reason = "proxy_auth" if status == 407 else "proxy_refused" if status < 500 else "proxy_failed"
        raise ProxyError(reason, proxy.name, status)

    def _head(self) -> bytes:
        """Read the proxy's answer to its empty line, byte by byte: what follows belongs to the tunnel."""
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            self.sock.settimeout(self._left())
            byte = self.sock.recv(1)
            if not byte or len(head) >= _LONGEST_HEAD:
                raise ConnectionError
            head += byte
        return bytes(head)

    @staticmethod
    def _left() -> float:
        attempt = current.get()
        return attempt.left() if attempt else _PATIENCE


def _connect_head(target: str, proxy: Proxy) -> bytes:
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if known := proxy.credentials():
        pair = base64.b64encode(":".join(known).encode("utf-8")).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {pair}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _status_of(head: bytes) -> int:
    version, _blank, rest = head.split(b"\r\n", 1)[0].partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/") or not code.isdigit():
        raise ConnectionError
    return int(code)
