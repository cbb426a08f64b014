"""Delete: gate, intent, one send, outcome; batch by batch, a small first batch before the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import islice

from crm_bridge import failpoints
from crm_bridge.clock import moment_of
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Evidence, Happening, State
from crm_bridge.domain.plan import Target, check_fresh
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import (
    AnswerLostError,
    CrmBridgeError,
    InDoubtError,
    InterruptedRunError,
    NotSentError,
    PermissionDeniedError,
    RateLimitedError,
    SignInError,
)
from crm_bridge.i18n import _
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.desk import batches
from crm_bridge.pipeline.freshness import FreshLook
from crm_bridge.pipeline.gate import look_once_more
from crm_bridge.pipeline.reconcile import reconcile, settle_open
from crm_bridge.pipeline.run_log import BackedUpPlan, DeletionRun, Note, RunLog
from crm_bridge.pipeline.verify import verify_targets
from crm_bridge.spi.adapter import Answer, RemoveOptions, Verdict

_UNREACHABLE_LIMIT = 3
_LATE_LIMIT = 3
"""Looks in a row that were too old for some of their contracts; then fewer contracts share one."""
_SHARED_LOOK = 100
_BATCHES_PER_LOOK = 5


def delete(backed_up: BackedUpPlan, *, step: Step) -> DeletionRun:
    """Carry out one step for every contract that is ready for it. Never raises for what the CRM did: see `halted`."""
    deletion = _Deletion(backed_up, step)
    try:
        deletion.settle_open()
        deletion.canary()
        deletion.rounds()
        deletion.give_up()
    except CrmBridgeError as reason:
        return DeletionRun(backed_up, step, halted=_interrupted(reason))
    return DeletionRun(backed_up, step)


def _interrupted(reason: CrmBridgeError) -> CrmBridgeError:
    """Return the reason for the end of a run: a CRM that is away for now is an interruption, whatever was asked."""
    away = isinstance(reason, NotSentError | AnswerLostError | RateLimitedError)
    if not away and (reason.http_status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR:
        return reason
    return InterruptedRunError(
        reason.message,
        reason=reason.reason,
        hint=_("nothing more was sent; go on with `crm-bridge resume`"),
        vendor=reason.vendor,
        vendor_code=reason.vendor_code,
        http_status=reason.http_status,
        request_id=reason.request_id,
        retry_after=reason.retry_after,
    )


class _Deletion:
    """One pass of one step over a plan."""

    def __init__(self, backed_up: BackedUpPlan, step: Step) -> None:
        self.backed_up = backed_up
        self.step = step
        self.log: RunLog = backed_up.log
        self.desk = self.log.desk
        self.options = RemoveOptions(backed_up.plan.head.automations, backed_up.plan.head.fast)
        self.unreachable = 0
        self.done = 0
        self.sends: Counter[str] = Counter()
        """Sends per contract by this process. A resume is somebody's new word: attempts cut short do not use it up."""

        limits = self.desk.profile.limits
        self.batch = limits.batch(step, fast=self.options.fast)
        """Contracts in one call; fewer once the CRM has refused the length of a call."""

        # Full batches share one look where a batch is one call.
        group = _BATCHES_PER_LOOK * self.batch if self.batch >= _SHARED_LOOK else self.batch
        self.per_look = min(group, limits.locate_batch)
        """Contracts that share one look; fewer once looks were too old before all of their contracts were sent."""
        self.late_looks = 0

    def ready(self) -> Iterator[Target]:
        """Stream the contracts that may be sent in this step."""
        return (target for target in self.backed_up.file.targets() if self._is_ready(target))

    def _is_ready(self, target: Target) -> bool:
        standing = self.log.standing(target.ref.id)
        if standing.state is State.VERIFIED:
            return self.step is Step.PURGE and standing.step is Step.TRASH
        if standing.state is State.BACKED_UP:
            return self.step is Step.TRASH
        if standing.state in (State.GATED, State.NOT_DONE):
            return standing.step is self.step and not self._used_up(target.ref.id)
        return False

    def _used_up(self, record_id: str) -> bool:
        return self.sends[record_id] >= self.desk.policy.max_attempts

    def settle_open(self) -> None:
        """Before anything is sent: settle what an earlier process left open."""
        settle_open(self.log, self.backed_up.file.targets())
        self._halt_if_doubtful()

    def canary(self) -> None:
        """Delete and verify a few contracts before the rest; stop when one of them is not as it should be."""
        size = self.desk.policy.canary
        removed = self.log.ids_in((State.DONE, State.VERIFIED))
        # Each step has first contracts of its own: of all steps, a purge that goes wrong cannot be taken back.
        begun = any(self.log.standing(record_id).step is self.step for record_id in removed)
        if not size or self.backed_up.plan.count <= size or begun:
            return
        first = next(batches(self.ready(), size), [])
        self._send(iter(first))
        verify_targets(self.log, [t for t in first if self.log.standing(t.ref.id).state is State.DONE])
        odd = [t for t in first if self.log.standing(t.ref.id).state in (State.UNVERIFIED, State.REAPPEARED)]
        if odd:
            raise InDoubtError(
                _("{count} of the first {size} contracts were not found removed; the rest was left alone").format(
                    count=len(odd), size=len(first)
                ),
                reason="canary_failed",
                hint=_("look at them with `crm-bridge status`, then `crm-bridge resume`"),
            )

    def rounds(self) -> None:
        """Send everything, and once more what was proven not done. A round in which calls proved too long is free."""
        left = self.desk.policy.max_attempts
        while left:
            size = self.batch
            self.sweep()
            left -= self.batch == size

    def sweep(self) -> None:
        """Send every contract that is ready."""
        self._send(self.ready())

    def _send(self, targets: Iterator[Target]) -> None:
        """Send contracts, each by a look that is fresh when its request leaves; look again at those that are late."""
        waiting: list[Target] = []
        while waiting := [*waiting, *islice(targets, max(0, self.per_look - len(waiting)))]:
            self._check()
            # Token and pace before the look: nothing that takes time may come after it.
            ready = self.desk.adapter.prepare(self.step, min(len(waiting), self.per_look), options=self.options)
            self._check()
            chosen, waiting = waiting[:ready], waiting[ready:]
            waiting = self._again(self._look_and_send(chosen), looked=len(chosen)) + waiting
            self.desk.progress("delete", self.done, self.backed_up.plan.count)

    def _check(self) -> None:
        self.desk.stop.check()
        check_fresh(self.backed_up.plan, now=moment_of(self.desk.clock))

    def _look_and_send(self, targets: Sequence[Target]) -> list[Target]:
        """Send what one look lets pass; return what it was too old for."""
        look = FreshLook(self.desk, self.backed_up.plan)
        late: list[Target] = []
        for batch in batches(look_once_more(self.log, targets, self.step, look), self.batch):
            self.desk.stop.check()
            late += batch if look.too_old else self._send_batch(batch, look)
        return late

    def _again(self, late: list[Target], *, looked: int) -> list[Target]:
        """Return what is looked at again. A contract that alone in its look was late three times is held."""
        self.late_looks = self.late_looks + 1 if late else 0
        if self.late_looks < _LATE_LIMIT:
            return late
        self.late_looks = 0
        self.per_look = max(1, looked // 2)
        if looked > 1:
            return late
        self.log.write(
            "outcome", [Note(t.ref.id, Happening(Event.HELD, self.step, reason=Reason.TOO_SLOW)) for t in late]
        )
        return []

    def _send_batch(self, batch: list[Target], look: FreshLook) -> list[Target]:
        """Send one batch and settle what became of it; return the contracts that the look was too old for."""
        attempts = {t.ref.id: self._attempt(t) for t in batch}
        self.log.write(
            "intent",
            [Note(i, Happening(Event.INTENDED, self.step, n)) for i, n in attempts.items()],
        )
        self.sends.update(attempts.keys())
        try:
            with failpoints.step("remove"):
                options = replace(self.options, guard=look)
                answers = self.desk.adapter.remove(self.step, [t.ref for t in batch], options=options)
        except NotSentError as unsent:
            self._not_sent(attempts, unsent)
            return batch if unsent.reason == Reason.TOO_LATE else []
        except AnswerLostError as lost:
            self._write_outcomes(attempts, [], look, code=lost.vendor_code)
            self._reconcile(batch)
            if lost.reason == "redirect":
                # Somebody stands between us and the CRM: the next request would meet them as well.
                raise InterruptedRunError(lost.message, reason=lost.reason, hint=lost.hint) from None
            return []
        self.unreachable = 0
        self._write_outcomes(attempts, answers, look)
        late = [target for target in batch if self.log.standing(target.ref.id).reason == Reason.TOO_LATE]
        self.sends.subtract(target.ref.id for target in late)
        self._shorten(batch, answers)
        self.done += len(batch)
        if unknown := [t for t in batch if self.log.standing(t.ref.id).state is State.IN_DOUBT]:
            self._reconcile(unknown)
        self._halt_if_told(answers)
        return late

    def _shorten(self, batch: Sequence[Target], answers: Sequence[Answer]) -> None:
        """Send fewer contracts in one call from now on if this one was too long: no contract was looked at."""
        unread = [answer.ref.id for answer in answers if answer.reason is Reason.TOO_LONG]
        if not unread or len(batch) == 1:
            return
        taken = len(batch) - len(unread)
        self.batch = max(1, min(self.batch, taken or len(batch) // 2))
        self.sends.subtract(unread)

    def _attempt(self, target: Target) -> int:
        standing = self.log.standing(target.ref.id)
        return 1 + (standing.attempt if standing.step is self.step else 0)

    def _not_sent(self, attempts: dict[str, int], unsent: NotSentError) -> None:
        reason = Reason.TOO_LATE if unsent.reason == Reason.TOO_LATE else Reason.NOT_SENT
        notes = [Note(i, Happening(Event.ANSWERED_NOT_DONE, self.step, n, reason=reason)) for i, n in attempts.items()]
        self.log.write("outcome", notes)
        if reason == Reason.TOO_LATE:
            self.sends.subtract(attempts.keys())
            return
        if unsent.because is not None:
            raise unsent.because
        if unsent.reason == "circuit_open":
            raise unsent
        self.unreachable += 1
        if self.unreachable >= _UNREACHABLE_LIMIT:
            raise InterruptedRunError(
                _("the CRM cannot be reached"),
                reason="unreachable",
                hint=_("nothing more was sent; go on with `crm-bridge resume`"),
            )
        self.desk.clock.sleep(self.unreachable)

    def _write_outcomes(
        self, attempts: dict[str, int], answers: Sequence[Answer], look: FreshLook, code: str = ""
    ) -> None:
        said: dict[str, Answer] = {}
        doubled: set[str] = set()
        for answer in answers:
            (doubled.add(answer.ref.id) if answer.ref.id in said else said.__setitem__(answer.ref.id, answer))
        notes = []
        for record_id, attempt in attempts.items():
            # Not answered, or answered twice, is not answered.
            word = None if record_id in doubled else said.get(record_id)
            facts = dict(look.sending(record_id))
            if word is not None and word.request_id:
                facts["request_id"] = word.request_id
            notes.append(Note(record_id, _outcome(word, self.step, attempt, code), facts))
        self.log.write("outcome", notes)
        self.log.annotations.add({i: Annotation(one.vendor_message, one.message) for i, one in said.items()})

    def _reconcile(self, targets: list[Target]) -> None:
        reconcile(self.log, targets)
        self._halt_if_doubtful()

    def _halt_if_doubtful(self) -> None:
        doubtful = self.log.ids_in((State.IN_DOUBT, State.UNATTRIBUTED))
        if len(doubtful) > self.desk.policy.max_in_doubt_share * self.backed_up.plan.count:
            raise InDoubtError(
                _("{count} contracts are in doubt; nothing more is deleted in this run").format(count=len(doubtful)),
                reason="in_doubt",
                hint=_("`crm-bridge resume` looks again; it never deletes a contract that may be gone"),
            )

    def _halt_if_told(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            if answer.halt:
                self._check()  # where it was we who kept the rest back, our own words say why
                raise _halt(answer)

    def give_up(self) -> None:
        """Hold what was proven not done as often as it may be tried."""
        notes = [
            Note(i, Happening(Event.HELD, self.step, s.attempt, reason=s.reason or Reason.NOT_DONE, code=s.code))
            for i in self.log.ids_in((State.NOT_DONE,))
            if (s := self.log.standing(i)) and self._used_up(i)
        ]
        self.log.write("outcome", notes)


def _outcome(answer: Answer | None, step: Step, attempt: int, code: str) -> Happening:
    if answer is None:
        return Happening(Event.ANSWER_LOST, step, attempt, reason=Reason.ANSWER_LOST, code=code)
    if answer.verdict is Verdict.DONE:
        return Happening(Event.ANSWERED_DONE, step, attempt, Evidence.E0, code=answer.code)
    event = {
        Verdict.PENDING: Event.ANSWERED_PENDING,
        Verdict.UNKNOWN: Event.ANSWER_LOST,
        Verdict.NOT_DONE: Event.ANSWERED_REFUSED,
    }[answer.verdict]
    if answer.verdict is Verdict.NOT_DONE and (answer.retry or answer.halt):
        event = Event.ANSWERED_NOT_DONE
    elif answer.verdict is Verdict.NOT_DONE and answer.reason and answer.reason.rule.holds:
        event = Event.ANSWERED_HELD
    return Happening(event, step, attempt, reason=answer.reason, code=answer.code)


def _halt(answer: Answer) -> CrmBridgeError:
    reason = answer.reason or Reason.REFUSED
    # What must be put right first keeps its own error; with anything else the run was only interrupted.
    first = issubclass(reason.rule.error, SignInError | PermissionDeniedError)
    kind = reason.rule.error if first else InterruptedRunError
    return kind(
        _("the CRM refused the batch, and would refuse the next one too: {code}").format(code=answer.code or "-"),
        reason=reason,
        hint=answer.hint or _("put it right, then `crm-bridge resume`"),
        vendor_code=answer.code,
        request_id=answer.request_id,
    )
