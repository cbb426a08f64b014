"""Secrets that go out in a call never come back in an error, a traceback, a log line or a record."""

from __future__ import annotations

import base64
import json
import logging
import socket
import traceback
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import quote

import pytest

from crm_bridge.errors import CrmBridgeError
from crm_bridge.transport import Call, CallRecord, Purpose, Response, RetryHint, Transport, UploadPart
from tests.transport.servers import Server, reply

CANARIES = {
    "bearer": "canary-Bearer-7f3a9c/+=",
    "vendor token": "1000.canary0token.cafe",
    "refresh token": "1000.canary1refresh.beef",
    "client secret": 'canary2"secret\\with&odd chars',
    "app secret": "canary3-app-secret-0123456789",
    "corp token": "canary4CorpAccessToken",
    "permanent code": "canary5PermanentCode",
    "mobile": "13800138000canary6",
    "person": "王小明canary7",
    "contract title": "合同标题canary8",
    "amount": "canary9-12418000.55",
    "file name": "canary10-机密.pdf",
    "file content": "canary11 file content",
}


def forms(secret: str) -> set[str]:
    """Return a secret as it is, URL-encoded, base64, JSON-escaped and hex."""
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        json.dumps(secret)[1:-1],
        raw.hex(),
    }


NEEDLES = sorted({form for secret in CANARIES.values() for form in forms(secret)})


def loaded_call(origin: str, purpose: Purpose, shape: str) -> Call:
    headers = {"Authorization": f"Zoho-oauthtoken {CANARIES['vendor token']}", "X-Token": CANARIES["bearer"]}
    texts = {name: secret for name, secret in CANARIES.items() if not name.startswith("file")}
    base = {"method": "POST", "url": f"{origin}/x", "route": "POST /x", "purpose": purpose, "headers": headers}
    shapes: dict[str, dict[str, object]] = {
        "json": {"json": texts},
        "form": {"form": texts},
        "query": {"params": {"word": CANARIES["contract title"]}},
        "files": {"files": [UploadPart("file", CANARIES["file name"], CANARIES["file content"].encode())]},
        "header": {"headers": {**headers, "X-Bad": f"{CANARIES['person']}\r\n"}},
    }
    return Call(**{**base, **shapes[shape]})  # type: ignore[arg-type]


ECHO = "; ".join(CANARIES.values()).replace("\n", " ")


def echo_and_cut(connection: socket.socket, _turn: int) -> None:
    connection.sendall(f"HTTP/1.1 500 {CANARIES['bearer']}\r\nContent-Length: 999\r\n\r\n{ECHO}".encode())
    connection.close()


def echo_id(connection: socket.socket, _turn: int) -> None:
    connection.sendall(reply(ECHO.encode(), headers=f"X-Request-Id: {CANARIES['vendor token']}\r\n"))


def echo_redirect(connection: socket.socket, _turn: int) -> None:
    where = quote(CANARIES["vendor token"])
    connection.sendall(reply(status="302 Go", headers=f"Location: https://evil.example/{where}\r\n"))


def echo_bad_headers(connection: socket.socket, _turn: int) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\n{ECHO}\r\n\r\n{ECHO}".encode())
    connection.close()


def echo_garbage(connection: socket.socket, _turn: int) -> None:
    connection.sendall(f"{ECHO}\r\n\r\n".encode())
    connection.close()


def echo_html(connection: socket.socket, _turn: int) -> None:
    connection.sendall(reply(f"<html>{ECHO}".encode(), content_type="text/html"))


def echo_broken_json(connection: socket.socket, _turn: int) -> None:
    connection.sendall(reply(f'{{"a": "{ECHO}'.encode()))


def echo_gzip(connection: socket.socket, _turn: int) -> None:
    connection.sendall(reply(ECHO.encode(), headers="Content-Encoding: gzip\r\n"))


def hang_up(connection: socket.socket, _turn: int) -> None:
    connection.close()


BEHAVIOURS = [
    echo_and_cut,
    echo_id,
    echo_redirect,
    echo_bad_headers,
    echo_garbage,
    echo_html,
    echo_broken_json,
    echo_gzip,
    hang_up,
]


def judge(answer: Response) -> RetryHint:
    answer.json()
    return RetryHint.OK


@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.DESTROY, Purpose.TOKEN])
@pytest.mark.parametrize("shape", ["json", "form", "query", "files", "header"])
@pytest.mark.parametrize("behave", BEHAVIOURS)
def test_no_canary_comes_out(
    serve: Callable[..., Server],
    transport_to: Callable[..., Transport],
    records: list[CallRecord],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    behave: Callable[[socket.socket, int], None],
    shape: str,
    purpose: Purpose,
) -> None:
    server = serve(behave)
    with caplog.at_level(logging.DEBUG):
        for name in ("urllib3", "urllib3.connectionpool", "requests", "http.client"):
            logging.getLogger(name).setLevel(logging.DEBUG)  # someone else's debugging must not help
        HTTPConnection.debuglevel = 1
        transport = transport_to(server.origin)
        raised = None
        try:
            transport.send(loaded_call(server.origin, purpose, shape), judge=judge)
        except CrmBridgeError as error:
            raised = error
    shown = [caplog.text, repr(records), *capfd.readouterr()]
    shown += [repr(record.__dict__) for record in caplog.records]
    if raised is not None:
        shown += [str(raised), repr(raised), repr(raised.facts()), "".join(traceback.format_exception(raised))]
    everything = "\n".join(shown)
    assert [needle for needle in NEEDLES if needle in everything] == []
    assert raised is not None


def test_the_log_is_one_json_object_a_line_of_known_fields(
    serve: Callable[..., Server], transport_to: Callable[..., Transport], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(headers="X-Request-Id: r-1\r\n")))
    with caplog.at_level(logging.DEBUG, logger="crm_bridge.http"):
        transport_to(server.origin).send(loaded_call(server.origin, Purpose.READ, "json"))
    (line,) = [record.getMessage() for record in caplog.records if record.name == "crm_bridge.http"]
    fields = json.loads(line)
    assert set(fields) == {
        "at", "host", "method", "route", "purpose", "attempt", "status", "ms", "bytes", "request_id",
    }  # fmt: skip
    assert (fields["route"], fields["status"], fields["request_id"]) == ("POST /x", 200, "r-1")


def test_the_libraries_still_log_what_they_do_for_others(
    transport_to: Callable[..., Transport], caplog: pytest.LogCaptureFixture
) -> None:
    transport_to("http://127.0.0.1:1")
    with caplog.at_level(logging.WARNING):
        logging.getLogger("urllib3.connectionpool").warning("not ours")
    assert "not ours" in caplog.text
