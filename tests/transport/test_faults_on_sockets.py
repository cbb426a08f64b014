"""What really happens on a wire decides between "not sent" and "nobody knows"."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

import pytest

from crm_bridge.errors import AnswerLostError, CrmError, MalformedAnswerError, NotSentError
from crm_bridge.transport import CallRecord, Purpose, Transport, UploadBody, UploadPart
from tests.slowness import slowness
from tests.transport.servers import ImpatientClock, Server, call_to, reply

pytestmark = pytest.mark.timing

CHANGING = [Purpose.DESTROY, Purpose.CREATE]

Serve = Callable[..., Server]
Make = Callable[..., Transport]


def reset(connection: socket.socket, _turn: int) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket, _turn: int) -> None:
    connection.close()


def say_nothing(_connection: socket.socket, _turn: int) -> None:
    threading.Event().wait(3)


def cut_body(connection: socket.socket, _turn: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}")
    connection.close()


def cut_chunks(connection: socket.socket, _turn: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    connection.close()


def cut_headers(connection: socket.socket, _turn: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
    connection.close()


def garbage(connection: socket.socket, _turn: int) -> None:
    connection.sendall(b"\x00\x01\x02 this is not http\r\n\r\n")
    connection.close()


def broken_gzip(connection: socket.socket, _turn: int) -> None:
    connection.sendall(reply(b"not gzip at all", headers="Content-Encoding: gzip\r\n"))


FAULTS = {
    "reset": reset,
    "hang_up": hang_up,
    "cut_body": cut_body,
    "cut_chunks": cut_chunks,
    "cut_headers": cut_headers,
    "garbage": garbage,
    "broken_gzip": broken_gzip,
}


@pytest.mark.parametrize("purpose", CHANGING)
@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_first_byte_of_a_change_every_fault_is_an_answer_lost(
    serve: Serve, transport_to: Make, fault: str, purpose: Purpose
) -> None:
    server = serve(FAULTS[fault])
    with pytest.raises(AnswerLostError):
        transport_to(server.origin).send(call_to(server.origin, purpose))
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_is_tried_three_times_and_then_given_up(serve: Serve, transport_to: Make, fault: str) -> None:
    server = serve(FAULTS[fault])
    with pytest.raises((AnswerLostError, MalformedAnswerError)):
        transport_to(server.origin).send(call_to(server.origin))
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", ["cut_body", "cut_chunks", "broken_gzip"])
def test_a_read_that_is_cut_is_never_taken_for_an_answer(serve: Serve, transport_to: Make, fault: str) -> None:
    server = serve(
        lambda connection, turn: FAULTS[fault](connection, turn) if turn == 1 else connection.sendall(reply())
    )
    assert transport_to(server.origin).send(call_to(server.origin)).body == b"{}"
    assert len(server.requests) == 2


@pytest.mark.parametrize("purpose", CHANGING)
def test_silence_after_a_change_is_an_answer_lost(serve: Serve, transport_to: Make, purpose: Purpose) -> None:
    server = serve(say_nothing)
    with pytest.raises(AnswerLostError) as lost:
        transport_to(server.origin, read=0.2).send(call_to(server.origin, purpose))
    assert lost.value.reason == "timeout"


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_refused_connection_proves_that_nothing_was_sent(transport_to: Make, purpose: Purpose) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(NotSentError) as refused:
        transport_to(origin).send(call_to(origin, purpose))
    assert refused.value.reason == "connect"


def test_a_name_that_does_not_resolve_proves_it_too(transport_to: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NotSentError) as refused:
        transport_to("https://crm.invalid").send(call_to("https://crm.invalid", Purpose.DESTROY))
    assert refused.value.reason == "dns"


def test_a_header_that_cannot_be_written_is_not_sent(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply()))
    for value in ("x\r\nInjected: yes", "合同"):
        with pytest.raises(NotSentError) as refused:
            transport_to(server.origin).send(call_to(server.origin, Purpose.DESTROY, headers={"X": value}))
        assert refused.value.reason == "invalid_request"
        assert value not in str(refused.value)
    assert server.requests == []


def drip(prefix: bytes) -> Callable[[socket.socket, int], None]:
    def behave(connection: socket.socket, _turn: int) -> None:
        connection.sendall(prefix)
        for _ in range(200):
            threading.Event().wait(0.02)
            connection.sendall(b"x")

    return behave


@pytest.mark.parametrize("purpose", [Purpose.DESTROY, Purpose.READ])
@pytest.mark.parametrize(
    "prefix",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
    ],
    ids=["status", "headers", "body", "chunk"],
)
def test_a_drip_of_bytes_ends_at_the_total_deadline(
    serve: Serve, transport_to: Make, records: list[CallRecord], prefix: bytes, purpose: Purpose
) -> None:
    server = serve(drip(prefix))
    with pytest.raises(AnswerLostError) as lost:
        transport_to(server.origin, total=0.2).send(call_to(server.origin, purpose))
    assert lost.value.reason == "deadline"
    assert all(record.milliseconds < 2000 * slowness() for record in records)


def test_an_upload_the_server_does_not_read_ends_at_the_deadline(transport_to: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        part = UploadPart("file", "a.bin", UploadBody((b"x" * 65536 for _ in range(1000)), 65536 * 1000))
        with pytest.raises(AnswerLostError):
            transport_to(origin, total=0.3).send(call_to(origin, Purpose.CREATE, files=[part]))


def test_a_connection_idle_for_more_than_two_seconds_is_not_used_for_a_change(
    serve: Serve, transport_to: Make, clock: ImpatientClock
) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply()))
    transport = transport_to(server.origin)
    for idle in (0.0, 1.5, 1.5, 2.1):
        clock.ahead += idle
        transport.send(call_to(server.origin, Purpose.DESTROY))
    assert (len(server.requests), server.connections) == (4, 2)


def test_a_change_right_after_a_read_uses_its_connection(serve: Serve, transport_to: Make) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply()))
    transport = transport_to(server.origin)
    for purpose in (Purpose.READ, Purpose.DESTROY, Purpose.READ, Purpose.CREATE):
        transport.send(call_to(server.origin, purpose))
    assert (len(server.requests), server.connections) == (4, 1)


def test_a_read_may_use_a_connection_that_was_idle_for_long(
    serve: Serve, transport_to: Make, clock: ImpatientClock
) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply()))
    transport = transport_to(server.origin)
    transport.send(call_to(server.origin, Purpose.DESTROY))
    clock.ahead += 60
    transport.send(call_to(server.origin, Purpose.READ))
    assert server.connections == 1


@pytest.mark.parametrize("purpose", CHANGING)
def test_a_change_after_a_quiet_read_opens_a_connection(
    serve: Serve, transport_to: Make, clock: ImpatientClock, purpose: Purpose
) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply()))
    transport = transport_to(server.origin)
    transport.send(call_to(server.origin, Purpose.READ))
    clock.ahead += 2.1
    transport.send(call_to(server.origin, purpose))
    assert (len(server.requests), server.connections) == (2, 2)


def test_a_change_never_follows_on_a_connection_whose_answer_was_not_read_to_its_end(
    serve: Serve, transport_to: Make
) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(b"x" * 1_000_000)))
    transport = transport_to(server.origin)
    with pytest.raises(CrmError):
        transport.send(call_to(server.origin, max_bytes=10))
    transport.send(call_to(server.origin, Purpose.DESTROY))
    assert server.connections == 2


def test_a_change_takes_no_answer_that_came_unasked_after_a_read(serve: Serve, transport_to: Make) -> None:
    def twice_the_first_time(connection: socket.socket, turn: int) -> None:
        connection.sendall(reply(b'{"turn":"read"}') + reply(b'{"turn":"stray"}') if turn == 1 else reply(b"{}"))

    server = serve(twice_the_first_time)
    transport = transport_to(server.origin)
    transport.send(call_to(server.origin, Purpose.READ))
    assert transport.send(call_to(server.origin, Purpose.DESTROY)).body == b"{}"


def test_a_read_on_a_connection_the_server_closed_is_simply_repeated(serve: Serve, transport_to: Make) -> None:
    def close_after_two(connection: socket.socket, turn: int) -> None:
        if turn == 2:
            connection.close()
        else:
            connection.sendall(reply())

    server = serve(close_after_two)
    transport = transport_to(server.origin)
    assert [transport.send(call_to(server.origin)).status for _ in range(2)] == [200, 200]


def test_every_attempt_leaves_a_record(serve: Serve, transport_to: Make, records: list[CallRecord]) -> None:
    server = serve(
        lambda connection, turn: connection.sendall(
            reply(status="503 Busy") if turn == 1 else reply(headers="X-Request-Id: abc-1\r\n")
        )
    )
    transport_to(server.origin).send(call_to(server.origin))
    seen = [(one.host, one.route, one.attempt, one.status, one.request_id, one.received) for one in records]
    assert seen == [("127.0.0.1", "GET /x", 1, 503, "", 2), ("127.0.0.1", "GET /x", 2, 200, "abc-1", 2)]


def test_every_error_of_the_transport_is_one_of_ours(serve: Serve, transport_to: Make) -> None:
    for behave in FAULTS.values():
        server = serve(behave)
        with pytest.raises(CrmError) as raised:
            transport_to(server.origin).send(call_to(server.origin, Purpose.DESTROY))
        assert raised.value.__context__ is None
        assert raised.value.__cause__ is None
