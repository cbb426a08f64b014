"""JSON from strangers: no duplicate keys, no NaN, no depth bombs, no floats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _

MAX_DEPTH = 64
LONGEST_NUMBER = 64
_NESTS = frozenset({dict, list})
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""An escape that may be half a character: between D800 and DFFF."""


def parse_json(body: bytes, *, content_type: str, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value; integers as int, other numbers as Decimal. MalformedAnswerError for everything doubtful."""
    if not is_json_type(content_type):
        raise not_json()
    return parse_document(body, max_depth=max_depth)


def not_json() -> MalformedAnswerError:
    """Return the error for an answer that is no JSON."""
    return MalformedAnswerError(_("the answer is not JSON"), reason="content_type")


def parse_document(body: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value of a document that is known to be JSON; as strict as `parse_json`."""
    problem = ""
    value: Any = None
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
        )
    except RecursionError:
        problem = "depth"
    except _RefusedError as refused:
        problem = str(refused)
    except (ValueError, InvalidOperation):
        problem = "syntax"
    if not problem:
        problem = _shape(value, body, max_depth)
    if problem:
        # Raised out here, not inside `except`: json's own error carries the whole document.
        raise MalformedAnswerError(
            _("the answer is not usable JSON ({problem})").format(problem=problem), reason=problem
        )
    return value


def is_json_type(content_type: str) -> bool:
    """Return whether a Content-Type header names JSON."""
    name = content_type.partition(";")[0].strip().lower()
    return name in ("application/json", "text/json") or (name.startswith("application/") and name.endswith("+json"))


class _RefusedError(ValueError):
    """Well-formed for a lenient reader, refused by us; the text is the reason word."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError("duplicate_key")
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        raise _RefusedError("number")
    value = Decimal(text)
    # Without an exponent the length has said it already.
    if ("e" in text or "E" in text) and abs(value.adjusted()) > LONGEST_NUMBER:
        raise _RefusedError("number")
    return value


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise _RefusedError("number")
    return int(text)


def _no_constant(_text: str) -> NoReturn:
    raise _RefusedError("constant")


def _shape(value: Any, body: bytes, max_depth: int) -> str:
    """Return the reason word when the tree is too deep or holds half a character, else nothing."""
    if body.count(b"{") + body.count(b"[") > max_depth and deeper_than(value, max_depth):
        return "depth"
    if _HALF.search(body) and any(_broken(text) for text in _texts(value)):
        return "surrogate"
    return ""


def deeper_than(value: Any, limit: int) -> bool:
    """Return whether lists and objects are nested more than `limit` levels deep."""
    # Scalars are left out level by level: nearly everything is one. json makes dict and list, nothing derived.
    level = [value] if type(value) in _NESTS else []
    for _depth in range(limit):
        if not level:
            return False
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) in _NESTS
        ]
    return bool(level)


def _texts(value: Any) -> Iterable[str]:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo.extend(item.keys())
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


def _broken(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
