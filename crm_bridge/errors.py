"""Every error that crm_bridge raises, grouped by what the caller can do about it.

CrmBridgeError
├── UsageError                 fix the call: arguments, filter text, names        exit 2
│   ├── FilterSyntaxError      points at the column
│   ├── ConfigError            names file and line
│   ├── AmbiguousContractError more than one contract fits
│   └── SandboxOnlyError       a test switch was used with a real CRM
├── NothingMatchedError        the selection is empty                             exit 8
├── GuardError                 a safety rule says no                              exit 4
├── ConfirmationError          confirmation missing, wrong, expired or used       exit 5
├── BackupError                no verified backup, so nothing was deleted         exit 6
├── InterruptedRunError        stopped in a resumable state                       exit 7
├── InDoubtError               something is unknown or unverified                 exit 9
├── SignInError                sign in again                                      exit 1
│   └── TenantChangedError     a new token opens another organisation or user
├── PermissionDeniedError      ask an administrator                               exit 1
├── NotAvailableError          this CRM has no such thing                         exit 1
├── CredentialStoreError       fix where secrets are kept                         exit 1
├── CrmError                   the CRM refused or answered nonsense               exit 1
│   ├── RequestRefusedError    refused before anything was done
│   ├── RateLimitedError       wait, then resume
│   ├── MalformedAnswerError   the answer cannot be trusted
│   ├── NotSentError           proven: nothing reached the CRM
│   ├── AnswerLostError        sent, answer unknown
│   └── ForbiddenAddressError  a host outside the connection's allow-list
├── JournalError               the journal cannot be used; nothing is done        exit 1
│   └── JournalBusyError       another process holds the lock                    exit 16
└── JournalCheckError          the journal does not verify                        exit 10..15
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _
from crm_bridge.redaction import clean, shown_code, shown_id


class CrmBridgeError(Exception):
    """What happened, and what to do next. Carries facts, never request headers, bodies or secrets."""

    exit_code: ExitCode = ExitCode.FAILED
    advice: ClassVar[str] = ""
    """The hint of an error that was raised without one."""
    reason: str

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        hint: str = "",
        vendor: str = "",
        vendor_code: str = "",
        http_status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        """Keep the closed set of fields; `reason` is a short stable word for programs, `retry_after` is in seconds."""
        # Texts of a CRM may throw our own secrets back at us.
        super().__init__(message := clean(message))
        self.message = message
        self.reason = reason or _snake(type(self).__name__)
        self.hint = clean(hint or _(self.advice))
        self.vendor = vendor
        self.vendor_code = shown_code(vendor_code)
        self.http_status = http_status
        self.request_id = shown_id(request_id)
        self.retry_after = retry_after

    def facts(self) -> dict[str, str | int | float]:
        """Return the fields that are set, for JSON output."""
        named = {
            "error": type(self).__name__,
            "reason": self.reason,
            "message": self.message,
            "hint": self.hint,
            "vendor": self.vendor,
            "vendor_code": self.vendor_code,
            "http_status": self.http_status,
            "request_id": self.request_id,
            "retry_after": self.retry_after,
        }
        return {key: value for key, value in named.items() if value not in ("", None)}


def _snake(name: str) -> str:
    stem = name.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem).lstrip("_")


class UsageError(CrmBridgeError):
    """The call itself is wrong: fix the input."""

    exit_code = ExitCode.USAGE


class FilterSyntaxError(UsageError):
    """Filter text that cannot be read. `column` counts characters from 1."""

    def __init__(self, message: str, *, text: str, column: int, hint: str = "") -> None:
        """Keep the text and the 1-based column, so that a caret can be drawn under it."""
        super().__init__(message, hint=hint)
        self.text = text
        self.column = column


class ConfigError(UsageError):
    """A configuration or secrets file that cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One contract of several that were meant, as people recognise it. Personal: shown, never logged."""

    connection: str
    id: str
    number: str | None = field(default=None, repr=False)
    customer: str | None = field(default=None, repr=False)
    date: str = ""
    """The day on which it was deleted; of a live contract, the first day that it is for."""


class AmbiguousContractError(UsageError):
    """More than one contract answers to that number; `candidates` are ids, `choices` what tells them apart."""

    def __init__(
        self, message: str, *, candidates: tuple[str, ...], choices: tuple[Choice, ...] = (), hint: str = ""
    ) -> None:
        """Keep the ids that fit, and where they are known number, customer and date of each."""
        super().__init__(message, hint=hint)
        self.candidates = candidates
        self.choices = choices


class SandboxOnlyError(UsageError):
    """A switch of the test interface was used while a connection is not loopback."""


class NothingMatchedError(CrmBridgeError):
    """The selection is empty."""

    exit_code = ExitCode.NOTHING


class GuardError(CrmBridgeError):
    """A safety rule refused the plan."""

    exit_code = ExitCode.GUARD


class ConfirmationError(CrmBridgeError):
    """The confirmation is missing, wrong, expired or already used; nothing was sent."""

    exit_code = ExitCode.CONFIRMATION
    advice = N_("look at the plan with `crm-bridge plan show`, or plan again")


class BackupError(CrmBridgeError):
    """There is no verified backup; nothing was deleted."""

    exit_code = ExitCode.BACKUP
    advice = N_("nothing was deleted; put it right, then run the same command again")


class InterruptedRunError(CrmBridgeError):
    """The run stopped in a state from which it can be resumed."""

    exit_code = ExitCode.INTERRUPTED
    advice = N_("go on with `crm-bridge resume`")


class InDoubtError(CrmBridgeError):
    """Something is unknown or unverified, and said so."""

    exit_code = ExitCode.IN_DOUBT
    advice = N_("`crm-bridge resume` looks again; it never deletes a contract that may be gone")


class SignInError(CrmBridgeError):
    """The CRM did not accept the credentials."""

    advice = N_("sign in again: `crm-bridge login`")


class TenantChangedError(SignInError):
    """A renewed token opens another organisation or user than the first one; nothing was sent with it."""

    advice = N_("sign in to the first one again with `crm-bridge login --replace`, then `crm-bridge resume`")


class PermissionDeniedError(CrmBridgeError):
    """The signed-in user or the app lacks a right."""

    advice = N_("ask an administrator of the CRM for this right")


class NotAvailableError(CrmBridgeError):
    """This CRM, or the way it is configured here, has no such thing."""


class CredentialStoreError(CrmBridgeError):
    """Secrets cannot be read or kept safely."""

    advice = N_("`crm-bridge auth status` names the store of every secret")


class CrmError(CrmBridgeError):
    """The CRM, or the way to it, failed."""

    advice = N_("run the same command again; if it stays so, `crm-bridge doctor` looks at the connection")


class RequestRefusedError(CrmError):
    """The CRM refused the request before doing anything."""


class RateLimitedError(CrmError):
    """Too many requests; `retry_after` seconds where the CRM said so. Refused before execution."""

    advice = N_("wait, then run the same command again")


class MalformedAnswerError(CrmError):
    """An answer that is cut, too large, not JSON, or not what the vendor documents."""

    advice = N_("run the same command again; if it stays so, check the address and whether a proxy answers instead")


class NotSentError(CrmError):
    """Proven: no byte of the request reached the CRM. `because` is the error that ends the run, where one does."""

    advice = N_("check the network and the address in the connection's configuration, then run the same command again")
    because: CrmBridgeError | None = None

    @classmethod
    def because_of(cls, problem: CrmBridgeError) -> NotSentError:
        """Return the error of a request that was not sent because of `problem`, with its words."""
        if isinstance(problem, NotSentError):
            return problem
        unsent = cls(problem.message, reason=problem.reason, hint=problem.hint, retry_after=problem.retry_after)
        unsent.because = problem
        return unsent


class AnswerLostError(CrmError):
    """The request may have been carried out; the answer was not seen."""


class ForbiddenAddressError(CrmError):
    """A redirect, an api_domain or a link pointed outside the hosts of this connection."""

    advice = N_("check the addresses in the connection's configuration")


class JournalError(CrmBridgeError):
    """The journal cannot be written or trusted, so nothing is done."""

    advice = N_("run `crm-bridge journal check`")


class JournalBusyError(JournalError):
    """Another process holds the journal, the plan or the record; `message` says who."""

    exit_code = ExitCode.BUSY


class JournalCheckError(CrmBridgeError):
    """The journal does not verify; `exit_code` is the finding's (see the reference page of `journal check`)."""

    exit_code = ExitCode.JOURNAL_ALTERED

    def __init__(self, message: str, *, exit_code: ExitCode, hint: str = "") -> None:
        """Keep the finding's exit code."""
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
