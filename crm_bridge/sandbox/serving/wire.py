"""HTTP/1.1 on a socket: requests read strictly, answers sent whole, or spoiled as a fault says."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import Any
from urllib.parse import unquote

from crm_bridge.sandbox.faults import FaultRule
from crm_bridge.sandbox.serving.dispatch import Delivery, Dispatcher
from crm_bridge.spi.emulator import WireRequest, WireResponse

MOST_BODY = 128 * 1024 * 1024
IDLE_SECONDS = 120.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LONGEST_LINE = 65_536
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


class BadRequestError(Exception):
    """The request cannot be read; `status` is what the client is told."""

    def __init__(self, status: int) -> None:
        """Keep the status."""
        super().__init__(status)
        self.status = status


class WireHandler(BaseHTTPRequestHandler):
    """Serves one connection until one side ends it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server_version = "sandbox"
    sys_version = ""
    connection: socket.socket

    def __init__(self, connection: Any, address: Any, listener: BaseServer, *, exchange: Dispatcher) -> None:
        """Serve this connection, now."""
        self._exchange = exchange
        super().__init__(connection, address, listener)

    def handle(self) -> None:
        """Serve until the client leaves, a fault ends the connection, or the server stops."""
        with suppress(OSError):
            super().handle()

    def handle_one_request(self) -> None:
        """Read one request, deliver one answer."""
        line = self.rfile.readline(_LONGEST_LINE + 1)
        if not line or len(line) > _LONGEST_LINE:
            self.close_connection = True
            return
        self.raw_requestline = line
        if not self.parse_request():
            self.close_connection = True
            return
        path, _mark, query = self.path.partition("?")
        path = unquote(path)
        # Counted until just before the answer leaves: a client that has its answer is never counted twice.
        with self._exchange.counted(path):
            delivery = self._answered(path, query)
            self._wait(delivery.rule)
        self._deliver(delivery)

    def _answered(self, path: str, query: str) -> Delivery:
        if early := self._exchange.early_fault(self.command, path, query):
            return Delivery(None, early)
        try:
            body = self._body()
        except BadRequestError as bad:
            self.close_connection = True
            return Delivery(WireResponse.of_json({"error": HTTPStatus(bad.status).phrase}, bad.status))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self._exchange.deliver(WireRequest(self.command, path, query, headers, body))

    def _wait(self, rule: FaultRule | None) -> None:
        """Hold the answer back where a fault says so, until that is replaced or the server stops."""
        if rule is not None and rule.kind in ("hang", "delay"):
            self._exchange.faults.hold(rule, rule.seconds("seconds", 60 if rule.kind == "hang" else 1))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: the ledger is the log."""

    def handle_expect_100(self) -> bool:
        """Tell a waiting client to go on, at once."""
        self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        text = self.headers.get("Content-Length", "0").strip()
        if not text.isascii() or not text.isdigit():
            raise BadRequestError(400)
        if int(text) > MOST_BODY:
            raise BadRequestError(413)
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise ConnectionResetError
        return body

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while size := self._chunk_size():
            total += size
            if total > MOST_BODY:
                raise BadRequestError(413)
            yield self.rfile.read(size)
            if self.rfile.readline(3) != b"\r\n":
                raise BadRequestError(400)
        while self.rfile.readline(_LONGEST_LINE).strip():
            pass  # trailers mean nothing here

    def _chunk_size(self) -> int:
        line = self.rfile.readline(_LONGEST_LINE)
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError:
            raise BadRequestError(400) from None

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.response is None:
            self._end(delivery.rule)
        elif delivery.rule is None:
            self._send(delivery.response)
        else:
            self._send_spoiled(delivery.response, delivery.rule)

    def _end(self, rule: FaultRule | None) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        if rule is None or rule.kind != "eof":
            reset(self.connection)

    def _send(self, response: WireResponse) -> None:
        # One write: two would cost a delayed acknowledgement on some systems.
        self.connection.sendall(self._head(response) + self._payload(response))

    def _payload(self, response: WireResponse) -> bytes:
        return b"" if self.command == "HEAD" or response.status in _BODILESS else response.body

    def _head(self, response: WireResponse, length: int | None = None) -> bytes:
        given = {name.lower() for name, _value in response.headers}
        bodiless = response.status in _BODILESS
        reason = _REASONS.get(response.status, "")
        lines = [f"HTTP/1.1 {response.status} {reason}"]
        if "date" not in given:
            lines.append(f"Date: {self.date_time_string()}")
        for name, value in response.headers:
            if name.lower() != "content-length" and not (bodiless and name.lower() == "content-type"):
                lines.append(f"{name}: {value}")
        if not bodiless:
            lines.append(f"Content-Length: {len(response.body) if length is None else length}")
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _send_spoiled(self, response: WireResponse, rule: FaultRule) -> None:
        """Send an answer the way a fault bends it; kinds that only change the content go out as they are."""
        body = self._payload(response)
        match rule.kind:
            case "cut":
                keep = int(rule.arguments.get("bytes", len(body) // 2))
                self.close_connection = True
                self.connection.sendall(self._head(response) + body[:keep])
            case "wrong_length":
                self.close_connection = True
                length = max(0, len(body) + int(rule.arguments.get("by", 10)))
                self.connection.sendall(self._head(response, length) + body)
            case "trickle":
                self.connection.sendall(self._head(response))
                self._drip(body, rule)
            case "slow_headers":
                self._drip(self._head(response), rule)
                self.connection.sendall(body)
            case _:
                self._send(response)

    def _drip(self, data: bytes, rule: FaultRule) -> None:
        """Send piece by piece: `bytes` (default 1) every `pause` seconds (default 1)."""
        size, pause = max(1, int(rule.arguments.get("bytes", 1))), rule.seconds("pause", 1)
        for start in range(0, len(data), size):
            self.connection.sendall(data[start : start + size])
            if self._exchange.faults.hold(rule, pause):
                self.close_connection = True
                return


def reset(connection: socket.socket) -> None:
    """Close with RST: the peer gets an error instead of an end."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.close()
