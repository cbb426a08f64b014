"""Files come in pieces, whole or not at all."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from crm_bridge.errors import MalformedAnswerError, PermissionDeniedError, RequestRefusedError
from crm_bridge.transport import Purpose, Response, RetryHint, Transport
from tests.transport.servers import Server, call_to, reply

Serve = Callable[..., Server]
Make = Callable[..., Transport]
DOWNLOAD = Purpose.DOWNLOAD


def octets(body: bytes, **more: str) -> bytes:
    return reply(body, content_type="application/octet-stream", **more)


def test_a_file_arrives_in_pieces_of_at_most_64_kib(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(octets(b"x" * 300_000)))
    pieces = list(transport_to(server.origin).download(call_to(server.origin, DOWNLOAD), max_bytes=300_000))
    assert b"".join(pieces) == b"x" * 300_000
    assert max(map(len, pieces)) <= 65536


def test_a_file_that_is_cut_raises_before_it_ends(serve: Serve, transport_to: Make) -> None:
    def cut(connection: socket.socket, _turn: int) -> None:
        connection.sendall(octets(b"x" * 1000)[:-1])
        connection.close()

    server = serve(cut)
    with pytest.raises(MalformedAnswerError) as refused:
        list(transport_to(server.origin).download(call_to(server.origin, DOWNLOAD), max_bytes=5000))
    assert refused.value.reason == "short_body"
    assert len(server.requests) == 1, "never repeated after the first byte was handed out"


def test_a_file_larger_than_allowed_raises(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(octets(b"x" * 1000)))
    with pytest.raises(MalformedAnswerError) as refused:
        list(transport_to(server.origin).download(call_to(server.origin, DOWNLOAD), max_bytes=999))
    assert refused.value.reason == "oversize"


def test_a_server_error_before_the_file_is_repeated(serve: Serve, transport_to: Make) -> None:
    server = serve(
        lambda connection, turn: connection.sendall(octets(b"", status="503 Busy") if turn == 1 else octets(b"file"))
    )
    assert list(transport_to(server.origin).download(call_to(server.origin, DOWNLOAD), max_bytes=10)) == [b"file"]


def test_a_refusal_is_what_the_adapter_makes_of_it(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(b'{"code":"NO"}', status="403 No")))

    def refused(answer: Response) -> PermissionDeniedError:
        return PermissionDeniedError("no", vendor_code=answer.json()["code"])

    with pytest.raises(PermissionDeniedError) as denied:
        list(transport_to(server.origin).download(call_to(server.origin, DOWNLOAD), max_bytes=10**6, refused=refused))
    assert denied.value.vendor_code == "NO"


def test_without_the_adapters_word_it_is_a_refused_request(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(status="404 No")))
    with pytest.raises(RequestRefusedError) as refused:
        list(transport_to(server.origin).download(call_to(server.origin, DOWNLOAD), max_bytes=10**6))
    assert refused.value.http_status == 404


def test_json_in_place_of_a_file_is_judged_and_the_token_renewed(serve: Serve, transport_to: Make) -> None:
    server = serve(
        lambda connection, turn: connection.sendall(reply(b'{"errorCode":20016}') if turn == 1 else octets(b"file"))
    )
    found = transport_to(server.origin).download(
        call_to(server.origin, DOWNLOAD, headers={"Authorization": "old"}),
        max_bytes=100,
        judge=lambda answer: RetryHint.REFRESH if b"20016" in answer.body else RetryHint.OK,
        renew=lambda: call_to(server.origin, DOWNLOAD, headers={"Authorization": "new"}),
    )
    assert list(found) == [b"file"]
    assert b"Authorization: new" in server.requests[1]


def test_a_file_that_is_json_passes_when_the_judge_lets_it(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(b'{"a":1}')))
    found = transport_to(server.origin).download(
        call_to(server.origin, DOWNLOAD), max_bytes=100, judge=lambda _answer: RetryHint.OK
    )
    assert list(found) == [b'{"a":1}']


def test_a_download_given_up_half_way_frees_its_place(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(octets(b"x" * 300_000)))
    transport = transport_to(server.origin)
    stream = transport.download(call_to(server.origin, DOWNLOAD), max_bytes=300_000)
    next(iter(stream))
    assert transport.budget.in_flight == 1
    stream.close()  # type: ignore[attr-defined]
    assert transport.budget.in_flight == 0


@pytest.mark.parametrize("verdict", [RetryHint.RETRY, RetryHint.REFRESH])
@pytest.mark.parametrize("with_renewal", [True, False])
def test_a_judged_refusal_is_never_handed_out_as_the_file_however_often_it_comes(
    serve: Serve, transport_to: Make, verdict: RetryHint, with_renewal: bool
) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(b'{"errorCode":20016}')))
    call = call_to(server.origin, DOWNLOAD)
    renew = (lambda: call) if with_renewal else None
    pieces: list[bytes] = []
    with pytest.raises(RequestRefusedError):
        pieces.extend(
            transport_to(server.origin).download(call, max_bytes=100, judge=lambda _answer: verdict, renew=renew)
        )
    assert pieces == []
