"""What Zoho says to a creating call: the new id, a proven refusal, or nothing that can be relied on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import AnswerLostError, MalformedAnswerError, NotSentError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Verdict
from crm_bridge.transport import Response
from crm_bridge_zoho.errors import detail_text, row_of
from crm_bridge_zoho.wire import Item, items_of

# An insert that names these was looked at and refused; only for a delete do they leave open what happened.
_REFUSED_ON_INSERT = frozenset({"INVALID_DATA", "NOT_FOUND", "RESOURCE_NOT_FOUND", "NO_RECORDS_FOUND"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One creating call: `id` is the new id where there is one."""

    verdict: Verdict
    id: str = ""
    code: str = ""
    reason: Reason | None = None
    message: str = ""
    hint: str = ""
    refused: tuple[Refused, ...] = ()
    """The values that Zoho names as the cause of a refusal."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One value that Zoho did not take: where it stands in the record that was sent, and the code."""

    path: tuple[str | int, ...]
    """Field; then, inside a list, place of the row and its column."""
    code: str


def sent(send: Callable[[], Response]) -> Outcome:
    """Send a creating call for one thing and say what became of it."""
    try:
        answer = send()
    except NotSentError as error:
        return Outcome(Verdict.NOT_DONE, reason=Reason.of(error), message=error.message, hint=error.hint)
    except AnswerLostError as error:
        return Outcome(Verdict.UNKNOWN, reason=Reason.of(error), message=error.message, hint=error.hint)
    if answer.status >= 500:
        return _unknown(answer, Reason.UNAVAILABLE)
    try:
        items = items_of(answer, "data")
    except MalformedAnswerError:
        return _unknown(answer, Reason.MALFORMED)
    return _said(items[0], answer) if len(items) == 1 else _unknown(answer, Reason.UNCLEAR)


def _said(item: Item, answer: Response) -> Outcome:
    if item.ok:
        made = item.id or str(item.details.get("name") or "")
        return Outcome(Verdict.DONE, item.id, item.code) if answer.ok and made else _unknown(answer, Reason.UNCLEAR)
    row = row_of(item.code)
    if row.executed != "no" and item.code not in _REFUSED_ON_INSERT:
        return _unknown(answer, row.family, item.code)
    named = detail_text(item.details)
    return Outcome(
        Verdict.NOT_DONE,
        code=item.code,
        reason=Reason.INVALID if item.code == "INVALID_DATA" else row.family,
        message=f"{_(row.meaning)} ({named})" if named else _(row.meaning),
        hint=_(row.advice),
        refused=tuple(_refused(item.code, item.details)),
    )


def _refused(code: str, details: Mapping[str, Any]) -> Sequence[Refused]:
    inside = details.get("errors")
    if isinstance(inside, list):
        errors = [one for one in inside if isinstance(one, Mapping) and isinstance(one.get("details"), Mapping)]
        return [found for one in errors for found in _refused(str(one.get("code")), one["details"])]
    path = _PATH.match(str(details.get("json_path") or ""))
    if path is not None:
        return [Refused((path[1], *((int(path[2]), path[3]) if path[2] and path[3] else ())), code)]
    name = details.get("api_name")
    return [Refused((name,), code)] if isinstance(name, str) and name else []


# `$.data[0].Field`, `$.data[0].Field.id`, `$.data[0].Rows[2].Column`
_PATH = re.compile(r"\$\.data\[0\]\.(\w+)(?:\[(\d+)\](?:\.(\w+))?)?")


def _unknown(answer: Response, reason: Reason, code: str = "") -> Outcome:
    return Outcome(
        Verdict.UNKNOWN,
        code=code,
        reason=reason,
        message=_("Zoho answered with HTTP {status}").format(status=answer.status),
        hint=_("restore again: an earlier copy is looked for first"),
    )
