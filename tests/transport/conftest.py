"""Fixtures: servers that are closed again, and transports that talk to them without waiting."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from crm_bridge.transport import Budget, CallRecord, Timeouts, Transport
from tests.transport.authority import Authority, new_authority
from tests.transport.servers import Behave, ImpatientClock, Server


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(behave: Behave, tls: ssl.SSLContext | None = None) -> Server:
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(listening, behave, tls)
        servers.append(server)
        threading.Thread(target=server.run, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def clock() -> ImpatientClock:
    return ImpatientClock()


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
def transport_to(clock: ImpatientClock, records: list[CallRecord]) -> Iterator[Callable[..., Transport]]:
    made: list[Transport] = []

    def make(*origins: str, total: float = 5.0, read: float = 5.0, **more: object) -> Transport:
        transport = Transport(
            name="test",
            origins=origins,
            clock=clock,
            randomness=random.Random(7),
            budget=Budget(),
            timeouts=Timeouts(connect=2.0, read=read, total=total, download=total),
            listener=records.append,
            **more,  # type: ignore[arg-type]
        )
        made.append(transport)
        return transport

    yield make
    for transport in made:
        transport.close()
