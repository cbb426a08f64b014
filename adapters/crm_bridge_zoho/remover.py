"""Deleting: one send for one batch, to the recycle bin or out of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from crm_bridge.clock import Clock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, NotSentError, UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import RemoveOptions, RemoveResult, Verdict
from crm_bridge.spi.failures import answer_to_failure, skipped
from crm_bridge.transport import Response as WireAnswer
from crm_bridge.transport.waiting import LONGEST_WAIT, retry_after_seconds
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.removing.outcomes import answers_of, not_sent

MASS_DELETE_IDS = 500
PURGE_IDS = 100
_NOT_BY_IDS = frozenset(
    {
        "API_NOT_SUPPORTED",
        "EXPECTED_PARAM_MISSING",
        "INVALID_REQUEST",
        "INVALID_REQUEST_METHOD",
        "INVALID_URL_PATTERN",
        "NOT_SUPPORTED",
        "REQUIRED_PARAM_MISSING",
    }
)
"""What a Zoho says that takes no ids here: its newest pages name only filters."""
MOST_REFUSALS = 2
"""Refusals of token or pace in a row after which the run is stopped."""


class Remover:
    """Sends deletes. Learns how many ids this Zoho takes in one call, and when it wants to be left alone."""

    def __init__(self, client: ZohoClient, clock: Clock, module: str, *, batch: int) -> None:
        """`batch` ids at most in one DELETE; waits go through `clock`."""
        self._client = client
        self._clock = clock
        self._module = module
        self._lock = threading.Lock()
        self._refusals = 0
        self._sent = 0
        self._counted_up_to = 0
        """Calls that had been sent when a refusal was counted last: refusals of those are the same one."""
        self.purges_by_ids = True
        self.batch = batch

    def remove(self, step: Step, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[RemoveResult]:
        """Send one call for the batch and classify it per record. Raises NotSentError or AnswerLostError."""
        if not refs:
            return ()
        most = PURGE_IDS if step is Step.PURGE else MASS_DELETE_IDS if options.fast else 100
        if len(refs) > most:
            raise UsageError(_("Zoho takes {count} records in one call").format(count=most))
        if step is Step.PURGE:
            return self._purge(refs, options)
        return self._mass_delete(refs, options) if options.fast else self._trash(refs, options)

    def _trash(self, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[RemoveResult]:
        share, rest = refs[: self.batch], refs[self.batch :]
        number, answer = self._destroy(
            "DELETE",
            f"/crm/v8/{self._module}",
            "DELETE /crm/v8/{module}",
            guard=_guard(options, share),
            params={
                "ids": ",".join(ref.id for ref in share),
                # Left out, workflows run: the choice is always sent.
                "wf_trigger": "true" if options.automations else "false",
            },
        )
        answers = self._absorb_first_refusal(answers_of(share, answer, "data"), answer, number)
        if all(one.reason is Reason.TOO_LONG for one in answers):
            with self._lock:
                self.batch = min(self.batch, max(1, len(share) // 2))
        return (*answers, *(not_sent(ref) for ref in rest))

    def _mass_delete(self, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[RemoveResult]:
        number, answer = self._destroy(
            "POST",
            f"/crm/v8/{self._module}/actions/mass_delete",
            "POST /crm/v8/{module}/actions/mass_delete",
            guard=_guard(options, refs),
            json={"ids": [ref.id for ref in refs]},
        )
        return self._absorb_first_refusal(answers_of(refs, answer, "data"), answer, number)

    def _purge(self, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[RemoveResult]:
        """Take records out of the bin by ids, one by one where Zoho takes no ids, and never by a filter.

        A filter takes whatever fits when its job runs: nobody would have confirmed that.
        """
        if self.purges_by_ids:
            answers, wrong_form = self._purge_by_ids(refs, options)
            if not wrong_form:
                return answers
            self.purges_by_ids = False
        return self._purge_each(refs, options)

    def _purge_by_ids(self, refs: Sequence[ContractRef], options: RemoveOptions) -> tuple[Sequence[RemoveResult], bool]:
        """Return the answers, and whether Zoho refused the form of the call before it looked at any record."""
        number, answer = self._destroy(
            "DELETE",
            "/crm/v8/settings/recycle_bin",
            "DELETE /crm/v8/settings/recycle_bin",
            guard=_guard(options, refs),
            params={"ids": ",".join(ref.id for ref in refs)},
        )
        answers = answers_of(refs, answer, "recycle_bin")
        return self._absorb_first_refusal(answers, answer, number), all(
            one.verdict is Verdict.NOT_DONE and one.code in _NOT_BY_IDS for one in answers
        )

    def _purge_each(self, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[RemoveResult]:
        answers: list[RemoveResult] = []
        for ref in refs:
            if any(one.halt for one in answers):
                answers.append(skipped(ref))
                continue
            try:
                answers += self._purge_one(ref, options)
            except CrmBridgeError as failure:
                if isinstance(failure, NotSentError) and not answers:
                    raise
                # One record's failure must not cost the answers about the others.
                answers.append(answer_to_failure(ref, failure))
        return answers

    def _purge_one(self, ref: ContractRef, options: RemoveOptions) -> Sequence[RemoveResult]:
        number, answer = self._destroy(
            "DELETE",
            f"/crm/v8/settings/recycle_bin/{ref.id}",
            "DELETE /crm/v8/settings/recycle_bin/{id}",
            guard=_guard(options, [ref]),
        )
        return self._absorb_first_refusal(answers_of([ref], answer, "recycle_bin"), answer, number)

    def _destroy(self, method: str, path: str, route: str, **call: Any) -> tuple[int, WireAnswer]:
        """Send one call once; return its number among those of this connection, and the answer."""
        with self._lock:
            self._sent += 1
            number = self._sent
        return number, self._client.destroy(method, path, route, **call)

    def _absorb_first_refusal(
        self, answers: Sequence[RemoveResult], answer: WireAnswer, number: int
    ) -> Sequence[RemoveResult]:
        """Let the run go on after a first refusal of token or pace: the next call has a new token, or came later."""
        if not any(one.halt and one.retry for one in answers):
            with self._lock:
                self._refusals = 0
            return answers
        with self._lock:
            # Calls that went side by side are refused together: that counts once.
            if number > self._counted_up_to:
                self._refusals, self._counted_up_to = self._refusals + 1, self._sent
            refusals = self._refusals
        limited = any(one.reason is Reason.RATE_LIMITED for one in answers)
        if refusals >= MOST_REFUSALS or (limited and self._client.credits_left == 0):
            return answers
        if limited:
            asked = retry_after_seconds(answer.headers)
            self._clock.sleep(min(LONGEST_WAIT, 2.0**refusals if asked is None else asked))
        return [replace(one, halt=False) if one.retry else one for one in answers]


def _guard(options: RemoveOptions, refs: Sequence[ContractRef]) -> Callable[[], None]:
    ids = [ref.id for ref in refs]
    return lambda: options.guard(ids)
