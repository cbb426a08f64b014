"""A threaded HTTP/1.1 server on loopback that mounts one emulator."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from socketserver import BaseServer, StreamRequestHandler, ThreadingTCPServer
from typing import Any

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.sandbox.faults import FaultPlan, FaultRule
from crm_bridge.sandbox.serving.dispatch import Dispatcher
from crm_bridge.sandbox.serving.wire import WireHandler, reset
from crm_bridge.spi.emulator import Emulator

HOST = "127.0.0.1"
_JOIN_SECONDS = 5.0


class _Listener(ThreadingTCPServer):
    """Accepts connections and keeps track of them, so that none is left open at the end."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, handler: Callable[[Any, Any, BaseServer], StreamRequestHandler]) -> None:
        super().__init__((host, port), handler)
        self.refused: Callable[[], bool] = lambda: False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = False

    def serve(self) -> None:
        """Take connections until `stop`; unlike `serve_forever` it looks at nothing in between."""
        while not self._ended:
            with suppress(OSError):
                request, address = self.get_request()
                if self._ended or not self.verify_request(request, address):
                    self.shutdown_request(request)
                else:
                    self.process_request(request, address)

    def stop(self) -> None:
        """End `serve`: a connection of our own wakes it."""
        self._ended = True
        with suppress(OSError):
            socket.create_connection(self.server_address[:2], _JOIN_SECONDS).close()  # type: ignore[arg-type]

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - the base class decides
        """Refuse a connection at accept, when a fault says so."""
        if self.refused():
            reset(request)
            return False
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection; their threads see the end of the stream."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no error of ours, and nothing here may print."""


class SandboxServer:
    """One emulator behind one port. The address is known before the emulator: it is made with it.

    `mount` before `start`; `close` ends the server and every connection. Thread-safe.
    """

    def __init__(self, port: int = 0, *, host: str = HOST) -> None:
        """Take a port (0 = a free one). Raises UsageError where it is taken."""
        self.faults = FaultPlan()
        self._exchange: Dispatcher | None = None
        try:
            self._listener = _Listener(host, port, self._handle)
        except OSError as taken:
            raise UsageError(
                _("port {port} cannot be used: {why}").format(port=port, why=taken.strerror or type(taken).__name__),
                reason="port_taken",
                hint=_("choose another port, or none: then a free one is taken"),
            ) from None
        self._listener.refused = lambda: self.faults.next_connection() is not None
        self.port: int = self._listener.server_address[1]
        self.base_url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._listener.serve, daemon=True)

    def mount(self, emulator: Emulator) -> None:
        """Answer for this emulator from now on."""
        self._exchange = Dispatcher(emulator, self.faults)

    @property
    def exchange(self) -> Dispatcher:
        """Return what stands between the port and the emulator: traffic, stop event, emulator."""
        if self._exchange is None:
            raise UsageError(_("no emulator is mounted"))
        return self._exchange

    def start(self) -> SandboxServer:
        """Begin to answer."""
        assert self.exchange.emulator.base_url, "an emulator knows its address"
        self._thread.start()
        return self

    def inject(self, *rules: FaultRule) -> None:
        """Replace the fault plan; no rule at all means that everything works again."""
        self.faults.replace(rules)

    def close(self) -> None:
        """Stop listening, wake what hangs, end every connection."""
        self.faults.replace([])
        if self._thread.is_alive():
            self._listener.stop()
            self._thread.join(_JOIN_SECONDS)
        self._listener.server_close()
        self._listener.hang_up()

    def __enter__(self) -> SandboxServer:
        """Start, unless that was done."""
        return self if self._thread.is_alive() else self.start()

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()

    def _handle(self, connection: Any, address: Any, listener: BaseServer) -> StreamRequestHandler:
        return WireHandler(connection, address, listener, exchange=self.exchange)
