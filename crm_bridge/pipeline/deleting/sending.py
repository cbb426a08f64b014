"""The batches of one look: their intents, the sending side by side, and what became of each contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, Evidence
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import AnswerLostError, NotSentError
from crm_bridge.pipeline.deleting.freshness import FreshLook
from crm_bridge.pipeline.run_log import ContractEvent
from crm_bridge.spi.adapter import RemoveResult, Verdict

Batch = Sequence[Target]
Remove = Callable[[Batch], Sequence[RemoveResult]]


class SentBatches:
    """Intents and outcomes of the contracts that one look let pass. `cut`: nothing more is sent by this look."""

    def __init__(self, step: Step, attempts: Mapping[str, int]) -> None:
        """Begin with attempts that nothing was sent for."""
        self.attempts = attempts
        self.outcomes: list[ContractEvent] = []
        self.said: dict[str, RemoveResult] = {}
        self.kept: list[Target] = []
        """Contracts that stayed because of what became of others."""
        self.unread: list[str] = []
        """Contracts that the CRM did not look at, because the call was too long."""
        self.fits: int | None = None
        """Contracts that one call takes, as far as calls that were too long tell."""
        self.answered = 0
        """Contracts of batches that the CRM answered."""
        self.problem: NotSentError | None = None
        self.lost: AnswerLostError | None = None
        self.cut = False
        self._step = step

    def intents(self) -> list[ContractEvent]:
        """Return the intent of every contract."""
        return [ContractEvent(i, Event(EventKind.INTENDED, self._step, n)) for i, n in self.attempts.items()]

    def send(self, batches: Sequence[Batch], remove: Remove, look: FreshLook) -> None:
        """Send batches side by side and note each answer as it comes; after one that cuts, what has not left stays.

        Raises what is no answer once all are noted: a call that broke off has no outcome, and is settled by looking.
        """
        if not batches:
            return
        broken: BaseException | None = None
        with ThreadPoolExecutor(len(batches), thread_name_prefix="crm-bridge-remove") as pool:
            sending = {pool.submit(_removed, batch, remove, look): batch for batch in batches}
            for sent in as_completed(sending):
                problem = sent.exception()
                if problem is None:
                    self._answered(sending[sent], sent.result(), look)
                elif not self._explained(sending[sent], problem, look):
                    broken = problem
                if self.cut or broken:
                    look.close()
        if broken is not None:
            raise broken

    def _explained(self, batch: Batch, problem: BaseException, look: FreshLook) -> bool:
        """Note a batch without an answer, and say whether it is known what that means."""
        if isinstance(problem, AnswerLostError):
            self._note(batch, [], look, lost=problem)
        elif isinstance(problem, NotSentError) and look.is_closed and problem.reason == Reason.NOT_SENT:
            self.kept += batch
            self._not_sent(batch, Reason.NOT_SENT)
        elif isinstance(problem, NotSentError):
            late = problem.reason == Reason.TOO_LATE
            self._not_sent(batch, Reason.TOO_LATE if late else Reason.NOT_SENT)
            self.cut, self.problem = True, self.problem if late else problem
        else:
            return False
        return True

    def _not_sent(self, batch: Batch, reason: Reason) -> None:
        """Note contracts about which no request left."""
        for target in batch:
            attempt = self.attempts[target.ref.id]
            event = Event(EventKind.ANSWERED_NOT_DONE, self._step, attempt, reason=reason)
            self.outcomes.append(ContractEvent(target.ref.id, event))

    def _answered(self, batch: Batch, answers: Sequence[RemoveResult], look: FreshLook) -> None:
        self.answered += len(batch)
        self._note(batch, answers, look)
        self._note_length(len(batch), [answer.ref.id for answer in answers if answer.reason is Reason.TOO_LONG])
        self.cut = self.cut or any(answer.halt for answer in answers)

    def _note(
        self, batch: Batch, answers: Sequence[RemoveResult], look: FreshLook, lost: AnswerLostError | None = None
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
        if lost is not None and (self.lost is None or lost.reason == "redirect"):
            self.lost = lost

    def _note_length(self, size: int, unread: Sequence[str]) -> None:
        """Note what a call that was too long tells about the length that is not; of one contract nothing is shorter."""
        self.cut = self.cut or bool(unread)
        if unread and size > 1:
            self.unread += unread
            self.fits = min(self.fits or size, size - len(unread) or size // 2)


def _removed(batch: Batch, remove: Remove, look: FreshLook) -> Sequence[RemoveResult]:
    """Remove a batch unless something keeps it back; the transport asks again when the first byte is about to leave."""
    look.check()
    return remove(batch)


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
