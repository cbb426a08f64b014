"""What Zoho's answer to one destructive call means for each record: a closed list, everything else is unknown."""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import N_, _
from crm_bridge.spi import adapter as spi
from crm_bridge.transport import Response
from crm_bridge_zoho.error_table import RECORD_LEVEL
from crm_bridge_zoho.errors import detail_text, named_error, request_id, row_of
from crm_bridge_zoho.wire import Item, items_of

_LOOK = N_("`crm-bridge resume` looks what became of it before anything is sent again")
_SMALLER = N_("the next call names fewer records")
_LENGTH_WORDS = ("ids", "maximum_length", "max_length")


def answers_of(refs: Sequence[ContractRef], answer: Response, key: str) -> tuple[spi.RemoveResult, ...]:
    """Classify one call per record. The HTTP status alone never says "done", and above 499 never "not done"."""
    if answer.status == 414:
        return tuple(_too_long(ref, answer) for ref in refs)
    if answer.status >= 500:
        return tuple(unknown(ref, answer, Reason.UNAVAILABLE, named_error(answer)) for ref in refs)
    try:
        items = items_of(answer, key)
    except MalformedAnswerError:
        return tuple(_malformed(ref, answer) for ref in refs)
    if len(items) == 1 and (items[0].flat or (not items[0].id and (not items[0].ok or items[0].code == "SCHEDULED"))):
        return tuple(_flat(ref, items[0], answer, alone=len(refs) == 1) for ref in refs)
    leftover = _leftover(refs, items)
    return tuple(_by_id(ref, items, answer, leftover) for ref in refs)


def _by_id(ref: ContractRef, items: Sequence[Item], answer: Response, leftover: Item | None) -> spi.RemoveResult:
    mine = [item for item in items if item.id == ref.id]
    if not mine and leftover is not None:
        return unknown(ref, answer, row_of(leftover.code, leftover.details).family, leftover)
    if len(mine) != 1:
        return unknown(ref, answer, Reason.NOT_ANSWERED if not mine else Reason.ANSWERED_TWICE)
    return classified(ref, mine[0], answer)


def _leftover(refs: Sequence[ContractRef], items: Sequence[Item]) -> Item | None:
    """Return the one refusal that names no record, where exactly one record is without an answer.

    Some refusals of Zoho name none (NOT_APPROVED, REQUIRED_PARAM_MISSING). It says why, and never that it was so:
    the record is looked at.
    """
    answered = {item.id for item in items}
    nameless = [item for item in items if not item.id]
    fits = len(nameless) == 1 and not nameless[0].ok and sum(ref.id not in answered for ref in refs) == 1
    return nameless[0] if fits else None


def classified(ref: ContractRef, item: Item, answer: Response) -> spi.RemoveResult:
    """Return the verdict on one record from the result that names it."""
    if item.ok:
        if item.code == "SUCCESS" and answer.ok:
            return spi.RemoveResult(ref, spi.Verdict.DONE, item.code, request_id=request_id(answer))
        return unknown(ref, answer, Reason.SCHEDULED if item.code == "SCHEDULED" else Reason.UNCLEAR, item)
    row = row_of(item.code, item.details)
    if row.executed != "no":
        return unknown(ref, answer, row.family, item)
    return spi.RemoveResult(
        ref,
        spi.Verdict.NOT_DONE,
        item.code,
        reason=row.family,
        vendor_message=_named(item),
        hint=_(row.advice),
        request_id=request_id(answer),
        retry=row.retryable,
        halt=row.family.halts(whole_call=item.flat),
    )


def _named(item: Item) -> str:
    """Return Zoho's sentence with the field, layout or action that it names."""
    named = detail_text(item.details)
    return f"{item.message} ({named})" if named else item.message


def _flat(ref: ContractRef, item: Item, answer: Response, *, alone: bool) -> spi.RemoveResult:
    """Classify by a word about the whole request."""
    if item.ok:
        # "Scheduled" and the like: nothing is said about any record.
        return unknown(ref, answer, Reason.SCHEDULED if item.code == "SCHEDULED" else Reason.UNCLEAR, item)
    if not alone and is_too_long(item):
        return _too_long(ref, answer)
    if not alone and item.code in RECORD_LEVEL:
        return unknown(ref, answer, Reason.UNCLEAR, item)
    flat = Item(item.ok, item.code, item.id, item.message, item.details, flat=True)
    return classified(ref, flat, answer)


def is_too_long(item: Item) -> bool:
    """Return whether a request was refused for the number or length of its ids, before any was looked at."""
    if item.code == "LIMIT_EXCEEDED":
        return True
    if item.code not in ("INVALID_DATA", "UNABLE_TO_PARSE_DATA_TYPE", "PATTERN_NOT_MATCHED"):
        return False
    named = {str(item.details.get(key)) for key in ("param_name", "param", "api_name")}
    return bool(named & {"ids"}) or any(word in item.details for word in _LENGTH_WORDS[1:])


def unknown(ref: ContractRef, answer: Response, reason: Reason, item: Item | None = None) -> spi.RemoveResult:
    """Return "unknown": it is settled by looking, never by sending again."""
    return spi.RemoveResult(
        ref,
        spi.Verdict.UNKNOWN,
        item.code if item else "",
        reason=reason,
        message=_("Zoho answered with HTTP {status}").format(status=answer.status),
        vendor_message=_named(item) if item else "",
        hint=_(_LOOK),
        request_id=request_id(answer),
    )


def _malformed(ref: ContractRef, answer: Response) -> spi.RemoveResult:
    """Classify an answer that is not Zoho's JSON: 401 and 429 are refused at the door, all else is unknown."""
    if answer.status == 401:
        return classified(ref, Item(ok=False, code="INVALID_TOKEN", flat=True), answer)
    if answer.status == 429:
        return classified(ref, Item(ok=False, code="TOO_MANY_REQUESTS", flat=True), answer)
    return unknown(ref, answer, Reason.MALFORMED)


def _too_long(ref: ContractRef, answer: Response) -> spi.RemoveResult:
    return spi.RemoveResult(
        ref,
        spi.Verdict.NOT_DONE,
        "",
        reason=Reason.TOO_LONG,
        message=_("Zoho refused the length of the call; no record was looked at"),
        hint=_(_SMALLER),
        request_id=request_id(answer),
        retry=True,
    )


def not_sent(ref: ContractRef) -> spi.RemoveResult:
    """Return the answer for a record that was left out of a call because the call would have been too long."""
    return spi.RemoveResult(
        ref,
        spi.Verdict.NOT_DONE,
        "",
        reason=Reason.TOO_LONG,
        message=_("left out of the call: Zoho takes fewer records at once"),
        hint=_(_SMALLER),
        retry=True,
    )
