"""Bring contracts back: out of the recycle bin under their old ids, or created again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crm_bridge.clock import Clock
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import AnswerLostError, NotSentError
from crm_bridge.i18n import _
from crm_bridge.spi import adapter as spi
from crm_bridge.spi.adapter import Place, Restored, RestoreItem, Verdict
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.removing.outcomes import answers_of
from crm_bridge_zoho.restoring.payload import json_bytes
from crm_bridge_zoho.restoring.recreator import Recreator

IDS_A_CALL = 200
PAUSES = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0)


class Restorer:
    """Both ways back. A restore from the bin that Zoho only scheduled is watched for a while."""

    def __init__(
        self,
        client: ZohoClient,
        clock: Clock,
        recreator: Recreator,
        where: Callable[[Sequence[ContractRef]], spi.Observation],
        *,
        settle_seconds: int,
    ) -> None:
        """`where` looks for live records; `settle_seconds` bounds the watching."""
        self._client = client
        self._clock = clock
        self._recreator = recreator
        self._where = where
        self._settle = settle_seconds

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Return one result per item."""
        return self._untrash(items) if route is Route.UNTRASH else self._recreator.recreate(items)

    def _untrash(self, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Restore at most 200 records in one call."""
        found: list[Restored] = []
        for at in range(0, len(items), IDS_A_CALL):
            found += self._some([item.ref for item in items[at : at + IDS_A_CALL]])
        return found

    def _some(self, refs: Sequence[ContractRef]) -> list[Restored]:
        try:
            answer = self._client.create(
                "POST",
                "/crm/v8/settings/recycle_bin/actions/restore",
                "POST /crm/v8/settings/recycle_bin/actions/restore",
                body=json_bytes({"ids": [ref.id for ref in refs]}),
            )
        except (NotSentError, AnswerLostError) as error:
            verdict = Verdict.NOT_DONE if isinstance(error, NotSentError) else Verdict.UNKNOWN
            return [
                Restored(ref, verdict, reason=Reason.of(error), message=error.message, hint=error.hint) for ref in refs
            ]
        answers = answers_of(refs, answer, "recycle_bin")
        open_refs = [one.ref for one in answers if one.verdict is Verdict.UNKNOWN]
        back = self._watch(open_refs) if open_refs and any(one.reason is Reason.SCHEDULED for one in answers) else set()
        return [self._result(one, one.ref.id in back) for one in answers]

    def _watch(self, refs: Sequence[ContractRef]) -> set[str]:
        """Look until the scheduled records are live or the time is over; Zoho gives no job to ask about."""
        ends = self._clock.monotonic() + self._settle
        for pause in _pauses():
            places = self._where(refs).places
            live = {key for key, one in places.items() if one.place is Place.LIVE}
            if len(live) == len(refs) or self._clock.monotonic() + pause > ends:
                return live
            self._clock.sleep(pause)
        return set()

    def _result(self, answer: spi.RemoveResult, is_back: bool) -> Restored:
        if is_back or answer.verdict is Verdict.DONE:
            return Restored(answer.ref, Verdict.DONE, new_ref=answer.ref, ids={answer.ref.id: answer.ref.id})
        hint = answer.hint
        if answer.reason is Reason.SCHEDULED:
            hint = _("Zoho restores in the background; look again in a few minutes")
        return Restored(
            answer.ref,
            answer.verdict,
            code=answer.code,
            reason=answer.reason,
            message=answer.message,
            vendor_message=answer.vendor_message,
            hint=hint,
        )


def _pauses() -> Sequence[float]:
    return (*PAUSES, *([30.0] * 40))
