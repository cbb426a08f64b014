"""Answers built to hurt: bombs, redirects, floods; the program stays small and stays where it was sent."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from crm_bridge.errors import AnswerLostError, ForbiddenAddressError, MalformedAnswerError
from crm_bridge.transport import Call, Purpose, Transport
from tests.transport.servers import Server, call_to, reply

Serve = Callable[..., Server]
Make = Callable[..., Transport]


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"0" * 1_000_000
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


def test_a_gzip_bomb_is_stopped_at_the_limit_without_being_unpacked(serve: Serve, transport_to: Make) -> None:
    packed = reply(bomb(500_000_000), headers="Content-Encoding: gzip\r\n")
    server = serve(lambda connection, _turn: connection.sendall(packed))
    tracemalloc.start()
    try:
        with pytest.raises(MalformedAnswerError) as refused:
            transport_to(server.origin).send(call_to(server.origin))
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.reason == "oversize"
    assert grown < 50_000_000
    assert len(server.requests) == 1


def test_a_bomb_inside_a_bomb_is_stopped_too(serve: Serve, transport_to: Make) -> None:
    packed = reply(gzip.compress(bomb(200_000_000)), headers="Content-Encoding: gzip, gzip\r\n")
    server = serve(lambda connection, _turn: connection.sendall(packed))
    with pytest.raises(MalformedAnswerError) as refused:
        transport_to(server.origin).send(call_to(server.origin))
    assert refused.value.reason == "oversize"


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
def test_a_call_may_set_its_own_limit(serve: Serve, transport_to: Make, size: int, fits: bool) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(b"x" * size)))
    call = call_to(server.origin, max_bytes=1000)
    if fits:
        assert len(transport_to(server.origin).send(call).body) == 1000
    else:
        with pytest.raises(MalformedAnswerError):
            transport_to(server.origin).send(call)


def test_an_oversize_answer_to_a_delete_is_an_answer_lost(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(b"x" * 100)))
    with pytest.raises(AnswerLostError) as lost:
        transport_to(server.origin).send(call_to(server.origin, Purpose.DESTROY, max_bytes=99))
    assert lost.value.reason == "oversize"


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(serve: Serve, transport_to: Make, code: int, purpose: Purpose) -> None:
    second = serve(lambda connection, _turn: connection.sendall(reply()))
    first = serve(
        lambda connection, _turn: connection.sendall(
            reply(status=f"{code} Go", headers=f"Location: {second.origin}/x\r\n")
        )
    )
    # Both are in the allow-list: even then the redirect is not ours to follow.
    transport = transport_to(first.origin, second.origin)
    expected = AnswerLostError if purpose.changes_the_crm else ForbiddenAddressError
    with pytest.raises(expected) as refused:
        transport.send(
            call_to(first.origin, purpose, headers={"Authorization": "canary"}, json={"corpAccessToken": "canary"})
        )
    assert refused.value.reason == "redirect"
    assert (len(first.requests), len(second.requests)) == (1, 0)


def test_the_body_of_a_redirect_is_not_read(serve: Serve, transport_to: Make) -> None:
    packed = reply(bomb(100_000_000), status="302 Go", headers="Content-Encoding: gzip\r\nLocation: /y\r\n")
    server = serve(lambda connection, _turn: connection.sendall(packed))
    with pytest.raises(ForbiddenAddressError):
        transport_to(server.origin).send(call_to(server.origin))


def test_a_download_redirect_is_not_followed(serve: Serve, transport_to: Make) -> None:
    second = serve(lambda connection, _turn: connection.sendall(reply()))
    first = serve(
        lambda connection, _turn: connection.sendall(reply(status="302 Go", headers=f"Location: {second.origin}/x\r\n"))
    )
    with pytest.raises(ForbiddenAddressError):
        list(transport_to(first.origin).download(call_to(first.origin, Purpose.DOWNLOAD), max_bytes=100))
    assert second.requests == []


def test_a_host_outside_the_list_gets_nothing(serve: Serve, transport_to: Make) -> None:
    ours = serve(lambda connection, _turn: connection.sendall(reply()))
    other = serve(lambda connection, _turn: connection.sendall(reply()))
    transport = transport_to(ours.origin)
    with pytest.raises(ForbiddenAddressError):
        transport.send(call_to(other.origin))
    with pytest.raises(ForbiddenAddressError):
        list(transport.download(call_to(other.origin, Purpose.DOWNLOAD), max_bytes=10))
    assert other.connections == 0


def test_a_renewed_call_may_not_change_the_host(serve: Serve, transport_to: Make) -> None:
    from crm_bridge.transport import RetryHint

    ours = serve(lambda connection, _turn: connection.sendall(reply()))
    other = serve(lambda connection, _turn: connection.sendall(reply()))
    with pytest.raises(ForbiddenAddressError):
        transport_to(ours.origin).send(
            call_to(ours.origin), judge=lambda _answer: RetryHint.REFRESH, renew=lambda: call_to(other.origin)
        )
    assert other.connections == 0


def test_the_environment_changes_nothing(
    serve: Serve, transport_to: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    trap = serve(lambda connection, _turn: connection.sendall(reply()))
    server = serve(lambda connection, _turn: connection.sendall(reply()))
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="ascii") as target:
        target.write("machine 127.0.0.1 login canary password canary\n")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, trap.origin)
    monkeypatch.setenv("NETRC", netrc)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    transport_to(server.origin).send(call_to(server.origin))
    assert trap.connections == 0
    assert b"authorization" not in server.requests[0].lower()


def test_cookies_are_not_kept(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(headers="Set-Cookie: a=canary\r\n")))
    transport = transport_to(server.origin)
    transport.send(call_to(server.origin))
    transport.send(call_to(server.origin))
    assert b"canary" not in server.requests[1]


def test_ten_thousand_headers_are_refused(serve: Serve, transport_to: Make) -> None:
    flood = reply(headers="".join(f"X-{number}: y\r\n" for number in range(10_000)))
    server = serve(lambda connection, _turn: connection.sendall(flood))
    with pytest.raises(AnswerLostError):
        transport_to(server.origin).send(call_to(server.origin, Purpose.DESTROY))


def test_a_call_shows_its_template_only() -> None:
    call = Call("GET", "https://x/secret", "GET /x", Purpose.READ, headers={"A": "canary"}, json={"b": "canary"})
    assert repr(call) == "<Call read GET /x>"
