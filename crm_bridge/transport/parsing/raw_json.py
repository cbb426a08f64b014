"""JSON as bytes: the pieces of a document exactly as they came, and whether its structure is sound.

Structure is brackets, commas, colons and quotation marks. What stands inside a text or a scalar is a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.transport.parsing.strict_json import MAX_DEPTH, deeper_than

# A text that never ends is taken to the end of the document, so that hostile input is still read in one pass.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^\s,:\[\]{}"]+', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_INSIDE = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_BLANK = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^,\]}\s]+")
_DEPTH = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_SCAN = json.JSONDecoder(
    object_pairs_hook=lambda _pairs: None, parse_float=len, parse_int=len, parse_constant=len, strict=False
)
"""Finds where a value ends in a tenth of the time; keeps nothing of it."""


def is_sound(document: bytes) -> bool:
    """Return whether brackets, commas and colons fit, whatever texts and scalars hold, and nothing nests too deep."""
    try:
        outline = json.loads(
            _TOKEN.sub(_masked, document), object_pairs_hook=lambda pairs: [inner for _key, inner in pairs]
        )
    except (ValueError, RecursionError):
        return False
    return not deeper_than(outline, MAX_DEPTH)


def _values(pairs: list[tuple[str, object]]) -> list[object]:
    return [value for _key, value in pairs]


def _masked(token: re.Match[bytes]) -> bytes:
    text = token.group()
    if text[:1] != b'"':
        return b"0"
    return b'""' if _STRING.fullmatch(text) else b'"'


def raw_value(document: bytes, *path: str) -> bytes:
    """Return the bytes of the value at a path of keys, nothing when it is not there. The document must be sound."""
    start, end = span_of(document, path)
    return document[start:end]


def raw_items(document: bytes, *path: str) -> list[bytes]:
    """Return the bytes of every element of the list at a path of keys; an empty list when it is not there."""
    listed = raw_value(document, *path)
    return [listed[start:end] for start, end in _elements(listed, _text(listed))] if listed.startswith(b"[") else []


def raw_members(document: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield key (without its quotation marks) and value of each member of an object, doubled keys included."""
    for name, start, end in _members(document, _text(document), _skip(document, 0)):
        yield name, document[start:end]


def span_of(document: bytes, path: tuple[str, ...]) -> tuple[int, int]:
    """Return where the value at a path of keys begins and ends; (0, 0) when it is not there exactly once."""
    text, start = _text(document), _skip(document, 0)
    end = len(document) if path else _end(document, text, start)
    for key in path:
        places = [(at, to) for name, at, to in _members(document, text, start) if name == key.encode()]
        if len(places) != 1:
            return 0, 0
        start, end = places[0]
    return start, end


def _text(document: bytes) -> str:
    """Return a text with a letter for each byte: structure is ASCII, and places are the same in both."""
    return document.decode("latin-1")


def _elements(document: bytes, text: str) -> Iterator[tuple[int, int]]:
    at = _skip(document, 1)
    while document[at : at + 1] != b"]":
        end = _end(document, text, at)
        yield at, end
        at = _next(document, end)


def _members(document: bytes, text: str, start: int) -> Iterator[tuple[bytes, int, int]]:
    if document[start : start + 1] != b"{":
        return
    at = _skip(document, start + 1)
    while document[at : at + 1] != b"}":
        name = _match(_STRING, document, at)
        value = _skip(document, _skip(document, name.end()) + 1)
        end = _end(document, text, value)
        yield name.group()[1:-1], value, end
        at = _next(document, end)


def _next(document: bytes, at: int) -> int:
    at = _skip(document, at)
    return _skip(document, at + 1) if document[at : at + 1] == b"," else at


def _end(document: bytes, text: str, start: int) -> int:
    """Return where the value that begins at `start` ends."""
    first = document[start : start + 1]
    if first == b'"':
        return _match(_STRING, document, start).end()
    if first not in (b"{", b"["):
        return _match(_SCALAR, document, start).end()
    try:
        return _SCAN.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return _end_by_brackets(document, start)


def _end_by_brackets(document: bytes, start: int) -> int:
    """Return where a value ends whose texts and scalars JSON does not know."""
    depth = 0
    for token in _INSIDE.finditer(document, start):
        depth += _DEPTH.get(token.group(), 0)
        if depth == 0:
            return token.end()
    raise _cut()


def _skip(document: bytes, at: int) -> int:
    return _match(_BLANK, document, at).end()


def _match(pattern: re.Pattern[bytes], document: bytes, at: int) -> re.Match[bytes]:
    match = pattern.match(document, at)
    if match is None:
        raise _cut()
    return match


def _cut() -> MalformedAnswerError:
    return MalformedAnswerError(_("the answer is cut short"), reason="syntax")
