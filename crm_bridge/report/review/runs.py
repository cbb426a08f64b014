"""One run under review: outcomes, evidence, money and what deserves a look, up to an entry of the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from crm_bridge.bridge.state_directory import StateDirectory
from crm_bridge.domain.lifecycle import Outcome, Status
from crm_bridge.domain.planning.target import Target
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.pipeline.entries import RUN_START, Fold, history, last_step
from crm_bridge.pipeline.planning.plan_file import PlanFile, open_plan
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.report.review.values import Concern, ReviewedRun, ReviewRow, Topic

_NAMED = 20
_TOPICS = {
    Outcome.IN_DOUBT: Topic.IN_DOUBT,
    Outcome.REAPPEARED: Topic.REAPPEARED,
    Outcome.REFUSED: Topic.REFUSED,
    Outcome.HELD: Topic.HELD,
    Outcome.PENDING: Topic.PENDING,
    Outcome.WAITING: Topic.WAITING,
    Outcome.RESTORED: Topic.RESTORED,
}


@dataclass
class RunUnderReview:
    """One run, folded up to and with the entry `last`; at most one is held in memory at a time."""

    bridge: StateDirectory
    info: RunInfo
    last: int

    def __post_init__(self) -> None:
        """Fold the run's entries, and open its plan where that is kept."""
        journal, fold = self.bridge.journal, Fold(last_step(self.bridge.journal, self.info.id))
        for told in history(journal, self.info.id):
            if told.entry.seq > self.last:
                break
            fold.take(told.line.record_id, told.event)
        self._statuses = fold.statuses
        start = next(journal.entries(run=self.info.id, op=RUN_START))
        self._start = start
        self._plan = self._kept_plan()

    def _kept_plan(self) -> PlanFile | None:
        path = self.bridge.home / "plans" / f"{self.info.ref.plan}.plan"
        try:
            return open_plan(path, journal=self.bridge.journal, digest=self.info.ref.plan)
        except CrmBridgeError:
            return None  # names, money and the reason are missing then, nothing else

    def summary(self, *, new: bool) -> ReviewedRun:
        """Return the run in numbers."""
        outcomes = Counter(status.outcome.value for status in self._statuses.values())
        if (rest := self.info.count - len(self._statuses)) > 0:
            outcomes[Outcome.WAITING.value] += rest
        removed = (one for one in self._statuses.values() if one.outcome is Outcome.REMOVED)
        evidence = Counter(one.evidence.value for one in removed if one.evidence)
        why = self._plan.plan.head.reason if self._plan else ""
        return ReviewedRun(self.info, self._start.crm_user, why, outcomes, evidence, self._money(outcomes), new)

    def _money(self, outcomes: Mapping[str, int]) -> Mapping[str, Decimal]:
        if self._plan is None:
            return {}
        if outcomes[Outcome.REMOVED.value] == self._plan.plan.count:
            return self._plan.plan.totals.amounts
        sums: dict[str, Decimal] = {}
        for target in self._plan.targets():
            if self._status(target.ref.id).outcome is Outcome.REMOVED and (amount := target.card.amount) is not None:
                currency = target.card.currency or "?"
                sums[currency] = sums.get(currency, Decimal()) + amount
        return sums

    def concerns(self) -> Iterator[Concern]:
        """Yield what deserves a look: contracts by outcome and reason, then the run as a whole."""
        groups: dict[tuple[Outcome, str], list[str]] = {}
        counts: Counter[tuple[Outcome, str]] = Counter()
        for record_id, status in self._statuses.items():
            if status.outcome in _TOPICS:
                key = status.outcome, status.why.words if status.why else ""
                counts[key] += 1
                if counts[key] <= _NAMED:
                    groups.setdefault(key, []).append(record_id)
        for (outcome, words), ids in sorted(groups.items()):
            yield self._concern(_TOPICS[outcome], words, counts[outcome, words], ids)
        yield from self._of_the_whole()

    def _of_the_whole(self) -> Iterator[Concern]:
        info, body = self.info, self._start.body
        ended = info.end_seq is not None and info.end_seq <= self.last
        if not (info.complete and ended):
            yield self._concern(Topic.UNFINISHED, _("go on with `crm-bridge resume {run}`").format(run=info.id))
        if info.outside:
            yield self._concern(
                Topic.OUTSIDE, _("by our user while the run lasted"), info.outside, list(info.outside_ids)
            )
        for topic, key in ((Topic.RAISED, "raised"), (Topic.RELEASED, "released")):
            if body.get(key):
                yield self._concern(topic, ", ".join(map(str, body[key])))

    def _concern(self, topic: Topic, says: str, count: int = 0, ids: list[str] | None = None) -> Concern:
        return Concern(topic, says, self.info.id, self.info.ref.connection, count, tuple((ids or [])[:_NAMED]))

    def rows(self) -> Iterator[ReviewRow]:
        """Yield a row for each contract, in the order of the plan."""
        if self._plan is None:
            yield from (self._row(i, self._statuses[i]) for i in sorted(self._statuses))
            return
        for target in self._plan.targets():
            yield self._row(target.ref.id, self._status(target.ref.id), target)

    def _status(self, record_id: str) -> Status:
        return self._statuses[record_id]

    def _row(self, record_id: str, status: Status, target: Target | None = None) -> ReviewRow:
        card = target.card if target else None
        return ReviewRow(
            run=self.info.id,
            connection=self.info.ref.connection,
            started=self.info.started,
            by=self.info.confirmed_by,
            id=record_id,
            number=(card.number or "") if card else "",
            outcome=status.outcome.value,
            evidence=status.evidence.value if status.evidence else "",
            reason=status.why.words if status.why else "",
            code=status.code,
            amount=format(card.amount, "f") if card and card.amount is not None else "",
            currency=(card.currency or "") if card else "",
        )
