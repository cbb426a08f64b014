"""A CONNECT proxy as companies run them: it resolves names itself, may ask for a password, and may speak TLS."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """Listens on loopback; `names` maps `host:port` to the local port that plays that host."""

    names: Mapping[str, int]
    user: str = ""
    tls: ssl.SSLContext | None = None
    refuses: str = ""
    """A status line's end, such as `403 Forbidden`, for every CONNECT."""
    silent: bool = False
    heads: list[bytes] = field(default_factory=list)
    """The first bytes of every connection, as they came."""
    carried: bytearray = field(default_factory=bytearray)
    """What went through tunnels in either direction."""
    port: int = 0
    _listening: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """Return where the connections wanted to go."""
        return [head.split(b" ")[1].decode() for head in self.heads]

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # a thread that is accepting would take one more
        self._listening.close()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head = bytearray()
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        self.heads.append(bytes(head))
        if self.silent:
            connection.recv(1)  # until the client gives up
            return
        status = self._status(bytes(head))
        connection.sendall(f"HTTP/1.1 {status}\r\nProxy-Agent: test\r\n\r\n".encode())
        if status.startswith("200"):
            with socket.create_connection(("127.0.0.1", self.names[self.targets[-1]])) as host:
                self._pump(connection, host)

    def _status(self, head: bytes) -> str:
        wanted = b"Proxy-Authorization: Basic " + base64.b64encode(self.user.encode())
        if self.user and wanted not in head.split(b"\r\n"):
            return "407 Proxy Authentication Required"
        method, target, _version = head.split(b"\r\n")[0].split(b" ")
        if method != b"CONNECT":
            return "405 Method Not Allowed"
        if self.refuses:
            return self.refuses
        return "200 Connection established" if target.decode() in self.names else "502 Bad Gateway"

    def _pump(self, client: socket.socket, host: socket.socket) -> None:
        other = {client: host, host: client}
        while True:
            pending = isinstance(client, ssl.SSLSocket) and client.pending()
            ready = [client] if pending else select.select([client, host], [], [], 30)[0]
            if not ready:
                return
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                self.carried += data
                other[one].sendall(data)


@contextlib.contextmanager
def proxy_to(names: Mapping[str, int], **more: object) -> Iterator[ConnectProxy]:
    """Run a proxy while the block runs."""
    proxy = ConnectProxy(names, **more)  # type: ignore[arg-type]
    threading.Thread(target=proxy.run, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
