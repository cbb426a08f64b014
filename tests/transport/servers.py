"""Servers on real sockets that misbehave in one way each."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from crm_bridge.clock import SystemClock
from crm_bridge.transport import Call, Purpose

Behave = Callable[[socket.socket, int], None]


class ImpatientClock(SystemClock):
    """Real time, but waits between attempts are only noted down."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@dataclass
class Server:
    """Reads one request per turn, keeps its bytes, then does what the test says."""

    listening: socket.socket
    behave: Behave
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closing: bool = False

    @property
    def origin(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.listening.getsockname()[1]}"

    def run(self) -> None:
        while not self.closing:
            try:
                connection, _peer = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(20)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            while request := read_request(connection):
                self.requests.append(request)
                self.behave(connection, len(self.requests))
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        self.closing = True
        self.listening.close()


def read_request(connection: socket.socket) -> bytes:
    """Return one request with its body (Content-Length only), or nothing at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(
    body: bytes = b"{}", *, status: str = "200 OK", headers: str = "", content_type: str = "application/json"
) -> bytes:
    """Return a complete HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def call_to(origin: str, purpose: Purpose = Purpose.READ, path: str = "/x", **more: object) -> Call:
    """Return a call with the method that fits its purpose."""
    method = {Purpose.READ: "GET", Purpose.DOWNLOAD: "GET", Purpose.DESTROY: "DELETE"}.get(purpose, "POST")
    return Call(method, origin + path, f"{method} /x", purpose, **more)  # type: ignore[arg-type]
