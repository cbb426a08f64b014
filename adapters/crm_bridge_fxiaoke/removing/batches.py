"""Batches of ids: each sent once, and split only after every id was seen to be untouched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, NotSentError
from crm_bridge.spi.adapter import Guard, RemoveResult, Verdict, unguarded
from crm_bridge.spi.failures import answer_to_failure, skipped
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.error_table import gave_up
from crm_bridge_fxiaoke.reading.records import Records
from crm_bridge_fxiaoke.removing.cooldown import Cooldown
from crm_bridge_fxiaoke.wire import Envelope

# Refusals of a whole batch that one of its ids may have caused; anything else would meet every half as well.
_SPLITTABLE = frozenset({Reason.LOCKED, Reason.PERMISSION, Reason.NOT_FOUND, Reason.IN_APPROVAL, Reason.VETOED})
# Refusals in the words of a module or of a tenant's own function; 15002 and 32000 may also mean too many ids.
_IN_OTHER_WORDS = frozenset({"50009", "15002", "32000", ""})


class Batches:
    """Calls that take `idList`: delete, recover, and the bulk void of the older custom path."""

    def __init__(self, *, client: Client, records: Records, object_name: str, cooldown: Cooldown) -> None:
        """The size of a batch is an assumption of the connection; `cooldown` is shared with other senders."""
        self._cooldown = cooldown
        self._client = client
        self._judge = client.judge
        self._records = records
        self._object = object_name
        self._assumed = client.settings.assumptions
        self._sent = False
        self._guard: Guard = unguarded

    def send(
        self, refs: Sequence[ContractRef], path: str, *, voided_before: bool | None, guard: Guard = unguarded
    ) -> list[RemoveResult]:
        """Send every id and return one answer per record; `voided_before` is the state that the call starts from.

        None: the call destroys nothing, so that it is sent again in halves without a look in between.
        Raises NotSentError when not even the first batch reached the CRM.
        """
        answers: list[RemoveResult] = []
        self._sent, self._guard = False, guard
        size = self._assumed.max_batch_ids
        for start in range(0, len(refs), size):
            part = refs[start : start + size]
            if any(answer.halt for answer in answers):
                answers += [skipped(ref) for ref in part]
            else:
                answers += self._batch(part, path, voided_before)
        return answers

    def _batch(self, refs: Sequence[ContractRef], path: str, voided_before: bool | None) -> list[RemoveResult]:
        data = {"dataObjectApiName": self._object, "idList": [ref.id for ref in refs]}
        self._cooldown.wait()
        try:
            envelope = self._client.change(path, data, guard=lambda: self._guard([ref.id for ref in refs]))
        except NotSentError as failure:
            if not self._sent:
                raise
            return [answer_to_failure(ref, failure) for ref in refs]
        except CrmBridgeError as failure:
            return [answer_to_failure(ref, failure) for ref in refs]
        self._sent = True
        limited = self._judge.reason(envelope) is Reason.RATE_LIMITED
        gave_up_now = self._cooldown.note(self._judge.wait(envelope.code) if limited else 0.0)
        if gave_up_now:
            return [replace(self._judge.answer(ref, envelope), halt=True) for ref in refs]
        if envelope.code != 0 and len(refs) > 1 and self._is_about_one(envelope):
            return self._after_refusal(refs, path, voided_before, envelope)
        return [self._judge.answer(ref, envelope) for ref in refs]

    def _is_about_one(self, envelope: Envelope) -> bool:
        """A refusal in words was an answer to one id; one without may hide a batch that is still on its way."""
        row = self._judge.row(envelope)
        return row.family in _SPLITTABLE or (row.code in _IN_OTHER_WORDS and not gave_up(envelope.text))

    def _after_refusal(
        self, refs: Sequence[ContractRef], path: str, voided_before: bool | None, envelope: Envelope
    ) -> list[RemoveResult]:
        """One id spoiled the batch. Look first; what is proven untouched is sent again in halves.

        Nobody publishes which ids of a refused batch were done: where a look does not prove it, it stays unknown.
        """
        proves = self._assumed.batch_failure == "all_or_nothing"
        if voided_before is None:
            untouched = {ref.id for ref in refs}
        else:
            untouched = self.untouched(refs, voided_before) if proves else set[str]()
        answers = [
            replace(self._judge.answer(ref, envelope), verdict=Verdict.UNKNOWN, retry=False)
            for ref in refs
            if ref.id not in untouched
        ]
        again = [ref for ref in refs if ref.id in untouched]
        middle = (len(again) + 1) // 2
        for half in (again[:middle], again[middle:]):
            if half and any(answer.halt for answer in answers):
                answers += [skipped(ref) for ref in half]
            elif half:
                answers += self._batch(half, path, voided_before)
        return answers

    def untouched(self, refs: Sequence[ContractRef], voided_before: bool) -> set[str]:
        """Return the ids that a look shows in the state that the call started from."""
        try:
            rows = self._records.by_ids(self._object, [ref.id for ref in refs])
        except CrmBridgeError:
            return set()  # nothing is proven untouched then
        return {key for key, row in rows.items() if (row.values.get("life_status") == "invalid") is voided_before}
