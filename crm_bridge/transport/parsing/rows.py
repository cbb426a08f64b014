"""Rows of a listing, each read on its own: one bad value costs one row, a broken structure costs the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.transport.parsing.raw_json import is_sound, raw_items, raw_members, raw_value, span_of
from crm_bridge.transport.parsing.strict_json import is_json_type, not_json, parse_document

Path: TypeAlias = tuple[str, ...]
"""Keys from the top of a document to its list of rows, or to its one row."""
MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some gateways put before their JSON; RFC 8259 lets a reader ignore it."""


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that holds a value which means different things to different readers, and its bytes as they came."""

    reason: str
    """surrogate, constant, duplicate_key, number, syntax (control characters, wrong escapes), ..."""
    raw: bytes = field(repr=False)
    position: int = 1
    """Place in its answer, from 1."""

    def value(self, key: str) -> object:
        """Return the value of a key, None unless it can be read and every occurrence of the key says the same."""
        pieces = [piece for name, piece in raw_members(self.raw) if name == key.encode()]
        try:
            values = [parse_document(piece) for piece in pieces]
        except MalformedAnswerError:
            return None
        return values[0] if values and all(value == values[0] for value in values) else None


def parse_relaxed(body: bytes, *, content_type: str, rows: Iterable[Path] = ()) -> Any:
    """Return the value of an answer to a call that changes nothing; rows that cannot be read are UnreadableRow.

    A byte-order mark is ignored, and what parses as a JSON object is JSON whatever it is called.
    Raises MalformedAnswerError for everything else that a strict reader refuses.
    """
    document = body.removeprefix(MARK)
    if not is_json_type(content_type) and not document.lstrip().startswith(b"{"):
        raise not_json()
    try:
        return parse_document(document)
    except MalformedAnswerError as refused:
        if refused.reason == "depth" or not is_sound(document):
            raise
        return _in_rows(document, rows, refused)


def _in_rows(document: bytes, paths: Iterable[Path], refused: MalformedAnswerError) -> Any:
    """Read the envelope strictly and each row by itself; raise the refusal where the bad value is in the envelope."""
    for path in paths:
        start, end = span_of(document, path)
        if start == end:
            continue
        envelope = parse_document(document[:start] + b"null" + document[end:])
        place = envelope
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = _rows_at(document, path, refused)
        return envelope
    raise refused


def _rows_at(document: bytes, path: Path, refused: MalformedAnswerError) -> object:
    raw = raw_value(document, *path)
    if raw.startswith(b"["):
        return [_row(piece, number, refused) for number, piece in enumerate(raw_items(document, *path), start=1)]
    return _row(raw, 1, refused)


def _row(raw: bytes, position: int, refused: MalformedAnswerError) -> object:
    try:
        return parse_document(raw)
    except MalformedAnswerError as unreadable:
        if not raw.startswith(b"{") or unreadable.reason == "depth":
            raise refused from None
        return UnreadableRow(unreadable.reason, raw, position)
