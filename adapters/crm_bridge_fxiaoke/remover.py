"""Remove: 作废 one record per call, 删除 in batches; every id is sent once and judged by errorCode."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, NotSentError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Guard, RemoveOptions, RemoveResult, Verdict
from crm_bridge.spi.failures import answer_to_failure, skipped
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.reading.live_details import LiveDetails
from crm_bridge_fxiaoke.reading.recent_writes import RecentWrites
from crm_bridge_fxiaoke.reading.records import LIST_MOST, OLD_CUSTOM, Records
from crm_bridge_fxiaoke.removing.batches import Batches
from crm_bridge_fxiaoke.removing.cooldown import Cooldown


class Remover:
    """The two destructive steps on one object."""

    def __init__(
        self,
        *,
        client: Client,
        records: Records,
        object_name: str,
        recent_writes: RecentWrites,
        in_flight: int,
        live_details: LiveDetails | None = None,
    ) -> None:
        """`in_flight` bounds the threads; the pace itself is the transport's budget.

        `live_details` counts live details, where those are assumed to stop a deletion.
        """
        self._live_details = live_details
        self._client = client
        self._records = records
        self._object = object_name
        self._recent_writes = recent_writes
        self._one_each = False
        self._in_flight = max(1, in_flight)
        self._cooldown = Cooldown(client.clock)
        self._batches = Batches(client=client, records=records, object_name=object_name, cooldown=self._cooldown)

    def prepare(self, step: Step, count: int, options: RemoveOptions) -> int:
        """Wait until the pace allows a request; return for how many of `count` records it does."""
        path, ids = self._path(step, options), self._ids_per_call(step, options)
        self._cooldown.wait()
        return min(count, ids * self._client.room(path, -(-count // ids)))

    def _path(self, step: Step, options: RemoveOptions) -> str:
        if step is Step.PURGE:
            return self._records.path(self._object, "delete")
        return f"{OLD_CUSTOM}/invalid" if self._bulk(options) else self._records.path(self._object, "invalid")

    def _ids_per_call(self, step: Step, options: RemoveOptions) -> int:
        one_by_one = step is Step.TRASH and not self._bulk(options)
        return 1 if one_by_one else self._client.settings.assumptions.max_batch_ids

    def remove(self, step: Step, refs: Sequence[ContractRef], options: RemoveOptions) -> list[RemoveResult]:
        """Send each record once and return one answer per record.

        errorCode 0 on a void proves nothing yet: an approval may have been started. `locate` tells the two apart.
        """
        path = self._path(step, options)
        try:
            if step is Step.PURGE:
                answers = self._batches.send(refs, path, voided_before=True, guard=options.guard)
                answers = self._stopped_by_details(answers)
                self._recent_writes.note_purged(one.ref.id for one in answers if one.verdict is Verdict.DONE)
                return answers
            if self._bulk(options):
                return self._at_once(refs, path, options)
            return self._one_by_one(refs, path, options.guard)
        finally:
            self._recent_writes.note(ref.id for ref in refs)

    def _at_once(self, refs: Sequence[ContractRef], path: str, options: RemoveOptions) -> list[RemoveResult]:
        """Void in batches, or one by one where the CRM does not let this user take the older path."""
        answers = self._batches.send(refs, path, voided_before=False, guard=options.guard)
        if not any(one.reason is Reason.PATH for one in answers):
            return answers
        self._one_each = True
        refused = [one.ref for one in answers if one.reason in (Reason.PATH, Reason.NOT_SENT)]
        untouched = self._batches.untouched(refused, voided_before=False)
        again = [ref for ref in refused if ref.id in untouched]
        later = {one.ref: one for one in self._one_by_one(again, self._path(Step.TRASH, options), options.guard)}
        return [later.get(one.ref, one) for one in answers]

    def _stopped_by_details(self, answers: list[RemoveResult]) -> list[RemoveResult]:
        """Explain refusals without a known text by details that still live, where those stop a deletion."""
        doubtful = [one.ref.id for one in answers if one.verdict is Verdict.UNKNOWN and one.reason in _UNEXPLAINED]
        if self._live_details is None or not doubtful:
            return answers
        found: dict[str, int] = {}
        try:
            for start in range(0, len(doubtful), LIST_MOST):
                found |= self._live_details.count(doubtful[start : start + LIST_MOST])
        except CrmBridgeError:
            return answers  # they stay unknown, which the next look settles
        return [_held(one, found[one.ref.id]) if found.get(one.ref.id) else one for one in answers]

    def _bulk(self, options: RemoveOptions) -> bool:
        """Return whether to void many at once: the custom path does, for custom objects and for administrators."""
        custom = self._object.endswith("__c")
        rule = self._client.settings.assumptions.bulk_invalid
        wanted = rule == "all" or (custom and (rule == "custom" or options.fast))
        return wanted and not self._one_each

    def _one_by_one(self, refs: Sequence[ContractRef], path: str, guard: Guard) -> list[RemoveResult]:
        stop = threading.Event()
        unsent: list[NotSentError] = []

        def void(ref: ContractRef) -> RemoveResult:
            if stop.is_set():
                return skipped(ref)
            self._cooldown.wait()
            answer = self._void(ref, path, guard, unsent)
            if self._cooldown.note(self._window(answer)):
                answer = replace(answer, halt=True)
            if answer.halt:
                stop.set()
            return answer

        if len(refs) < 2 or self._in_flight == 1:
            answers = [void(ref) for ref in refs]
        else:
            with ThreadPoolExecutor(min(self._in_flight, len(refs)), thread_name_prefix="fxiaoke-void") as pool:
                answers = list(pool.map(void, refs))
        if unsent and all(answer.reason in (Reason.NOT_SENT, Reason.of(unsent[0])) for answer in answers):
            raise unsent[0]
        return answers

    def _window(self, answer: RemoveResult) -> float:
        limited = answer.reason is Reason.RATE_LIMITED and answer.code.lstrip("-").isdigit()
        return self._client.judge.wait(int(answer.code)) if limited else 0.0

    def _void(self, ref: ContractRef, path: str, guard: Guard, unsent: list[NotSentError]) -> RemoveResult:
        data = {"dataObjectApiName": self._object, "object_data_id": ref.id}
        try:
            envelope = self._client.change(path, data, guard=lambda: guard([ref.id]))
        except NotSentError as failure:
            unsent.append(failure)
            return answer_to_failure(ref, failure)
        except CrmBridgeError as failure:
            # One record's failure must not cost the answers about the others.
            return answer_to_failure(ref, failure)
        return self._client.judge.answer(ref, envelope)


_UNEXPLAINED = frozenset({Reason.SERVICE, Reason.VETOED})


def _held(answer: RemoveResult, count: int) -> RemoveResult:
    return replace(
        answer,
        verdict=Verdict.NOT_DONE,
        reason=Reason.HAS_REFERENCES,
        hint=_("void its {count} live detail rows in the CRM, then resume").format(count=count),
    )
