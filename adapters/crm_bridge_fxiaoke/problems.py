"""A refusal of the gateway as our exception, or as the answer about one record."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import (
    AnswerLostError,
    CredentialStoreError,
    CrmBridgeError,
    CrmError,
    ForbiddenAddressError,
    NotSentError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    SignInError,
)
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Answer, Verdict
from crm_bridge.spi.spec import ErrorRow
from crm_bridge_fxiaoke.errors import row_for
from crm_bridge_fxiaoke.wire import Envelope

VENDOR = "fxiaoke"
WINDOW_SECONDS = 20.0
TOKEN_WINDOW_SECONDS = 60.0

_CLASSES: dict[str, type[CrmBridgeError]] = {
    "credentials": SignInError,
    "signed_out": SignInError,
    "user": SignInError,
    "permission": PermissionDeniedError,
    "rate_limited": RateLimitedError,
    "quota": RateLimitedError,
    "invalid": RequestRefusedError,
    "path": RequestRefusedError,
    "locked": RequestRefusedError,
    "not_found": RequestRefusedError,
    "in_approval": RequestRefusedError,
}
# Raised by the transport, the token cache or the secrets before a byte of the change itself was written.
_BEFORE_SENDING = (NotSentError, RateLimitedError, SignInError, CredentialStoreError, ForbiddenAddressError)
_HALTING = frozenset({"credentials", "user", "quota", "path"})
# Rows whose cause lies with app or tenant, not with the record, although they call themselves permission.
_HALTING_CODES = frozenset({"15003", "20020", "20021", "20022", "20023"})


def row_of(envelope: Envelope, *, token_call: bool = False) -> ErrorRow:
    """Return the row of the error table that explains a refusal."""
    return row_for(envelope.code, envelope.text, token_call=token_call)


def error_for(envelope: Envelope, *, now: datetime, zone_hours: int = 8, token_call: bool = False) -> CrmBridgeError:
    """Return our exception for a refusal of a call that changes nothing."""
    row = row_of(envelope, token_call=token_call)
    kind = _CLASSES.get(row.family, CrmError)
    return kind(
        _(row.meaning),  # never the CRM's own text: it quotes records, and may throw back what it was sent
        reason=row.family,
        hint=_(row.advice),
        vendor=VENDOR,
        vendor_code=str(envelope.code),
        request_id=envelope.trace_id,
        retry_after=_wait_for(row, now, zone_hours, token_call=token_call),
    )


def _wait_for(row: ErrorRow, now: datetime, zone_hours: int, *, token_call: bool) -> float | None:
    if row.family == "rate_limited":
        return TOKEN_WINDOW_SECONDS if token_call else WINDOW_SECONDS
    return seconds_to_midnight(now, zone_hours) if row.code == "30002" else None


def seconds_to_midnight(now: datetime, zone_hours: int) -> float:
    """Return the seconds until the next midnight of a fixed offset from UTC."""
    local = now.astimezone(timezone(timedelta(hours=zone_hours)))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - local).total_seconds()


def answer_for(ref: ContractRef, envelope: Envelope) -> Answer:
    """Return what one answer to a change says about one record; what nobody documents is unknown."""
    if envelope.code == 0:
        return Answer(ref, Verdict.DONE, code="0", request_id=envelope.trace_id)
    row = row_of(envelope)
    refused = row.executed == "no"
    return Answer(
        ref,
        Verdict.NOT_DONE if refused else Verdict.UNKNOWN,
        code=str(envelope.code),
        reason=row.family,
        message=envelope.text,
        hint=_(row.advice),
        request_id=envelope.trace_id,
        retry=refused and row.retryable,
        halt=row.family in _HALTING or row.code in _HALTING_CODES,
    )


def answer_to_failure(ref: ContractRef, error: CrmBridgeError) -> Answer:
    """Return what a failed sending says about one record: proven not sent, or unknown."""
    unsent = isinstance(error, _BEFORE_SENDING)
    halts = not isinstance(error, AnswerLostError) or error.reason == "redirect"
    return Answer(
        ref,
        Verdict.NOT_DONE if unsent else Verdict.UNKNOWN,
        code=error.vendor_code,
        reason=error.reason,
        message=error.message,
        hint=error.hint,
        request_id=error.request_id,
        retry=unsent,
        halt=halts,
    )
