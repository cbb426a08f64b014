"""Reasons: every word that can stand beside a contract, with what it means and what follows from it.

This is the only place that interprets a reason. The journal keeps the words; a word that is not here is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Self

from crm_bridge.errors import (
    AnswerLostError,
    BackupError,
    CredentialStoreError,
    CrmBridgeError,
    CrmError,
    ForbiddenAddressError,
    InDoubtError,
    JournalError,
    MalformedAnswerError,
    NotAvailableError,
    NotSentError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    SignInError,
    TenantChangedError,
    UsageError,
)
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _


class Halts(Enum):
    """When a refusal stops a run: it would meet every other contract too."""

    NEVER = 0
    WHOLE_CALL = 1
    """When it is said about a whole call, and not about one contract in it."""
    ALWAYS = 2


class Helper(StrEnum):
    """The role that can change something about a reason."""

    NONE = ""
    YOU = "you"
    ADMINISTRATOR = "administrator"
    OWNER = "owner"
    APPROVER = "approver"
    NETWORK = "network"
    VENDOR = "vendor"

    @property
    def meaning(self) -> str:
        """Return the role in English, marked for translation."""
        return _HELPERS[self]

    @property
    def words(self) -> str:
        """Return the role in the reader's language."""
        return _(self.meaning)


_HELPERS = {
    Helper.NONE: "",
    Helper.YOU: N_("you"),
    Helper.ADMINISTRATOR: N_("an administrator of the CRM"),
    Helper.OWNER: N_("the owner of the record"),
    Helper.APPROVER: N_("the approver"),
    Helper.NETWORK: N_("the administrator of this computer or network"),
    Helper.VENDOR: N_("the CRM's vendor"),
}


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """Consequences of a reason: error, hold, halt, exit code."""

    error: type[CrmBridgeError] = CrmError
    """Raised by a call that changes nothing and was refused for this reason."""
    helper: Helper = Helper.NONE
    exit_code: ExitCode = ExitCode.HELD
    """The least exit code of a run in which a contract ends with this reason."""
    holds: bool = False
    """The contract itself is as it was, and a person at the CRM can lift the refusal: held, not refused."""
    halts: Halts = Halts.NEVER


_IN_THE_WAY = ReasonRule(RequestRefusedError, Helper.OWNER, holds=True)
_APPROVAL = ReasonRule(RequestRefusedError, Helper.APPROVER, holds=True)
_RIGHT = ReasonRule(PermissionDeniedError, Helper.ADMINISTRATOR, holds=True, halts=Halts.WHOLE_CALL)
_SIGN_IN = ReasonRule(SignInError, Helper.YOU, halts=Halts.WHOLE_CALL)
_SECRETS = ReasonRule(SignInError, Helper.YOU, halts=Halts.ALWAYS)
_REFUSAL = ReasonRule(RequestRefusedError, Helper.YOU)
_OURS = ReasonRule(RequestRefusedError)
_WAIT = ReasonRule(RateLimitedError, halts=Halts.WHOLE_CALL)
_TROUBLE = ReasonRule(CrmError, Helper.VENDOR)
_LOOK = ReasonRule(InDoubtError, Helper.YOU)
_UNSENT = ReasonRule(NotSentError, Helper.NETWORK)
_LOST = ReasonRule(AnswerLostError, Helper.NETWORK)
_ODD = ReasonRule(MalformedAnswerError, Helper.VENDOR)
_BACKUP = ReasonRule(BackupError, Helper.YOU)
_NEWS = ReasonRule(exit_code=ExitCode.OK)
_DOUBT = ReasonRule(InDoubtError, exit_code=ExitCode.IN_DOUBT)


class Reason(StrEnum):
    """Why a contract is where it is, or why something was not done about it: word, meaning, consequences."""

    rule: ReasonRule
    _value_: str
    meaning: str
    """In English, marked for translation."""

    def __new__(cls, value: str, words: str, rule: ReasonRule) -> Self:
        """Make a member whose value is its word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = words
        member.rule = rule
        return member

    @property
    def words(self) -> str:
        """Return the meaning in the reader's language."""
        return _(self.meaning)

    @property
    def help(self) -> str:
        """Return who can help, as a phrase to be appended; empty where no role can."""
        helper = self.rule.helper.words
        return _("who can help: {who}").format(who=helper) if helper else ""

    def halts(self, *, whole_call: bool) -> bool:
        """Return whether this refusal stops the run; `whole_call`: it is not about one contract of several."""
        return self.rule.halts is Halts.ALWAYS or (whole_call and self.rule.halts is Halts.WHOLE_CALL)

    # Where a contract is that is not there.
    BY_THIS_RUN = "by_this_run", N_("removed by this run"), _NEWS
    BY_ANOTHER_RUN = "by_another_run", N_("another run of this program removed it"), _NEWS
    BY_THIS_USER = "by_this_user", N_("removed by this CRM user; no answer says by which program"), _NEWS
    DELETED_BY_SOMEBODY_ELSE = "deleted_by_somebody_else", N_("somebody else deleted it meanwhile"), _NEWS
    LISTED_UNDER_SOMEBODY_ELSE = "listed_under_somebody_else", N_("gone, but listed under another user"), _NEWS
    MERGED = "merged", N_("merged into another record, or converted; it does not exist on its own any more"), _NEWS
    NOT_VISIBLE = (
        "not_visible",
        N_("not visible to this user"),
        ReasonRule(PermissionDeniedError, Helper.ADMINISTRATOR),
    )
    GONE_UNATTRIBUTED = "gone_unattributed", N_("not there; nothing says whether, or by whom, it was deleted"), _DOUBT

    # What the looks found.
    CHANGED_SINCE_PLAN = "changed_since_plan", N_("changed since the plan; plan again"), _LOOK
    RESTORED_BY_SOMEBODY_ELSE = "restored_by_somebody_else", N_("somebody else restored it meanwhile"), _LOOK
    NO_CONTROL_RECORD = "no_control_record", N_("no other record could be read, so absence proves nothing"), _LOOK
    UNREADABLE = "unreadable", N_("could not be read"), _LOOK
    UNREADABLE_VALUE = "unreadable_value", N_("a value of it cannot be read, so nothing is decided about it"), _LOOK
    UNDECIDED = "undecided", N_("the filter can be neither confirmed nor denied for it"), _LOOK
    STILL_THERE = "still_there", N_("the CRM said yes, but the contract is still there"), _LOOK
    LIVE_AGAIN = "live_again", N_("was gone, and is live again"), _LOOK
    STILL_IN_BIN = "still_in_bin", N_("still in the CRM's bin"), _LOOK
    AFTER_UNKNOWN = "after_unknown", N_("the CRM's answer was unclear; the contract is still there"), _LOOK
    NOT_DONE = "not_done", N_("proven not done, as often as it may be tried"), _LOOK
    LAST_STEP_MISSING = (
        "last_step_missing",
        N_("it is in the CRM's bin; its last step, deleting it for good, is missing"),
        _LOOK,
    )
    IN_BIN = "in_bin", N_("it is in the CRM's bin"), _NEWS
    IN_BIN_TOO = (
        "in_bin_too",
        N_("it is also in the CRM's bin, which this user may not use: an administrator can restore it from there"),
        _NEWS,
    )
    NOT_LIVE = "not_live", N_("the CRM said yes, but the contract is not live"), _LOOK
    NOT_FOUND = "not_found", N_("the CRM does not know it"), ReasonRule(RequestRefusedError, exit_code=ExitCode.OK)
    NOT_LISTED = "not_listed", N_("it can be read by its id, but the CRM's queries do not return it"), _LOOK
    IS_LIVE = "is_live", N_("it is not deleted; nothing was done"), _NEWS
    ALREADY_RESTORED = "already_restored", N_("an earlier restore brought it back"), _NEWS
    OTHER_TENANT = (
        "other_tenant",
        N_("it belongs to another organisation than the plan"),
        ReasonRule(UsageError, Helper.YOU),
    )
    TOO_LATE = "too_late", N_("the last look was too old to delete by; nothing was sent"), _LOOK
    TOO_SLOW = "too_slow", N_("every look at it was more than five seconds old before its delete could be sent"), _LOOK

    # What the CRM says is in the way.
    LOCKED = "locked", N_("locked in the CRM; unlock it there first, if that is meant"), _IN_THE_WAY
    IN_APPROVAL = "in_approval", N_("waits for an approval in the CRM"), _APPROVAL
    IN_PROCESS = "in_process", N_("is in a process of the CRM; finish it first"), _IN_THE_WAY
    HAS_REFERENCES = "has_references", N_("other records depend on it"), _IN_THE_WAY
    PERMISSION = "permission", N_("the CRM user lacks a right; ask an administrator"), _RIGHT
    SCOPE = (
        "scope",
        N_("the sign-in does not cover this; sign in again with all rights that are asked for"),
        ReasonRule(PermissionDeniedError, Helper.YOU, holds=True, halts=Halts.WHOLE_CALL),
    )
    VETOED = (
        "vetoed",
        N_("a rule or function of this CRM tenant refuses it"),
        ReasonRule(RequestRefusedError, Helper.ADMINISTRATOR, holds=True),
    )
    PAPER = (
        "paper",
        N_("paper of it outlives the record, and no retention rule releases it; deleting it ends no agreement"),
        ReasonRule(RequestRefusedError, Helper.YOU, holds=True),
    )
    SHARING = "sharing", N_("the CRM's sharing rules forbid it; ask the owner"), _IN_THE_WAY
    PARENT_IN_BIN = "parent_in_bin", N_("its parent record is still in the bin"), _REFUSAL
    DUPLICATE = "duplicate", N_("another record has its unique value"), _REFUSAL
    CHANGED = "changed", N_("changed meanwhile"), _REFUSAL
    REFUSED = "refused", N_("the CRM refuses it"), ReasonRule(RequestRefusedError, Helper.ADMINISTRATOR)
    NOT_SUPPORTED = (
        "not_supported",
        N_("the CRM does not offer this here"),
        ReasonRule(PermissionDeniedError, Helper.ADMINISTRATOR, halts=Halts.WHOLE_CALL),
    )

    # What the CRM does not accept about the call.
    INVALID = "invalid", N_("the CRM does not accept the request"), _OURS
    FILTER = "filter", N_("the CRM does not understand the filter"), ReasonRule(UsageError, Helper.YOU)
    MODULE = (
        "module",
        N_("the CRM does not know the module, or hides it from this user"),
        ReasonRule(UsageError, Helper.ADMINISTRATOR, halts=Halts.WHOLE_CALL),
    )
    PATH = "path", N_("the CRM does not offer this for the object"), ReasonRule(RequestRefusedError, halts=Halts.ALWAYS)
    TOO_MANY = "too_many", N_("too much for one call"), _OURS
    TOO_LARGE = "too_large", N_("too large for the CRM"), _REFUSAL
    TOO_LONG = "too_long", N_("the call was too long for the CRM"), _OURS
    """No contract of the call was looked at, or it left some out: fewer go into the next one."""
    RESTART = "restart", N_("the CRM asks to begin the listing again"), _OURS

    # Sign-in, pace and quota.
    SIGNED_OUT = "signed_out", N_("the sign-in was not accepted"), _SIGN_IN
    CREDENTIALS = "credentials", N_("the CRM does not accept the secrets of this connection"), _SECRETS
    USER = "user", N_("the CRM does not accept the acting user"), _SECRETS
    TENANT_CHANGED = (
        "tenant_changed",
        N_("a new token opens another organisation or user; nothing was sent with it"),
        ReasonRule(TenantChangedError, Helper.YOU, halts=Halts.ALWAYS),
    )
    RATE_LIMITED = "rate_limited", N_("the CRM's limit was reached"), _WAIT
    QUOTA = (
        "quota",
        N_("the CRM's quota of calls is used up"),
        ReasonRule(RateLimitedError, Helper.ADMINISTRATOR, halts=Halts.ALWAYS),
    )

    # Trouble at the CRM.
    BUSY = "busy", N_("the CRM is busy with another job"), _TROUBLE
    UNAVAILABLE = "unavailable", N_("the CRM failed or is not available"), _TROUBLE
    SYSTEM_ERROR = "system_error", N_("the CRM had an error of its own"), _TROUBLE
    SERVICE = "service", N_("the CRM had an error of its own"), _TROUBLE
    UNKNOWN = "unknown", N_("the CRM answered with a code that nobody documents"), _TROUBLE
    SCHEDULED = "scheduled", N_("the CRM does it in the background and has not finished"), _TROUBLE
    UNCLEAR = "unclear", N_("the CRM's answer does not say what became of it"), _ODD
    NOT_ANSWERED = "not_answered", N_("the CRM's answer does not mention it"), _ODD
    ANSWERED_TWICE = "answered_twice", N_("the CRM's answer mentions it more than once"), _ODD
    MALFORMED = "malformed", N_("the CRM's answer cannot be trusted"), _ODD
    HTTP_STATUS = "http_status", N_("the CRM answered with an error page"), _TROUBLE

    # On the way to the CRM.
    NOT_SENT = "not_sent", N_("the CRM could not be reached"), _UNSENT
    ANSWER_LOST = "answer_lost", N_("the CRM's answer was lost; `crm-bridge resume` looks again"), _LOST
    ANSWER_LOST_RECENTLY = (
        "answer_lost_recently",
        N_("an answer about it was lost within the last day: a late deletion could still hit it"),
        _NEWS,
    )
    PROCESS_DIED = "process_died", N_("the program died during the call; `crm-bridge resume` looks again"), _LOST
    CONNECT = "connect", N_("no connection to the CRM"), _UNSENT
    CONNECT_TIMEOUT = "connect_timeout", N_("no connection to the CRM in time"), _UNSENT
    DNS = "dns", N_("the CRM's name could not be resolved"), _UNSENT
    TLS = "tls", N_("the secure connection to the CRM could not be verified"), _UNSENT
    PROXY = "proxy", N_("no connection to the proxy"), _UNSENT
    PROXY_TLS = "proxy_tls", N_("the secure connection to the proxy could not be verified"), _UNSENT
    PROXY_SILENT = "proxy_silent", N_("the proxy did not open the way to the CRM in time"), _UNSENT
    PROXY_AUTH = "proxy_auth", N_("the proxy wants a user and password, or others"), _UNSENT
    PROXY_REFUSED = "proxy_refused", N_("the proxy does not let this machine through to the CRM"), _UNSENT
    PROXY_FAILED = "proxy_failed", N_("the proxy could not reach the CRM"), _UNSENT
    INVALID_REQUEST = "invalid_request", N_("the request could not be written"), _UNSENT
    CIRCUIT_OPEN = "circuit_open", N_("the CRM failed too often; it is left alone for a while"), _UNSENT
    DEADLINE = "deadline", N_("the call took longer than its total time"), _LOST
    TIMEOUT = "timeout", N_("no answer in time"), _LOST
    CONNECTION_LOST = "connection_lost", N_("the connection broke before the answer was complete"), _LOST
    SHORT_BODY = "short_body", N_("the answer was cut short"), _LOST
    ENCODING = "encoding", N_("the answer could not be decompressed"), _LOST
    OVERSIZE = "oversize", N_("the answer was larger than allowed"), _LOST
    REDIRECT = "redirect", N_("answered with a redirect, which is never followed"), _LOST
    FORBIDDEN_HOST = (
        "forbidden_host",
        N_("an address outside the hosts of this connection was named"),
        ReasonRule(ForbiddenAddressError, Helper.YOU),
    )
    CREDENTIAL_STORE = (
        "credential_store",
        N_("the secrets of this connection cannot be read"),
        ReasonRule(CredentialStoreError, Helper.YOU),
    )

    # Backups and what comes back from them.
    BACKUP_INCOMPLETE = "backup_incomplete", N_("its backup is not complete, so it was left alone"), _BACKUP
    BACKUP_REPLACED = "backup_replaced", N_("its backup is not the one that was verified"), _BACKUP
    NO_BACKUP = "no_backup", N_("there is no backup of it"), _BACKUP
    BAD_BACKUP = "bad_backup", N_("its backup holds something else"), _BACKUP
    DAMAGED = "damaged", N_("its backup is damaged or missing"), _BACKUP
    SHREDDED = "shredded", N_("its backup was made unreadable on purpose"), _BACKUP
    NO_KEY = "no_key", N_("the key of its backup is not on this computer"), _BACKUP
    KEY_SLOT = "key_slot", N_("the key of its backup cannot be used"), _BACKUP
    NO_SET = "no_set", N_("the set that holds its backup is not in the vault"), _BACKUP
    NOT_IN_SET = "not_in_set", N_("it is not in the set that should hold its backup"), _BACKUP
    INCOMPLETE = "incomplete", N_("the CRM did not give it in full"), _BACKUP
    RELATED_UNREADABLE = "related_unreadable", N_("records that belong to it cannot be read"), _RIGHT
    BELONGINGS_CHANGED = (
        "belongings_changed",
        N_("what hangs on it is not as in its backup any more, so it was left alone"),
        _LOOK,
    )
    NOT_ALL_SHOWN = (
        "not_all_shown",
        N_("something that hangs on it is not shown to this user, and would be lost for good"),
        ReasonRule(PermissionDeniedError, Helper.ADMINISTRATOR),
    )
    ATTACHMENT_TOO_LARGE = "attachment_too_large", N_("one of its files is too large for a backup"), _BACKUP
    ATTACHMENT_SIZE = "attachment_size", N_("one of its files did not have the size that the CRM named"), _BACKUP
    NO_ID = "no_id", N_("the CRM made a record and did not say which"), _ODD
    SEVERAL_COPIES = "several_copies", N_("several copies of it are in the CRM; remove those that are too many"), _LOOK
    POSSIBLE_COPY = (
        "possible_copy",
        N_("a record with its number or title was made since the first attempt; it may be the copy"),
        _LOOK,
    )
    NOT_AVAILABLE = "not_available", N_("this CRM has no such thing"), ReasonRule(NotAvailableError)
    JOURNAL = "journal", N_("the journal could not be written"), ReasonRule(JournalError, Helper.YOU)

    @classmethod
    def check(cls, given: object) -> None:
        """Raise TypeError for anything but a reason or None: a word that nothing interprets must not be passed on."""
        if given is not None and not isinstance(given, cls):
            raise TypeError(f"{given!r} is not a Reason")

    @classmethod
    def of_word(cls, word: object) -> Reason | None:
        """Return the reason that a word from a journal, a receipt or an error means; None for an unknown word."""
        return _BY_WORD.get(word) if isinstance(word, str) else None

    @classmethod
    def of(cls, error: CrmBridgeError) -> Reason:
        """Return the reason of an error for a contract's row: its own where it has one, else that of its class."""
        known = cls.of_word(error.reason)
        return known or next(reason for kind, reason in _OF_CLASS if isinstance(error, kind))


_BY_WORD: dict[str, Reason] = {reason.value: reason for reason in Reason}
_OF_CLASS: tuple[tuple[type[CrmBridgeError], Reason], ...] = (
    (RateLimitedError, Reason.RATE_LIMITED),
    (MalformedAnswerError, Reason.MALFORMED),
    (NotSentError, Reason.NOT_SENT),
    (AnswerLostError, Reason.ANSWER_LOST),
    (ForbiddenAddressError, Reason.FORBIDDEN_HOST),
    (RequestRefusedError, Reason.REFUSED),
    (CrmError, Reason.UNAVAILABLE),
    (SignInError, Reason.SIGNED_OUT),
    (PermissionDeniedError, Reason.PERMISSION),
    (CredentialStoreError, Reason.CREDENTIAL_STORE),
    (NotAvailableError, Reason.NOT_AVAILABLE),
    (BackupError, Reason.BACKUP_INCOMPLETE),
    (JournalError, Reason.JOURNAL),
    (UsageError, Reason.INVALID),
    (InDoubtError, Reason.UNCLEAR),
    (CrmBridgeError, Reason.REFUSED),
)

CAUSES_OF_ABSENCE = (
    Reason.BY_THIS_RUN,
    Reason.BY_ANOTHER_RUN,
    Reason.BY_THIS_USER,
    Reason.DELETED_BY_SOMEBODY_ELSE,
    Reason.MERGED,
    Reason.NOT_VISIBLE,
    Reason.GONE_UNATTRIBUTED,
)
"""Every contract that is not there is so for one of these; only the first four are removals whose author is known."""
