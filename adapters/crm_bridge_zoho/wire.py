"""The shapes of Zoho's answers, read once: item results, flat errors, page information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.transport import Response, UnreadableRow, raw_items

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


def body_of(answer: Response) -> Mapping[str, Any]:
    """Return the JSON object of an answer; MalformedAnswerError when it is something else."""
    value = answer.json()
    if not isinstance(value, Mapping):
        raise MalformedAnswerError(_("Zoho's answer is not a JSON object"), reason="shape", http_status=answer.status)
    return value


def items_of(answer: Response, key: str) -> tuple[Item, ...]:
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


def error_in(answer: Response) -> Item | None:
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


def list_of(answer: Response | None, key: str) -> list[Mapping[str, Any]]:
    """Return the objects under `key`; an empty answer (204) is an empty list."""
    if answer is None:
        return []
    body = body_of(answer)
    listed = body.get(key)
    if not isinstance(listed, list) or not all(isinstance(one, Mapping | UnreadableRow) for one in listed):
        raise MalformedAnswerError(
            _("Zoho's answer has no list {name}").format(name=key), reason="shape", http_status=answer.status
        )
    bad = next((one for one in listed if isinstance(one, UnreadableRow)), None)
    if bad is not None:
        text = _("a row of Zoho's answer holds a value that cannot be read ({problem})")
        raise MalformedAnswerError(text.format(problem=bad.reason), reason="unreadable", http_status=answer.status)
    ids = [id_text(one["id"]) for one in listed if one.get("id")]
    _check_count(len(listed), len(set(ids)) if len(set(ids)) != len(ids) else None, body.get("info"))
    return listed


def _check_count(rows: int, distinct: int | None, info: object) -> None:
    """Compare a list with the number of rows that the answer itself names, and refuse one that names a row twice."""
    told = info.get("count") if isinstance(info, Mapping) else None
    if (isinstance(told, int) and told != rows) or distinct is not None:
        raise MalformedAnswerError(
            _("Zoho's answer holds {found} rows and speaks of {told}").format(
                found=rows if distinct is None else distinct, told=told or "-"
            ),
            reason="count",
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it was read, and its bytes as they came; `more` is a second piece, read another way."""

    values: Mapping[str, Any]
    raw: bytes
    more: bytes = b""

    @property
    def id(self) -> str:
        """Return the record's id."""
        return id_text(self.values.get("id"))


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of one answer, and those that hold a value which cannot be read."""

    rows: Sequence[Row] = ()
    unreadable: Sequence[UnreadableRow] = ()
    last: str = ""
    """Id of the last row that has one: where the next page begins."""


def rows_of(answer: Response | None, key: str, *, raw: bool = False) -> Listed:
    """Return the rows under `key`, one bad value costing one row; a row that came twice counts once.

    Rows with one id and different content are unreadable. MalformedAnswerError for a wrong structure.
    `raw` keeps the bytes of every row.
    """
    if answer is None:
        return Listed()
    body = body_of(answer)
    listed = body.get(key)
    if not isinstance(listed, list) or not all(isinstance(one, Mapping | UnreadableRow) for one in listed):
        raise MalformedAnswerError(
            _("Zoho's answer has no list {name}").format(name=key), reason="shape", http_status=answer.status
        )
    ids = {id_text(one["id"]) for one in listed if isinstance(one, Mapping) and one.get("id")}
    nameless = sum(isinstance(one, UnreadableRow) or not one.get("id") for one in listed)
    told = body.get("info")
    if not (isinstance(told, Mapping) and told.get("count") == len(ids) + nameless):
        _check_count(len(listed), None, told)
    rows: dict[str, Row] = {}
    unreadable: list[UnreadableRow] = []
    last = ""
    pieces = slices_of(answer, key) if raw else [b""] * len(listed)
    for position, (value, piece) in enumerate(zip(listed, pieces, strict=True), start=1):
        if isinstance(value, UnreadableRow):
            unreadable.append(value)
            last = unreadable_id(value) or last
            continue
        row = Row(value, piece)
        earlier = rows.setdefault(row.id or f"#{len(rows)}", row)
        if earlier.values != value:
            unreadable.append(UnreadableRow("contradiction", slices_of(answer, key)[position - 1], position))
        last = row.id or last
    contradicting = {unreadable_id(row) for row in unreadable} - {""}
    return Listed([row for row in rows.values() if row.id not in contradicting], unreadable, last)


def unreadable_id(row: UnreadableRow) -> str:
    """Return the id of a row that cannot be read, nothing where the id cannot be read either."""
    value = row.value("id")
    return id_text(value) if isinstance(value, str | int) else ""


def more_records(answer: Response | None) -> bool | None:
    """Return what the answer says about further pages; None when it says nothing."""
    if answer is None:
        return False
    info = body_of(answer).get("info")
    more = info.get("more_records") if isinstance(info, Mapping) else None
    return more if isinstance(more, bool) else None


def id_text(value: object) -> str:
    """Return an id as text, however it came."""
    return "" if value is None or isinstance(value, bool) else str(value)


def slices_of(answer: Response | None, key: str) -> list[bytes]:
    """Return the elements of the top-level array `key` as the bytes that came over the wire, not re-serialised."""
    return [] if answer is None else raw_items(answer.document, key)
