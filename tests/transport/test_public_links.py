"""A link in a record must not become a way into the network of whoever runs the program."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.errors import ForbiddenAddressError, NotSentError
from crm_bridge.transport import fetch_public
from tests.transport.servers import Server, reply


def fetch(url: str, *, ports: tuple[int, ...] = (443,)) -> bytes:
    return b"".join(fetch_public(url, max_bytes=100, clock=ManualClock(), randomness=random.Random(1), ports=ports))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "127.1",
    ],
)
def test_links_to_private_addresses_are_refused(serve: Callable[..., Server], host: str) -> None:
    inside = serve(lambda connection, _turn: connection.sendall(reply()))
    port = inside.listening.getsockname()[1]
    with pytest.raises(ForbiddenAddressError):
        fetch(f"https://{host}:{port}/", ports=(port,))
    assert inside.connections == 0


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "https://8.8.8.8:22/", "ftp://8.8.8.8/", "file:///etc/passwd"])
def test_other_schemes_and_ports_are_refused(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        fetch(url)


def resolves_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[object]:
    turns = iter(answers)
    asked: list[object] = []

    def resolve(host: object, port: object, *_args: object, **_more: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(turns)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(ForbiddenAddressError):
        fetch("https://files.example/")


def test_a_name_that_changes_its_address_is_asked_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be the private one; what is connected to is the checked address."""
    asked = resolves_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    reached: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_args: object, **_more: object) -> None:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    with pytest.raises(NotSentError):
        fetch("https://files.example/")
    assert (asked, reached) == (["files.example"], [("8.8.8.8", 443)])
