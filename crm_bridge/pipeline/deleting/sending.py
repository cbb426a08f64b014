"""The batches of one look: their intents, and what became of each contract, until both are in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, Evidence
from crm_bridge.domain.planning.plan import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import AnswerLostError, NotSentError
from crm_bridge.pipeline.deleting.freshness import FreshLook
from crm_bridge.pipeline.run_log import ContractEvent
from crm_bridge.spi.adapter import RemoveResult, Verdict


class SentBatches:
    """Intents and outcomes of the contracts that one look let pass. `cut`: nothing more is sent by this look."""

    def __init__(self, step: Step, attempts: Mapping[str, int]) -> None:
        """Begin with attempts that nothing was sent for."""
        self.attempts = attempts
        self.outcomes: list[ContractEvent] = []
        self.said: dict[str, RemoveResult] = {}
        self.unread: list[str] = []
        """Contracts that the CRM did not look at, because the call was too long."""
        self.last = 0
        """Contracts in the last batch."""
        self.problem: NotSentError | None = None
        self.lost: AnswerLostError | None = None
        self.cut = False
        self._step = step

    def intents(self) -> list[ContractEvent]:
        """Return the intent of every contract."""
        return [ContractEvent(i, Event(EventKind.INTENDED, self._step, n)) for i, n in self.attempts.items()]

    def not_sent(self, targets: Iterable[Target], reason: Reason, unsent: NotSentError | None = None) -> None:
        """Note contracts about which no request left."""
        for target in targets:
            attempt = self.attempts[target.ref.id]
            event = Event(EventKind.ANSWERED_NOT_DONE, self._step, attempt, reason=reason)
            self.outcomes.append(ContractEvent(target.ref.id, event))
        self.cut = self.cut or unsent is not None
        if reason is not Reason.TOO_LATE:
            self.problem = unsent or self.problem

    def answered(
        self,
        batch: Sequence[Target],
        answers: Sequence[RemoveResult],
        look: FreshLook,
        lost: AnswerLostError | None = None,
    ) -> None:
        """Note the answers about one batch. A contract without exactly one answer has none."""
        said, doubled = dict[str, RemoveResult](), set[str]()
        for answer in answers:
            (doubled.add(answer.ref.id) if answer.ref.id in said else said.__setitem__(answer.ref.id, answer))
        for target in batch:
            record_id = target.ref.id
            word = None if record_id in doubled else said.get(record_id)
            event = outcome_of(word, self._step, self.attempts[record_id], lost.vendor_code if lost else "")
            facts = dict(look.sending(record_id))
            if word is not None and word.request_id:
                facts["request_id"] = word.request_id
            self.outcomes.append(ContractEvent(record_id, event, facts))
            # What is unclear is looked at before anything more is sent.
            self.cut = self.cut or event.kind is EventKind.ANSWER_LOST
        self.said.update(said)
        self.unread = [answer.ref.id for answer in answers if answer.reason is Reason.TOO_LONG]
        self.last, self.lost = len(batch), lost
        self.cut = self.cut or bool(self.unread) or any(answer.halt for answer in answers)


def outcome_of(answer: RemoveResult | None, step: Step, attempt: int, code: str) -> Event:
    """Return the event that an answer is; no answer is a lost one."""
    if answer is None:
        return Event(EventKind.ANSWER_LOST, step, attempt, reason=Reason.ANSWER_LOST, code=code)
    if answer.verdict is Verdict.DONE:
        return Event(EventKind.ANSWERED_DONE, step, attempt, Evidence.E0, code=answer.code)
    kind = {
        Verdict.PENDING: EventKind.ANSWERED_PENDING,
        Verdict.UNKNOWN: EventKind.ANSWER_LOST,
        Verdict.NOT_DONE: EventKind.ANSWERED_REFUSED,
    }[answer.verdict]
    if answer.verdict is Verdict.NOT_DONE and (answer.retry or answer.halt):
        kind = EventKind.ANSWERED_NOT_DONE
    elif answer.verdict is Verdict.NOT_DONE and answer.reason and answer.reason.rule.holds:
        kind = EventKind.ANSWERED_HELD
    return Event(kind, step, attempt, reason=answer.reason, code=answer.code)
