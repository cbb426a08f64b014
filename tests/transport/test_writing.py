"""How a call is written on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from crm_bridge.domain.snapshot import Attachment
from crm_bridge.errors import BackupError, NotSentError
from crm_bridge.transport import Purpose, Transport, UploadBody, UploadPart
from tests.transport.servers import Server, call_to, reply

Serve = Callable[..., Server]
Make = Callable[..., Transport]


@pytest.fixture
def written(serve: Serve, transport_to: Make) -> Callable[..., bytes]:
    server = serve(lambda connection, _turn: connection.sendall(reply()))

    def write(**more: Any) -> bytes:
        transport_to(server.origin).send(call_to(server.origin, Purpose.CREATE, **more))
        return server.requests[-1]

    return write


def parts_of(request: bytes) -> list[tuple[str, str | None, bytes]]:
    head, _blank, body = request.partition(b"\r\n\r\n")
    kind = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:"))
    message = BytesParser(policy=HTTP).parsebytes(kind + b"\r\n\r\n" + body)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        found.append((str(name), part.get_filename(), bytes(part.get_payload(decode=True))))
    return found


def test_json_is_utf_8_without_escapes(written: Callable[..., bytes]) -> None:
    request = written(json={"name": "合同", "ids": ["1"]})
    assert request.endswith('{"name":"合同","ids":["1"]}'.encode())
    assert b"application/json" in request


def test_a_form_goes_into_the_body_not_into_the_url(written: Callable[..., bytes]) -> None:
    request = written(form={"refresh_token": "1000.a b", "grant_type": "refresh_token"})
    assert request.startswith(b"POST /x HTTP/1.1\r\n")
    assert request.endswith(b"refresh_token=1000.a+b&grant_type=refresh_token")


def test_params_may_repeat_a_name(written: Callable[..., bytes]) -> None:
    assert written(params=[("id", "1"), ("id", "2")]).startswith(b"POST /x?id=1&id=2 HTTP/1.1\r\n")


def test_a_raw_body_has_its_own_type(written: Callable[..., bytes]) -> None:
    request = written(body=b"\x00\x01", content_type="image/png")
    assert b"Content-Type: image/png" in request
    assert request.endswith(b"\r\n\r\n\x00\x01")


def test_files_and_fields_are_parts(written: Callable[..., bytes]) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"abc"
        yield b"def"

    request = written(
        form={"type": "pdf"},
        files=[
            UploadPart("file", "a.pdf", b"%PDF", "application/pdf"),
            UploadPart("more", "b.bin", UploadBody(pieces(), 6)),
        ],
    )
    assert parts_of(request) == [("type", None, b"pdf"), ("file", "a.pdf", b"%PDF"), ("more", "b.bin", b"abcdef")]
    assert b"chunked" not in request


def test_a_damaged_file_of_a_backup_fails_before_anything_is_sent() -> None:
    def damaged() -> Iterator[bytes]:
        raise BackupError("the file was changed", reason="damaged")
        yield b""

    with pytest.raises(BackupError):
        UploadBody.of(Attachment("1", "a.pdf", 3, "attachments", damaged))


def test_an_empty_file_has_a_length_of_zero(written: Callable[..., bytes]) -> None:
    request = written(body=UploadBody.of(Attachment("1", "a.pdf", 0, "attachments", lambda: iter(()))))
    assert b"Content-Length: 0\r\n" in request


@pytest.mark.parametrize("name", ['a"; name="x', "a\r\nX: y", "a\0b"])
def test_a_hostile_file_name_stays_inside_its_header(written: Callable[..., bytes], name: str) -> None:
    request = written(files=[UploadPart("file", name, b"x")])
    assert [(part[0], part[2]) for part in parts_of(request)] == [("file", b"x")]


def test_a_chinese_file_name_goes_out_as_utf_8(written: Callable[..., bytes]) -> None:
    assert 'filename="合同.pdf"'.encode() in written(files=[UploadPart("file", "合同.pdf", b"x")])


def test_decimals_are_written_digit_by_digit(written: Callable[..., bytes]) -> None:
    request = written(json={"a": Decimal("12418000.10"), "b": [Decimal("1E+2")], "c": 12345678901234567890})
    assert request.endswith(b'{"a":12418000.10,"b":[1E+2],"c":12345678901234567890}')


def test_numbers_that_are_not_numbers_are_not_written(written: Callable[..., bytes]) -> None:
    for value in (float("nan"), Decimal("Infinity"), object()):
        with pytest.raises(NotSentError) as refused:
            written(json={"a": value})
        assert refused.value.reason == "invalid_request"


def test_the_program_says_who_it_is_and_asks_for_gzip_only(written: Callable[..., bytes]) -> None:
    request = written(json=json.loads("{}"))
    assert b"User-Agent: crm-bridge/" in request
    assert b"Accept-Encoding: gzip, deflate\r\n" in request
