"""Records without an answer of their own: a sending that failed, or one that another refusal held back."""

from __future__ import annotations

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import (
    AnswerLostError,
    CredentialStoreError,
    CrmBridgeError,
    ForbiddenAddressError,
    MalformedAnswerError,
    NotSentError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    SignInError,
    UsageError,
)
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import RemoveResult, Verdict

LASTING = (RequestRefusedError, PermissionDeniedError, MalformedAnswerError, UsageError)
"""Errors that another attempt would meet again. A CRM that is away for now has refused nothing."""
# Raised by the transport, the token cache or the secrets before a byte of the change itself was written.
_BEFORE_SENDING = (NotSentError, RateLimitedError, SignInError, CredentialStoreError, ForbiddenAddressError)


def answer_to_failure(ref: ContractRef, error: CrmBridgeError) -> RemoveResult:
    """Return what a failed sending says about one record: proven not sent, or unknown."""
    unsent = isinstance(error, _BEFORE_SENDING)
    halts = not isinstance(error, AnswerLostError) or error.reason == "redirect"
    if error.reason in (Reason.TOO_LATE, Reason.NOT_SENT):
        halts = False  # said of one request; the next one may still be in time, or be let go
    return RemoveResult(
        ref,
        Verdict.NOT_DONE if unsent else Verdict.UNKNOWN,
        code=error.vendor_code,
        reason=Reason.of(error),
        message=error.message,
        hint=error.hint,
        request_id=error.request_id,
        retry=unsent,
        halt=halts,
    )


def skipped(ref: ContractRef) -> RemoveResult:
    """Return the answer for a record that was not sent because an earlier refusal holds for all."""
    return RemoveResult(
        ref,
        Verdict.NOT_DONE,
        reason=Reason.NOT_SENT,
        message=_("not sent: the CRM refused another record for a reason that holds for all"),
        retry=True,
    )
