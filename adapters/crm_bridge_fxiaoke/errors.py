"""What a refusal means on one connection: the error table, read with the connection's assumptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from crm_bridge.clock import Clock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import AnswerLostError, CrmBridgeError, CrmError, NotSentError
from crm_bridge.i18n import N_, _
from crm_bridge.spi.adapter import RemoveResult, Verdict
from crm_bridge.spi.spec import ErrorRow
from crm_bridge.transport import Response
from crm_bridge_fxiaoke.error_table import ASK_ALLOW_LIST, ASK_APP, named_row, row_for
from crm_bridge_fxiaoke.settings import Assumptions
from crm_bridge_fxiaoke.wire import Envelope, read_envelope

VENDOR = "fxiaoke"
WINDOW_SECONDS = 20.0
TOKEN_WINDOW_SECONDS = 60.0

# Rows whose cause lies with app or tenant, not with the record, although they call themselves permission.
_HALTING_CODES = frozenset({"15003", "20014", "20020", "20021", "20022", "20023"})
_ALLOW_LIST_CODES = frozenset({"15003", "20022"})
_SHARED = {
    "tenant": N_(
        "wait 20 seconds, then resume; all programs of the tenant share 100 calls per 20 seconds and interface"
    ),
    "app": N_("wait 20 seconds, then resume; all users of the app share 100 calls per 20 seconds and interface"),
    "user": N_(
        "wait 20 seconds, then resume; all programs of the acting user share 100 calls per 20 seconds and interface"
    ),
}


class Judge:
    """Reads refusals of one connection."""

    def __init__(self, assumed: Assumptions, clock: Clock) -> None:
        """`assumed` moves the rows that the vendor does not publish; `clock` tells how far midnight is."""
        self._assumed = assumed
        self._clock = clock

    def row(self, envelope: Envelope, *, token_call: bool = False) -> ErrorRow:
        """Return the row of the error table that explains a refusal."""
        row = row_for(envelope.code, envelope.text, token_call=token_call)
        if token_call:
            return row
        if row.code == "10010" and self._assumed.missing_user_code == 10010:
            return named_row("10010:user")
        if envelope.code == self._assumed.denial_code and row.family is Reason.PERMISSION:
            return replace(named_row("50009:permission"), code=f"{envelope.code}:permission")
        if row.family is Reason.RATE_LIMITED:
            return replace(row, advice=_SHARED[self._assumed.rate_scope])
        if row.code in _ALLOW_LIST_CODES:
            listed = envelope.code == self._assumed.ip_denied_code
            return replace(row, advice=ASK_ALLOW_LIST if listed else ASK_APP)
        return row

    def reason(self, envelope: Envelope) -> Reason | None:
        """Return the reason that an answer's row gives, None for a success."""
        return None if envelope.code == 0 else self.row(envelope).family

    def error(self, envelope: Envelope, *, token_call: bool = False) -> CrmBridgeError:
        """Return our exception for a refusal of a call that changes nothing."""
        row = self.row(envelope, token_call=token_call)
        return row.family.rule.error(
            _(row.meaning),  # never the CRM's own text: it quotes records, and may throw back what it was sent
            reason=row.family,
            hint=_(row.advice),
            vendor=VENDOR,
            vendor_code=str(envelope.code),
            request_id=envelope.trace_id,
            retry_after=self._retry_after(row, envelope.code, token_call=token_call),
        )

    def answer(self, ref: ContractRef, envelope: Envelope) -> RemoveResult:
        """Return what one answer to a change says about one record; what nobody documents is unknown."""
        if envelope.code == 0:
            return RemoveResult(ref, Verdict.DONE, code="0", request_id=envelope.trace_id)
        row = self.row(envelope)
        refused = row.executed == "no"
        return RemoveResult(
            ref,
            Verdict.NOT_DONE if refused else Verdict.UNKNOWN,
            code=str(envelope.code),
            reason=row.family,
            vendor_message=envelope.text,
            hint=_(row.advice),
            request_id=envelope.trace_id,
            retry=refused and row.retryable,
            halt=row.family.halts(whole_call=row.code in _HALTING_CODES) or _is_about_the_call(row),
        )

    def wait(self, code: int, *, token_call: bool = False) -> float:
        """Return the seconds until a call that met a rate limit may be sent again.

        Of the two codes one means the window of an interface, the other the token call's minute.
        """
        assumed = self._assumed
        per_minute = code == assumed.over_token_rate_code if token_call else code != assumed.over_rate_code
        return TOKEN_WINDOW_SECONDS if per_minute else WINDOW_SECONDS

    def _retry_after(self, row: ErrorRow, code: int, *, token_call: bool) -> float | None:
        if row.family is Reason.RATE_LIMITED:
            return self.wait(code, token_call=token_call)
        if row.code != "30002":
            return None
        return seconds_to_midnight(self._clock.now(), 8 if self._assumed.quota_zone == "UTC+8" else 0)


def _is_about_the_call(row: ErrorRow) -> bool:
    """Return whether a refusal is about parameters that every call carries: the next record would meet it as well."""
    code = row.code.partition(":")[0]
    return row.family is Reason.INVALID and code.startswith(("100", "110", "120"))


def seconds_to_midnight(now: datetime, zone_hours: int) -> float:
    """Return the seconds until the next midnight of a fixed offset from UTC."""
    local = now.astimezone(timezone(timedelta(hours=zone_hours)))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - local).total_seconds()


def no_file(answer: Response) -> CrmBridgeError:
    """Return the error for a download that was answered with a status of its own."""
    return bad_status(answer, "download")


def envelope_of(answer: Response, path: str) -> Envelope:
    """Return the envelope of a good answer; a status other than 2xx comes from a proxy and is an error by itself."""
    if answer.ok:
        return read_envelope(answer)
    raise bad_status(answer, path)


def bad_status(answer: Response, path: str) -> CrmError:
    """Return the error for a status that the gateway itself never gives."""
    return CrmError(
        _("the gateway answered {route} with HTTP status {status}").format(route=path, status=answer.status),
        reason="http_status",
        hint=_("the Open API itself always answers 200: look for a proxy, or try again later"),
        vendor=VENDOR,
        http_status=answer.status,
    )


def lost(path: str, doubtful: CrmError) -> CrmError:
    """Return what a doubtful answer to a change means: anything may have happened, unless nothing was sent."""
    if isinstance(doubtful, NotSentError | AnswerLostError):
        return doubtful
    return AnswerLostError(
        _("the answer to {route} cannot be trusted").format(route=path),
        reason=doubtful.reason,
        vendor=VENDOR,
        http_status=doubtful.http_status,
        request_id=doubtful.request_id,
    )
