"""Restore: bring contracts of a run back, the CRM's own way first, from the vault otherwise; then measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crm_bridge import failpoints
from crm_bridge.domain.absence import NOT_THERE
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, EventKind
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import AnswerLostError, CrmError, NotSentError, PermissionDeniedError
from crm_bridge.pipeline.context import batches
from crm_bridge.pipeline.entries import RESTORE_START, run_entry
from crm_bridge.pipeline.restoring.measuring import Measuring
from crm_bridge.pipeline.restoring.restore_intents import RestoreIntents
from crm_bridge.pipeline.restoring.restore_order import known_ids, parents_first
from crm_bridge.pipeline.restoring.restore_plan import plan_again
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.pipeline.restoring.twins import Twins
from crm_bridge.pipeline.restoring.ways_back import marker_of
from crm_bridge.pipeline.run_log import ContractEvent, RunLog
from crm_bridge.spi.adapter import LookDepth, Place, RemoveOptions, Restored, RestoreItem, Verdict

_MEASURED_TOGETHER = 100


def restore(log: RunLog, steps: Sequence[RestoreStep], *, owner: str | None = None) -> Iterator[RestoreStep]:
    """Carry out what `plan_restore` said, and yield what became of each contract, compared with its backup.

    `owner`: the user who gets contracts whose own owner the CRM does not take any more.
    """
    context = log.context
    body: dict[str, JsonValue] = {"count": sum(step.route is not None or step.bin_first for step in steps)}
    with failpoints.step("restore.start"):
        context.journal.append([run_entry(context, log.run, RESTORE_START, body)])
    work = _Restoring(log, owner, total=len(steps))
    refused = []
    for kind in (_is_in_bin, _asks_the_bin):
        for step in work.carry_out(Route.UNTRASH, parents_first(log, [one for one in steps if kind(one)])):
            if _is_left_to_us(step):
                refused.append(step)
            else:
                yield step
    left = [one for one in steps if not _is_in_bin(one) and not one.bin_first] + list(plan_again(log, refused))
    yield from work.carry_out(Route.RECREATE, parents_first(log, [one for one in left if one.route is Route.RECREATE]))
    yield from (step for step in left if step.route is not Route.RECREATE)


def _is_in_bin(step: RestoreStep) -> bool:
    return step.route is Route.UNTRASH


def _asks_the_bin(step: RestoreStep) -> bool:
    return step.bin_first


_NO_WAY_OUT = NOT_THERE | {Reason.PERMISSION, Reason.SCOPE, Reason.NOT_SUPPORTED, Reason.INVALID}
"""Answers of a bin that will not give a contract back to this user. One that is not known yet may still come back."""


def _is_left_to_us(step: RestoreStep) -> bool:
    """Return whether the bin did not give a contract back, so that the backup is looked at."""
    return step.result == "not_restored" and step.reason in _NO_WAY_OUT


class _Restoring:
    """One restore on its way: the ids that are known to have moved grow as it goes."""

    def __init__(self, log: RunLog, owner: str | None, *, total: int) -> None:
        self.log = log
        self.context = log.context
        self.owner = owner
        self.ids = known_ids(log)
        self.measuring = Measuring(log)
        self.twins = Twins(log.context)
        self.intents = RestoreIntents(log)
        self.done = 0
        self.total = total
        """Steps of the restore; what the bin did not give back is taken up a second time."""

    def carry_out(self, route: Route, steps: Sequence[RestoreStep]) -> Iterator[RestoreStep]:
        size = self.context.profile.limits.untrash_batch if route is Route.UNTRASH else 1
        for group in batches(steps, max(size, _MEASURED_TOGETHER)):
            results: list[RestoreStep] = []
            for batch in batches(group, size):
                self.context.stop.check()
                results += self._batch(route, batch)
                self.done = min(self.done + len(batch), self.total)
                self.context.progress("restore", self.done, self.total)
            yield from self.twins.named(self.measuring.measure(results, self.ids))

    def _batch(self, route: Route, batch: Sequence[RestoreStep]) -> list[RestoreStep]:
        log = self.log
        # Before the intent: a token that opens another organisation than the run's ends the restore here.
        self.context.adapter.prepare(route, len(batch), options=RemoveOptions())
        self.intents.wait(step.ref.id for step in batch)
        items = [self._item(step, route) for step in batch]
        attempts = self.intents.add(step.ref.id for step in batch)
        intents = [
            ContractEvent(step.ref.id, _event(log, step, EventKind.RESTORE_INTENDED, attempts), {"route": route.value})
            for step in batch
        ]
        log.write("restore.intent", intents)
        answers = self._send(route, items, batch)
        if route is Route.UNTRASH:
            answers = self._seen_live({key: _from_the_bin(answer) for key, answer in answers.items()})
        notes, results = [], []
        for step in batch:
            answer = answers.get(step.ref.id) or Restored(step.ref, Verdict.UNKNOWN, reason=Reason.NOT_ANSWERED)
            notes.append(_outcome(log, step, answer, attempts))
            results.append(_result(step, route, answer))
            self._learn(step, answer)
        log.write("restore.outcome", notes)
        return results

    def _send(self, route: Route, items: Sequence[RestoreItem], batch: Sequence[RestoreStep]) -> dict[str, Restored]:
        try:
            with failpoints.step("restore"):
                return {answer.ref.id: answer for answer in self.context.adapter.bring_back(route, items)}
        except NotSentError as problem:
            said = Verdict.NOT_DONE, Reason.NOT_SENT, problem.message
        except (AnswerLostError, CrmError) as problem:
            said = Verdict.UNKNOWN, Reason.ANSWER_LOST, problem.message
        return {step.ref.id: Restored(step.ref, said[0], reason=said[1], message=said[2]) for step in batch}

    def _seen_live(self, answers: Mapping[str, Restored]) -> dict[str, Restored]:
        """Return the answers, "done" only for what is live: a batch has one word for all, and a record may be gone."""
        refs = [answer.ref for answer in answers.values() if answer.verdict is Verdict.DONE]
        unseen = set(self._not_live(refs))
        if unseen:
            self.context.clock.sleep(self.context.policy.second_look_seconds)
            unseen = set(self._not_live([ref for ref in refs if ref.id in unseen]))
        return {
            key: replace(answer, verdict=Verdict.UNKNOWN, new_ref=None, ids={}, reason=Reason.NOT_LIVE)
            if key in unseen
            else answer
            for key, answer in answers.items()
        }

    def _not_live(self, refs: Sequence[ContractRef]) -> Iterator[str]:
        for batch in batches(refs, self.context.profile.limits.locate_batch):
            try:
                with failpoints.step("restore.seen"):
                    places = self.context.adapter.locate(batch, look=LookDepth.LIVE).places
            except (CrmError, PermissionDeniedError):
                yield from (ref.id for ref in batch)
                continue
            yield from (ref.id for ref in batch if places[ref.id].place is not Place.LIVE)

    def _item(self, step: RestoreStep, route: Route) -> RestoreItem:
        marker, since = marker_of(self.log, step.ref.id), self.intents.first(step.ref.id)
        if route is Route.UNTRASH:
            return RestoreItem(step.ref, marker, look_first=since is not None)
        snapshot = self.log.backup_set(self.log.backup_of(step.ref.id).set_id).snapshot(step.ref.id)
        return RestoreItem(
            step.ref,
            marker,
            snapshot,
            look_first=since is not None,
            since=since,
            owner=self.owner,
            ids=self.ids,
            # References of others are set by a plan of their own: they change records that nobody confirmed here.
            relink=False,
        )

    def _learn(self, step: RestoreStep, answer: Restored) -> None:
        self.ids.update({old: new for old, new in answer.ids.items() if old != new})
        if answer.new_ref is not None and answer.new_ref.id != step.ref.id:
            self.ids[step.ref.id] = answer.new_ref.id


def _from_the_bin(answer: Restored) -> Restored:
    """Return an answer of the bin: what it does not hold will not come out of it later either."""
    return replace(answer, verdict=Verdict.NOT_DONE) if answer.reason in NOT_THERE else answer


def _event(
    log: RunLog, step: RestoreStep, kind: EventKind, attempts: Mapping[str, int], reason: Reason | None = None
) -> Event:
    return Event(kind, log.status(step.ref.id).step, attempts[step.ref.id], reason=reason)


_EVENTS = {
    Verdict.DONE: EventKind.RESTORE_DONE,
    Verdict.NOT_DONE: EventKind.RESTORE_NOT_DONE,
    Verdict.PENDING: EventKind.RESTORE_LOST,
    Verdict.UNKNOWN: EventKind.RESTORE_LOST,
}


def _outcome(log: RunLog, step: RestoreStep, answer: Restored, attempts: Mapping[str, int]) -> ContractEvent:
    extra: dict[str, JsonValue] = {"new_id": answer.new_ref.id} if answer.new_ref else {}
    if answer.ids:
        extra["ids"] = dict(answer.ids)
    return ContractEvent(step.ref.id, _event(log, step, _EVENTS[answer.verdict], attempts, answer.reason), extra)


def _result(step: RestoreStep, route: Route, answer: Restored) -> RestoreStep:
    result = {Verdict.DONE: "restored", Verdict.NOT_DONE: "not_restored"}.get(answer.verdict, "in_doubt")
    return replace(
        step,
        route=route,
        reason=answer.reason,
        result=result,
        new_ref=answer.new_ref or (step.ref if answer.verdict is Verdict.DONE else None),
        lost=answer.lost,
        message=answer.hint or answer.message,
        vendor_message=answer.vendor_message,
    )
