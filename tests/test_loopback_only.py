"""The guard of this suite: what would leave the machine is stopped and told."""

from __future__ import annotations

import socket

import pytest

from tests import conftest as guard


@pytest.fixture
def tried() -> list[str]:
    """What the guard wrote down; taken back, because these tests mean it."""
    return guard._tried


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "8.8.8.8"])
def test_a_connection_to_another_machine_is_stopped(tried: list[str], address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as wire, pytest.raises(OSError, match=address):
        wire.connect((address, 443))
    assert len(tried) == 1
    tried.clear()


def test_a_datagram_to_another_machine_is_stopped(tried: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, pytest.raises(OSError, match=r"192\.0\.2\.1"):
        wire.sendto(b"?", ("192.0.2.1", 53))
    assert len(tried) == 1
    tried.clear()


def test_a_question_to_a_name_server_is_stopped(tried: list[str]) -> None:
    with pytest.raises(OSError, match=r"crm\.example"):
        socket.getaddrinfo("crm.example", 443)
    assert len(tried) == 1
    tried.clear()


def test_this_machine_may_be_spoken_with() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
        assert socket.getaddrinfo("localhost", 80)
