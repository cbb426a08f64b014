"""From Zoho's words to ours: exceptions for calls that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, MalformedAnswerError, UsageError
from crm_bridge.i18n import N_, _
from crm_bridge.redaction import shown_code
from crm_bridge.spi.spec import ErrorRow
from crm_bridge.transport import Response
from crm_bridge_zoho.error_table import BY_CODE
from crm_bridge_zoho.wire import Item, body_of, error_in

ENDS_THE_RUN = frozenset(
    {Reason.SIGNED_OUT, Reason.RATE_LIMITED, Reason.CIRCUIT_OPEN, "credits_used_up", "token_window"}
)
"""Reasons that would meet every other contract too."""
_TELLING = (
    "permissions",
    "api_name",
    "column_name",
    "operator",
    "param_name",
    "near",
    "limit",
    "expected_data_type",
    "layout",
    "action",
    "json_path",
)
_LONGEST = 200
_JOBS = ("merge", "zia_vision")


class ColumnRefusedError(UsageError):
    """A query that Zoho refuses because of one column, whatever is done with it."""

    column = ""


def row_of(code: str, details: Mapping[str, Any] | None = None) -> ErrorRow:
    """Return the row of a code; an unlisted code leaves open whether anything was done.

    Zoho's sentence about a merge speaks of an approval: what `details` name as `action` tells the locks apart.
    """
    action = (details or {}).get("action")
    if code == "RECORD_LOCKED" and isinstance(action, str) and action.startswith(_JOBS):
        return BY_CODE["RECORD_LOCKED:job"]
    return BY_CODE.get(code) or ErrorRow(
        code, Reason.REFUSED, "unknown", False, N_("Zoho refused"), N_("look the code up in Zoho's documentation"), ""
    )


def detail_text(details: Mapping[str, Any]) -> str:
    """Return what the details name (field, operator, right), in one line of at most 200 characters."""
    told = [details[key] for key in _TELLING if details.get(key) not in (None, "", [])]
    words = [", ".join(map(str, one)) if isinstance(one, list) else str(one) for one in told]
    return " ".join(words)[:_LONGEST]


def exception_of(item: Item, answer: Response, *, route: str) -> CrmBridgeError:
    """Return our exception for an error that Zoho named."""
    row = row_of(item.code, item.details)
    named, code = detail_text(item.details), shown_code(item.code) or "-"
    text = _("Zoho refused {route}: {meaning} ({code})").format(
        route=route, meaning=_(row.meaning), code=f"{code}: {named}" if named else code
    )
    column = item.details.get("column_name")
    by_column = item.code == "INVALID_QUERY" and isinstance(column, str) and "operator" not in item.details
    error = (ColumnRefusedError if by_column else row.family.rule.error)(
        text,
        reason=row.family,
        hint=_(row.advice),
        vendor="zoho",
        vendor_code=item.code,
        http_status=answer.status,
        request_id=request_id(answer),
    )
    if isinstance(error, ColumnRefusedError):
        error.column = str(column)
    return error


def failure_of(answer: Response, *, route: str) -> CrmBridgeError | None:
    """Return the exception that an answer to a read amounts to; None when it is good (also when it is empty)."""
    if answer.status in (204, 304):
        return None
    if answer.ok:
        item = error_in(answer)
        return None if item is None else exception_of(item, answer, route=route)
    item = named_error(answer)
    if item is not None:
        return exception_of(item, answer, route=route)
    return _nameless(answer, route)


def named_error(answer: Response) -> Item | None:
    """Return the error that an answer names; None for an HTML page or anything else that is not Zoho's JSON."""
    try:
        return error_in(answer)
    except MalformedAnswerError:
        return None


def sign_in_failure(answer: Response) -> CrmBridgeError | None:
    """Return the exception for an answer of the token endpoint: errors come with HTTP 200, so the body decides."""
    try:
        said = body_of(answer).get("error")
    except MalformedAnswerError:
        said = None
        if answer.ok:
            raise
    if said is None:
        return None if answer.ok else _nameless(answer, "POST /oauth/v2/token")
    return exception_of(Item(ok=False, code=str(said)), answer, route="POST /oauth/v2/token")


def _nameless(answer: Response, route: str) -> CrmBridgeError:
    reason, hint = Reason.UNAVAILABLE, _("wait, then resume")
    if answer.status == 429:
        reason = Reason.RATE_LIMITED
    elif answer.status == 401:
        reason, hint = Reason.SIGNED_OUT, _("sign in again: `crm-bridge login`")
    elif answer.status == 403:
        reason, hint = Reason.PERMISSION, _("ask a Zoho administrator")
    elif answer.status < 500:
        reason, hint = Reason.REFUSED, _("check the address in the connection's configuration")
    text = _("Zoho answered {route} with HTTP {status} and no reason").format(route=route, status=answer.status)
    return reason.rule.error(
        text, reason=reason, hint=hint, vendor="zoho", http_status=answer.status, request_id=request_id(answer)
    )


def request_id(answer: Response) -> str:
    """Return the id that a gateway gave the request, if any."""
    return answer.headers.get("x-request-id", "")
