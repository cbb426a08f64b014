"""Wrong answers, well delivered: what a fault makes of the CRM's answer before it goes out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crm_bridge.sandbox.faults import FaultRule
from crm_bridge.spi.emulator import WireResponse

Change = Callable[[WireResponse, FaultRule], WireResponse]

_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
_JSON = "application/json;charset=UTF-8"


def spoiled(answer: WireResponse, rule: FaultRule) -> WireResponse:
    """Return the answer that a rule puts in the place of the CRM's; unchanged for faults of the connection."""
    change = _CHANGES.get(rule.kind)
    return change(answer, rule) if change else answer


def _too_many(_answer: WireResponse, rule: FaultRule) -> WireResponse:
    wait = rule.arguments.get("retry_after")
    extra = (("Retry-After", str(wait)),) if wait is not None else ()
    return _told(rule, 429, {"message": "too many requests"}, extra)


def _status(default: int, text: str) -> Change:
    def change(_answer: WireResponse, rule: FaultRule) -> WireResponse:
        return _told(rule, default, {"message": text})

    return change


def _told(
    rule: FaultRule, status: int, default: Mapping[str, object], extra: tuple[tuple[str, str], ...] = ()
) -> WireResponse:
    """Answer with the status and body of the arguments (`status`, `json`, `text`, `content_type`, `headers`)."""
    given: Mapping[str, Any] = rule.arguments
    headers = (*extra, *((str(name), str(value)) for name, value in dict(given.get("headers") or {}).items()))
    body = str(given["text"]).encode() if "text" in given else json.dumps(given.get("json", default)).encode()
    kind = ("Content-Type", str(given.get("content_type", _JSON)))
    return WireResponse(int(given.get("status", status)), (kind, *headers), body)


def _malformed(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    body = answer.body or b'{"data":[]}'
    return _with_type(replace(answer, status=answer.status if answer.body else 200, body=body[:-1] + b",,"), _JSON)


def _empty(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    return replace(answer, status=200, body=b"")


def _html(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    return _with_type(replace(answer, status=200, body=_HTML), "text/html; charset=utf-8")


def _content_type(answer: WireResponse, rule: FaultRule) -> WireResponse:
    return _with_type(answer, str(rule.arguments.get("value", "text/plain")))


def _oversize(answer: WireResponse, rule: FaultRule) -> WireResponse:
    size = int(rule.arguments.get("bytes", 9 * 1024 * 1024))
    return _with_type(replace(answer, status=200, body=b'{"data":"' + b"x" * size + b'"}'), _JSON)


def _gzip_bomb(answer: WireResponse, rule: FaultRule) -> WireResponse:
    size = int(rule.arguments.get("bytes", 50 * 1024 * 1024))
    body = gzip.compress(b'{"data":"' + b"0" * size + b'"}', mtime=0)
    packed = _with_type(replace(answer, status=200, body=body), _JSON)
    return replace(packed, headers=(*packed.headers, ("Content-Encoding", "gzip")))


def _deep_json(answer: WireResponse, rule: FaultRule) -> WireResponse:
    depth = int(rule.arguments.get("depth", 100_000))
    return _with_type(replace(answer, status=200, body=b"[" * depth + b"]" * depth), _JSON)


def _redirect(_answer: WireResponse, rule: FaultRule) -> WireResponse:
    headers = (("Location", str(rule.arguments.get("location", "http://127.0.0.1:9/"))),)
    return WireResponse(int(rule.arguments.get("status", 307)), headers, b"")


def _maintenance(answer: WireResponse, rule: FaultRule) -> WireResponse:
    status = int(rule.arguments.get("status", 200))
    return _with_type(replace(answer, status=status, body=_HTML), "text/html; charset=utf-8")


def _duplicate_ids(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    return _relisted(answer, lambda items: [*items[:-1], items[0]] if len(items) > 1 else items * 2)


def _missing_ids(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    return _relisted(answer, lambda items: items[:-1])


def _doubled_row(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    return _relisted(answer, lambda items: [*items, items[0]])


def _bad_value(spoil: Callable[[str, str], str]) -> Change:
    """Spoil one text of one row (`row` of the arguments, from 0) in the first list that has rows."""

    def change(answer: WireResponse, rule: FaultRule) -> WireResponse:
        marked = _relisted(answer, lambda items: _marked(items, int(rule.arguments.get("row", 0))))
        head, mark, tail = marked.body.partition(_SPOT)
        key = head.rstrip(b'"').rstrip(b":").rpartition(b',"')[2].rpartition(b'{"')[2].strip(b'"').decode()
        spoilt = spoil(key, tail.partition(b'"')[0].decode())
        rest = tail.partition(b'"')[2]
        return replace(marked, body=head[:-1] + spoilt.encode() + rest) if mark else answer

    return change


_SPOT = b"\xee\x80\x81"


def _marked(items: list[Any], at: int) -> list[Any]:
    """Put a mark before the first text of a row that is no id."""
    row = items[at % len(items)]
    if isinstance(row, dict):
        names = [name for name, value in row.items() if type(value) is str and value and "id" not in name.lower()]
        row.update({name: _SPOT.decode() + row[name] for name in names[:1]})
    return items


def _byte_order_mark(answer: WireResponse, _rule: FaultRule) -> WireResponse:
    return replace(answer, body=b"\xef\xbb\xbf" + answer.body) if answer.body else answer


def _relisted(answer: WireResponse, change: Callable[[list[Any]], list[Any]]) -> WireResponse:
    """Rewrite the first list of the JSON body that has items; numbers keep their digits because none is parsed."""
    try:
        value = json.loads(answer.body, parse_float=_Digits, parse_int=_Digits)
    except ValueError:
        return answer
    if isinstance(value, list):
        value = change(value)
    elif not _rewrite_in(value, change):
        return answer
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return replace(answer, body=text.replace(f'"{_Digits.MARK}', "").replace(f'{_Digits.MARK}"', "").encode())


class _Digits(str):
    """A number as it was written; marked, so that its quotation marks can be taken off again."""

    __slots__ = ()
    MARK = "\ue000"

    def __new__(cls, text: str) -> _Digits:
        return super().__new__(cls, f"{cls.MARK}{text}{cls.MARK}")


def _rewrite_in(value: Any, change: Callable[[list[Any]], list[Any]]) -> bool:
    if not isinstance(value, dict):
        return False
    for name, inner in value.items():
        if isinstance(inner, list) and inner:
            value[name] = change(inner)
            return True
        if _rewrite_in(inner, change):
            return True
    return False


def _with_type(answer: WireResponse, kind: str) -> WireResponse:
    others = tuple((name, text) for name, text in answer.headers if name.lower() not in _BODY_HEADERS)
    return replace(answer, headers=(("Content-Type", kind), *others))


_BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-length"})

_CHANGES: Mapping[str, Change] = {
    "too_many": _too_many,
    "server_error": _status(500, "internal error"),
    "unauthorized": _status(401, "unauthorized"),
    "forbidden": _status(403, "forbidden"),
    "answer": _status(200, "ok"),
    "malformed": _malformed,
    "empty": _empty,
    "html": _html,
    "content_type": _content_type,
    "oversize": _oversize,
    "gzip_bomb": _gzip_bomb,
    "deep_json": _deep_json,
    "redirect": _redirect,
    "maintenance": _maintenance,
    "duplicate_ids": _duplicate_ids,
    "missing_ids": _missing_ids,
    "half_character": _bad_value(lambda _key, text: f'"{text}\\ud83d"'),
    "control_character": _bad_value(lambda _key, text: f'"{text}\x01"'),
    "not_a_number": _bad_value(lambda _key, _text: "NaN"),
    "doubled_key": _bad_value(lambda key, text: f'"{text}","{key}":"{text}"'),
    "doubled_row": _doubled_row,
    "byte_order_mark": _byte_order_mark,
}
