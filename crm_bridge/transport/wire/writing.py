"""Turn a call into a prepared request: JSON, form, raw or multipart body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import requests

from crm_bridge.transport.calls import Call, UploadBody, UploadPart

_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A", "\0": "%00"})


def prepare(call: Call, session: requests.Session, *, boundary: UUID) -> requests.PreparedRequest:
    """Return the request; `boundary` separates the parts of an upload."""
    headers = dict(call.headers)
    data: _Multipart | dict[str, str] | bytes | UploadBody | None = None
    if call.files:
        data = _Multipart(call.files, call.form or {}, boundary.hex)
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary.hex}"
    elif call.json is not None:
        data = json_bytes(call.json, nonce=boundary.hex)
        headers["Content-Type"] = call.content_type or "application/json; charset=utf-8"
    elif call.form is not None:
        data = dict(call.form)
    elif call.body is not None:
        # requests takes a stream of no bytes for one of unknown length.
        data = call.body if len(call.body) else b""
        headers["Content-Type"] = call.content_type or "application/octet-stream"
    params = dict(call.params) if isinstance(call.params, Mapping) else list(call.params)
    request = requests.Request(call.method, call.url, headers=headers, params=params, data=data)
    return session.prepare_request(request)


def json_bytes(value: object, *, nonce: str) -> bytes:
    """Return compact UTF-8 JSON with Decimals written digit by digit; ValueError for NaN and infinities.

    json cannot write a Decimal as a number: it goes through as a text between two nonces, which are then taken off.
    """

    def number(one: object) -> str:
        if not isinstance(one, Decimal) or not one.is_finite():
            raise ValueError("not a JSON value")
        return f"{nonce}{one}{nonce}"

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=number)
    return text.replace(f'"{nonce}', "").replace(f'{nonce}"', "").encode("utf-8")


class _Multipart:
    """A streamed multipart body (RFC 7578) of a known length."""

    def __init__(self, parts: Sequence[UploadPart], form: Mapping[str, str], boundary: str) -> None:
        self._boundary = boundary
        fields = [UploadPart(name, "", value.encode("utf-8"), "") for name, value in form.items()]
        self._parts = [(self._head(part), part) for part in [*fields, *parts]]
        self._tail = f"--{boundary}--\r\n".encode("ascii")

    def _head(self, part: UploadPart) -> bytes:
        lines = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{part.name.translate(_ESCAPES)}"'
        if part.filename:
            lines += f'; filename="{part.filename.translate(_ESCAPES)}"'
        if part.content_type:
            lines += f"\r\nContent-Type: {part.content_type.translate(_ESCAPES)}"
        return f"{lines}\r\n\r\n".encode()

    def __len__(self) -> int:
        return sum(len(head) + len(part.content) + 2 for head, part in self._parts) + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        for head, part in self._parts:
            yield head
            if isinstance(part.content, bytes):
                yield part.content
            else:
                yield from part.content
            yield b"\r\n"
        yield self._tail
