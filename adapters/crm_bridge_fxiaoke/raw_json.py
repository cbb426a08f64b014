"""The bytes of one row inside an answer, exactly as they came: a backup must not be a re-serialised copy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_INSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_BLANK = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^,\]}\s]+")


def raw_value(body: bytes, *path: str) -> bytes:
    """Return the bytes of the value at a path of keys, nothing when it is not there. `body` was parsed before."""
    text = body.decode("utf-8")
    start = _skip(text, 0)
    for key in path:
        found = next((at for name, at in _members(text, start) if name == key), None)
        if found is None:
            return b""
        start = found
    return text[start : _end(text, start)].encode("utf-8")


def raw_items(body: bytes, *path: str) -> list[bytes]:
    """Return the bytes of every element of the list at a path of keys; an empty list when it is not there."""
    text = raw_value(body, *path).decode("utf-8")
    if not text.startswith("["):
        return []
    return [text[start : _end(text, start)].encode("utf-8") for start in _elements(text)]


def _elements(text: str) -> Iterator[int]:
    at = _skip(text, 1)
    while text[at] != "]":
        yield at
        at = _skip(text, _end(text, at))
        if text[at] == ",":
            at = _skip(text, at + 1)


def _members(text: str, start: int) -> Iterator[tuple[str, int]]:
    if text[start] != "{":
        return
    at = _skip(text, start + 1)
    while text[at] != "}":
        name = _match(_STRING, text, at)
        value = _skip(text, _skip(text, name.end()) + 1)
        yield name.group()[1:-1], value
        at = _skip(text, _end(text, value))
        if text[at] == ",":
            at = _skip(text, at + 1)


def _end(text: str, start: int) -> int:
    """Return where the value that begins at `start` ends."""
    first = text[start]
    if first == '"':
        return _match(_STRING, text, start).end()
    if first not in "{[":
        return _match(_SCALAR, text, start).end()
    depth = 0
    for token in _INSIDE.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end()
    raise MalformedAnswerError(_("the answer is cut short"), reason="syntax")


def _skip(text: str, at: int) -> int:
    return _match(_BLANK, text, at).end()


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    if found is None:
        raise MalformedAnswerError(_("the answer is cut short"), reason="syntax")
    return found
