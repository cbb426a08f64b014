"""The sandbox speaks HTTP/1.1 as a real server does."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from crm_bridge.errors import UsageError
from crm_bridge.sandbox.serving.server import SandboxServer


def raw(server: SandboxServer, data: bytes) -> bytes:
    """Send bytes, return every byte until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_listens_on_loopback_only(server: SandboxServer) -> None:
    assert server.base_url == f"http://127.0.0.1:{server.port}"


def test_method_path_query_headers_and_body_reach_the_crm(server: SandboxServer) -> None:
    answer = requests.post(f"{server.base_url}/a%20b/c?x=1&y=%E5%90%88", data=b"12345", headers={"X-Said": "hi"})
    assert answer.json() == {"method": "POST", "path": "/a b/c", "query": "x=1&y=%E5%90%88", "size": 5, "said": "hi"}


def test_one_connection_serves_many_requests(server: SandboxServer) -> None:
    request = b"GET /one HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert raw(server, request * 3).count(b"HTTP/1.1 200 OK") == 3


def test_a_chunked_body_is_put_together(server: SandboxServer) -> None:
    answer = requests.post(f"{server.base_url}/up", data=iter([b"abc", b"defg"]))
    assert answer.json()["size"] == 7


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(server: SandboxServer) -> None:
    head = b"POST /up HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    answer = raw(server, head + b"ab")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("length", [b"-1", b"1x", b""])
def test_a_length_that_is_no_number_is_refused(server: SandboxServer, length: bytes) -> None:
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + length + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_broken_chunk_is_refused(server: SandboxServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(server, head + b"zz\r\n").startswith(b"HTTP/1.1 400 ")


def test_head_gets_headers_without_a_body(server: SandboxServer) -> None:
    head, _blank, body = raw(server, b"HEAD /items HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").partition(b"\r\n\r\n")
    assert (b"Content-Length: " in head, body) == (True, b"")


def test_204_has_no_body_and_no_content_type(server: SandboxServer) -> None:
    answer = requests.delete(f"{server.base_url}/items/2")
    assert (answer.status_code, answer.content, "Content-Type" in answer.headers) == (204, b"", False)
    assert "Content-Length" not in answer.headers


def test_every_answer_carries_a_date(server: SandboxServer) -> None:
    assert requests.get(server.base_url).headers["Date"].endswith(" GMT")


def test_the_ledger_shows_requests_and_effects(server: SandboxServer) -> None:
    requests.get(f"{server.base_url}/items?page=1")
    requests.delete(f"{server.base_url}/items/2")
    entries = requests.get(f"{server.base_url}/__sandbox__/ledger").json()["entries"]
    assert [(line["seq"], line["method"], line["path"], line["effects"]) for line in entries] == [
        (1, "GET", "/items", []),
        (2, "DELETE", "/items/2", [{"kind": "trashed", "module": "items", "id": "2", "actor": "me"}]),
    ]


def test_the_ledger_can_be_read_from_a_number_on(server: SandboxServer) -> None:
    for path in ("/a", "/b", "/c"):
        requests.get(server.base_url + path)
    entries = requests.get(f"{server.base_url}/__sandbox__/ledger?after=2").json()["entries"]
    assert [(line["seq"], line["path"]) for line in entries] == [(3, "/c")]


def test_control_reaches_the_crm(server: SandboxServer) -> None:
    answer = requests.post(f"{server.base_url}/__sandbox__/control", json={"command": "contracts", "arguments": {}})
    assert answer.json() == {"ids": ["1", "2", "3"]}


def test_a_control_mistake_is_a_400(server: SandboxServer) -> None:
    answer = requests.post(f"{server.base_url}/__sandbox__/control", json={"command": "fly"})
    assert (answer.status_code, answer.json()["error"]) == (400, "no fly with {}")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"command": 1}', b'{"command": "x", "arguments": []}'])
def test_a_control_body_of_another_shape_is_a_400(server: SandboxServer, body: bytes) -> None:
    assert requests.post(f"{server.base_url}/__sandbox__/control", data=body).status_code == 400


def test_ready_says_what_a_client_needs(server: SandboxServer) -> None:
    ready = requests.get(f"{server.base_url}/__sandbox__/ready").json()
    assert ready == {"ready": {"base_url": server.base_url, "key": "k-1"}}


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_a_web_page_cannot_use_the_sandbox_addresses(server: SandboxServer, headers: dict[str, str]) -> None:
    assert requests.get(f"{server.base_url}/__sandbox__/ready", headers=headers).status_code == 403


def test_other_sandbox_addresses_are_unknown(server: SandboxServer) -> None:
    assert requests.get(f"{server.base_url}/__sandbox__/control").status_code == 404


def test_requests_in_flight_are_counted_by_path(server: SandboxServer, crm: Any) -> None:
    crm.turnstile = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(requests.get, [f"{server.base_url}/slow"] * 4))
    stats = requests.get(f"{server.base_url}/__sandbox__/ledger").json()["stats"]
    assert stats["by_path"] == {"/slow": {"requests": 4, "in_flight": 0, "peak": 4}}


def test_requests_one_after_another_never_count_as_two_in_flight(server: SandboxServer) -> None:
    for _number in range(20):
        requests.get(f"{server.base_url}/slow")
    assert requests.get(f"{server.base_url}/__sandbox__/ledger").json()["stats"]["peak"] == 1


def test_a_taken_port_is_said_in_a_sentence(server: SandboxServer) -> None:
    with pytest.raises(UsageError, match=f"port {server.port} cannot be used"):
        SandboxServer(server.port)


def test_a_closed_server_refuses_connections() -> None:
    server = SandboxServer()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_closing_ends_open_connections(server: SandboxServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        server.close()
        assert connection.recv(65536) == b""
