"""Delete: gate, intent, one send, outcome; batch by batch, a small first batch before the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from itertools import islice

from crm_bridge import failpoints
from crm_bridge.clock import moment_of
from crm_bridge.columns import FactColumn
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, State
from crm_bridge.domain.planning.confirmation import check_fresh
from crm_bridge.domain.planning.cost import contracts_at_once
from crm_bridge.domain.planning.target import Target
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
from crm_bridge.pipeline.context import batches
from crm_bridge.pipeline.deleting.freshness import FreshLook
from crm_bridge.pipeline.deleting.gate import final_check
from crm_bridge.pipeline.deleting.ramp import Ramp, Refusals
from crm_bridge.pipeline.deleting.related_items import RelatedItems
from crm_bridge.pipeline.deleting.sending import SentBatches
from crm_bridge.pipeline.run_log import BackedUpPlan, ContractEvent, DeletionRun, RunLog
from crm_bridge.pipeline.settling.drift_report import explain_drift
from crm_bridge.pipeline.settling.reconcile import reconcile, settle_open
from crm_bridge.pipeline.settling.verify import look_again, verify_targets
from crm_bridge.spi.adapter import RemoveOptions, RemoveResult

_UNREACHABLE_LIMIT = 3
_LATE_LIMIT = 3
"""Looks in a row that were too old for some of their contracts; then fewer contracts share one."""
_REFUSED = (State.RESISTED, State.REFUSED)


def delete(backed_up: BackedUpPlan, *, step: Step) -> DeletionRun:
    """Carry out one step for every contract that is ready for it. Never raises for what the CRM did: see `halted`."""
    deletion = _Deletion(backed_up, step)
    try:
        deletion.settle_open()
        deletion.ramp()
        deletion.rounds()
        deletion.give_up()
    except CrmBridgeError as reason:
        return DeletionRun(backed_up, step, halted=interrupted(reason))
    return DeletionRun(backed_up, step)


def interrupted(reason: CrmBridgeError) -> CrmBridgeError:
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
        self.context = self.log.context
        self.related = RelatedItems(self.log, backed_up.plan)
        self.options = RemoveOptions(backed_up.plan.head.automations, backed_up.plan.head.fast)
        self.refusals = Refusals(self.log, backed_up.plan.notes.foretold)
        self.unreachable = 0
        self.done = 0
        self.sends = FactColumn(self.log.numbers, 0)
        """Sends per contract by this process. Counted per process, so that a resume starts with a fresh allowance."""

        limits = self.context.profile.limits
        self.batch = limits.batch(step, fast=self.options.fast)
        """Contracts in one call; fewer once the CRM has refused the length of a call."""

        self.per_look = contracts_at_once(limits, step, final=backed_up.plan.head.step, fast=self.options.fast)
        """Contracts that share one look; fewer once looks were too old before all of their contracts were sent."""
        self.late_looks = 0
        self.first_pass = self.ready()
        """Shared by the ramp and the first sweep: what proved not done there is sent again in a later one."""

    def ready(self) -> Iterator[Target]:
        """Stream the contracts that may be sent in this step."""
        return (target for target in self.backed_up.file.targets() if self._is_ready(target.ref.id))

    def _is_ready(self, record_id: str) -> bool:
        status = self.log.status(record_id)
        if status.state is State.VERIFIED:
            return self.step is Step.PURGE and status.step is Step.TRASH
        if status.state is State.BACKED_UP:
            return self.step is Step.TRASH
        if status.state in (State.GATED, State.GATED_AGAIN, State.NOT_DONE):
            return status.step is self.step and not self._used_up(record_id)
        return False

    def _used_up(self, record_id: str) -> bool:
        return self.sends[record_id] >= self.context.policy.max_attempts

    def settle_open(self) -> None:
        """Before anything is sent: settle what an earlier process left open."""
        settle_open(self.log, self.backed_up.file.targets())
        self._halt_if_doubtful()
        if self.log.ids_in((State.REAPPEARED, State.RESISTED, State.REFUSED)):
            look_again(self.log, self.backed_up.file.targets())

    def ramp(self) -> None:
        """Delete and verify a few contracts before the rest; halt when a part is not as it should be."""
        ramp = Ramp(self.log, self.step, self.backed_up.plan)
        for size in ramp.parts():
            part = list(islice(self.first_pass, size))
            self._send(iter(part))
            done = [target for target in part if self.log.status(target.ref.id).state is State.DONE]
            verify_targets(self.log, done, total=len(done), later=True)
            # What a resume tries again is less than a part, and decides nothing.
            self.refusals.check(at_least=self.context.rules.ramp[0])
            ramp.check(part)

    def rounds(self) -> None:
        """Send everything, and once more what was proven not done. A round in which calls proved too long is free."""
        left, targets = self.context.policy.max_attempts, self.first_pass
        while left and any(map(self._is_ready, self.log.statuses)):
            size = self.batch
            self._send(targets)
            left, targets = left - (self.batch == size), self.ready()

    def _send(self, targets: Iterator[Target]) -> None:
        """Send contracts, each by a look that is fresh when its request leaves; look again at those that are late."""
        waiting: list[Target] = []
        while waiting := [*waiting, *islice(targets, max(0, self.per_look - len(waiting)))]:
            self.refusals.check()
            self._check()
            waiting = self.related.refresh(waiting, self.step)
            if not waiting:
                continue
            # Token and pace before the look: nothing that takes time may come after it.
            ready = self.context.adapter.prepare(self.step, min(len(waiting), self.per_look), options=self.options)
            self._check()
            chosen, waiting = waiting[:ready], waiting[ready:]
            late, kept = self._look_and_send(chosen)
            waiting = [*self._again(late, looked=len(chosen)), *self.related.due(chosen), *kept, *waiting]
            self.context.progress("delete", self.done, self.backed_up.plan.count)

    def _check(self) -> None:
        self.context.check_stop()
        check_fresh(self.backed_up.plan, now=moment_of(self.context.clock))

    def _look_and_send(self, targets: Sequence[Target]) -> tuple[list[Target], list[Target]]:
        """Send what one look lets pass, its batches side by side: one commit before the requests, one after them.

        Returns what the look was too old for, and what was kept back because of what became of the others.
        """
        look = FreshLook(self.context, self.backed_up.plan)
        passed, notes = final_check(self.log, targets, self.step, look, self.related)
        sent = SentBatches(self.step, {target.ref.id: self._attempt(target) for target in passed})
        self.log.write("intent" if passed else "gate", [*notes, *sent.intents()])
        self._count_sends(sent.attempts, 1)
        try:
            sent.send(list(batches(passed, self.batch)), partial(self._remove, look), look)
        finally:
            self.log.write("outcome", sent.outcomes)
            self.log.annotations.add({i: Annotation(one.vendor_message, one.message) for i, one in sent.said.items()})
        late = [t for t in passed if self.log.status(t.ref.id).reason == Reason.TOO_LATE]
        self._count_sends({target.ref.id for target in (*sent.kept, *late)}, -1)
        self.done += sent.answered
        self.unreachable = 0 if sent.answered else self.unreachable
        explain_drift(self.log, targets)
        self._after(passed, sent)
        return late, sent.kept

    def _remove(self, look: FreshLook, batch: Sequence[Target]) -> Sequence[RemoveResult]:
        with failpoints.step("remove"):
            options = replace(self.options, guard=look)
            return self.context.adapter.remove(self.step, [t.ref for t in batch], options=options)

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
            "outcome", [ContractEvent(t.ref.id, Event(EventKind.HELD, self.step, reason=Reason.TOO_SLOW)) for t in late]
        )
        return []

    def _after(self, passed: Sequence[Target], sent: SentBatches) -> None:
        """Draw the consequences of what became of the batches of one look."""
        if sent.problem is not None:
            self._not_sent(sent.problem)
        self._shorten(sent)
        if unknown := [t for t in passed if self.log.status(t.ref.id).state is State.IN_DOUBT]:
            self._reconcile(unknown)
        if sent.lost is not None and sent.lost.reason == "redirect":
            # Somebody stands between us and the CRM: the next request would meet them as well.
            raise InterruptedRunError(sent.lost.message, reason=sent.lost.reason, hint=sent.lost.hint)
        self._halt_if_told(sent.said.values())
        # Nor is a refusal believed without a look. After a halt the look at the end of the step is the next thing.
        refused = [target for target in passed if self.log.status(target.ref.id).state in _REFUSED]
        verify_targets(self.log, refused, total=len(refused))
        self.refusals.take(passed)

    def _shorten(self, sent: SentBatches) -> None:
        """Send fewer contracts in one call from now on if one was too long: no contract of it was looked at."""
        if sent.fits is not None:
            self.batch = min(self.batch, sent.fits)
            self._count_sends(sent.unread, -1)

    def _count_sends(self, record_ids: Iterable[str], by: int) -> None:
        for record_id in record_ids:
            self.sends[record_id] += by

    def _attempt(self, target: Target) -> int:
        status = self.log.status(target.ref.id)
        return 1 + (status.attempt if status.step is self.step else 0)

    def _not_sent(self, unsent: NotSentError) -> None:
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
        self.context.clock.sleep(self.unreachable)

    def _reconcile(self, targets: list[Target]) -> None:
        reconcile(self.log, targets)
        self._halt_if_doubtful()

    def _halt_if_doubtful(self) -> None:
        doubtful = self.log.ids_in((State.IN_DOUBT, State.UNATTRIBUTED))
        if len(doubtful) > self.context.rules.max_in_doubt_percent * self.backed_up.plan.count / 100:
            raise InDoubtError(
                _("{count} contracts are in doubt; nothing more is deleted in this run").format(count=len(doubtful)),
                reason="in_doubt",
                hint=_("`crm-bridge resume` looks again; it never deletes a contract that may be gone"),
            )

    def _halt_if_told(self, answers: Iterable[RemoveResult]) -> None:
        for answer in answers:
            if answer.halt:
                self._check()  # where it was we who kept the rest back, our own words say why
                raise _halt(answer)

    def give_up(self) -> None:
        """Hold what was proven not done as often as it may be tried."""
        notes = [
            ContractEvent(
                i, Event(EventKind.HELD, self.step, s.attempt, reason=s.reason or Reason.NOT_DONE, code=s.code)
            )
            for i in self.log.ids_in((State.NOT_DONE,))
            if (s := self.log.status(i)) and self._used_up(i)
        ]
        self.log.write("outcome", notes)


def _halt(answer: RemoveResult) -> CrmBridgeError:
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
