"""The shapes of Zoho's answers, read once: item results, flat errors, page information."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.transport import Answer

WRAPPERS = ("data", "recycle_bin", "users", "org", "modules", "fields", "related_lists", "profiles")


@dataclass(frozen=True, slots=True)
class Item:
    """What Zoho says about one record, or (with `flat`) about the whole request."""

    ok: bool
    code: str
    id: str = ""
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    flat: bool = False


def item_of(raw: object, *, flat: bool = False) -> Item | None:
    """Read one result object; None when it is not one (a record, for example)."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("code"), str) or "status" not in raw:
        return None
    details = raw.get("details")
    details = details if isinstance(details, Mapping) else {}
    return Item(
        ok=raw["status"] == "success",
        code=raw["code"],
        id=id_text(details.get("id")),
        message=str(raw.get("message") or ""),
        details=details,
        flat=flat,
    )


def body_of(answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object of an answer; MalformedAnswerError when it is something else."""
    value = answer.json()
    if not isinstance(value, Mapping):
        raise MalformedAnswerError(_("Zoho's answer is not a JSON object"), reason="shape", http_status=answer.status)
    return value


def items_of(answer: Answer, key: str) -> tuple[Item, ...]:
    """Return the item results under `key`, or the one flat result. MalformedAnswerError for any other shape."""
    body = body_of(answer)
    flat = item_of(body, flat=True)
    if flat is not None:
        return (flat,)
    listed = body.get(key)
    found = tuple(item_of(one) for one in listed) if isinstance(listed, list) else ()
    if not found or any(item is None for item in found):
        raise MalformedAnswerError(_("Zoho's answer has no results"), reason="shape", http_status=answer.status)
    return tuple(item for item in found if item is not None)


def error_in(answer: Answer) -> Item | None:
    """Return the error that an answer to a read consists of, flat or as the only element of its list."""
    body = body_of(answer)
    flat = item_of(body, flat=True)
    if flat is not None:
        return None if flat.ok else flat
    for key in WRAPPERS:
        listed = body.get(key)
        if isinstance(listed, list) and listed:
            first = item_of(listed[0])
            return first if first is not None and not first.ok else None
    return None


def list_of(answer: Answer | None, key: str) -> list[Mapping[str, Any]]:
    """Return the objects under `key`; an empty answer (204) is an empty list."""
    if answer is None:
        return []
    body = body_of(answer)
    listed = body.get(key)
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise MalformedAnswerError(
            _("Zoho's answer has no list {name}").format(name=key), reason="shape", http_status=answer.status
        )
    _check_count(listed, body.get("info"))
    return listed


def _check_count(listed: list[Mapping[str, Any]], info: object) -> None:
    """Compare a list with the number of rows that the answer itself names, and refuse one that names a row twice."""
    told = info.get("count") if isinstance(info, Mapping) else None
    ids = [id_text(one["id"]) for one in listed if one.get("id")]
    if (isinstance(told, int) and told != len(listed)) or len(set(ids)) != len(ids):
        raise MalformedAnswerError(
            _("Zoho's answer holds {found} rows and speaks of {told}").format(found=len(set(ids)), told=told or "-"),
            reason="count",
        )


def more_records(answer: Answer | None) -> bool | None:
    """Return what the answer says about further pages; None when it says nothing."""
    if answer is None:
        return False
    info = body_of(answer).get("info")
    more = info.get("more_records") if isinstance(info, Mapping) else None
    return more if isinstance(more, bool) else None


def id_text(value: object) -> str:
    """Return an id as text, however it came."""
    return "" if value is None or isinstance(value, bool) else str(value)


def slices_of(answer: Answer | None, key: str) -> list[bytes]:
    """Return the elements of the top-level array `key` as the bytes that came over the wire, not re-serialised."""
    if answer is None:
        return []
    text = answer.body.decode("utf-8")
    try:
        return [text[start:end].encode("utf-8") for start, end in _elements(text, key)]
    except (ValueError, IndexError):
        pass
    raise MalformedAnswerError(_("Zoho's answer is cut"), reason="syntax", http_status=answer.status)


_DECODER = json.JSONDecoder()
_BLANKS = " \t\r\n"


def _elements(text: str, key: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each element; json's own scanner says where a value ends."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if name == key and text[at] == "[":
            yield from _array(text, at)
            return
        _value, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _array(text: str, at: int) -> Iterator[tuple[int, int]]:
    at = _skip(text, at + 1)
    while text[at] != "]":
        _value, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at
