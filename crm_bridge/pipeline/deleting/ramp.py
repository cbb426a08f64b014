"""The ramp: a few contracts before the rest, and what stops a run between its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import State, Status
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, InDoubtError, InterruptedRunError
from crm_bridge.i18n import _
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.pipeline.settling.impact import MeasuredEdge, measured
from crm_bridge.spi.adapter import Query

_MAY_BE_SENT_AGAIN = frozenset({State.GATED, State.IN_FLIGHT, State.IN_DOUBT, State.UNATTRIBUTED, State.NOT_DONE})
_NOT_AS_SAID = frozenset({State.UNVERIFIED, State.REAPPEARED})
_REFUSED = frozenset({State.REFUSED, State.RESISTED, State.HELD, State.NOT_DONE})
_OF_THE_CALL = frozenset({Reason.TOO_LONG, Reason.RATE_LIMITED, Reason.SIGNED_OUT})
"""Refusals that say nothing about a contract: the same call may be taken a little later, shorter, or with a new token.

The adapter says when they are to end the run.
"""
_ENOUGH = 20
"""Contracts that were sent before the share of refusals among them says anything."""


class Refusals:
    """How many of the contracts that this process sent in one step the CRM refused, with a code of its own.

    What the plan foretold for as many contracts is no surprise, and halts nothing. A resume begins anew.
    """

    def __init__(self, log: RunLog, foretold: Mapping[Reason, int]) -> None:
        """Begin with none."""
        self._log = log
        self._foretold = foretold
        self._sent = 0
        self._reasons: Counter[Reason] = Counter()

    def take(self, targets: Sequence[Target]) -> None:
        """Count contracts that were sent."""
        statuses = [self._log.status(target.ref.id) for target in targets]
        self._sent += len(statuses)
        self._reasons.update(
            one.reason or Reason.REFUSED
            for one in statuses
            if one.state in _REFUSED and one.attempt > 0 and one.code and one.reason not in _OF_THE_CALL
        )

    def check(self, *, at_least: int = _ENOUGH) -> None:
        """Raise InterruptedRunError where too large a share of `at_least` so many contracts was refused."""
        unforeseen = self._reasons - Counter(self._foretold)
        refused, share = unforeseen.total(), self._log.context.rules.max_refused_percent
        if self._sent < at_least or refused * 100 <= share * self._sent:
            return
        ((why, _most),) = unforeseen.most_common(1)
        raise InterruptedRunError(
            _("the CRM refused {count} of {size} contracts ({why}); the rest was left alone").format(
                count=refused, size=self._sent, why=why.words
            ),
            reason="many_refused",
            hint="; ".join(filter(None, (why.help, _("put it right, or go on with the others: `crm-bridge resume`")))),
        )


class Ramp:
    """The parts of one step of a run. Each step has its own: a purge that goes wrong cannot be taken back."""

    def __init__(self, log: RunLog, step: Step, plan: DeletionPlan) -> None:
        """Begin with what earlier processes sent."""
        self._log = log
        self._step = step
        self._count = plan.count
        self._edges = plan.notes.along.edges if step is plan.head.step else ()
        self._before = self._deleted()

    def parts(self) -> Iterator[int]:
        """Yield how many contracts go into each part before the last; a resume goes on where the run stopped."""
        for end in accumulate(self._log.context.rules.ramp):
            if end >= self._count:
                return
            if (left := end - self._sent()) > 0:
                yield left

    def _sent(self) -> int:
        statuses = (self._log.status(i) for i in self._log.ids_in(frozenset(State) - _MAY_BE_SENT_AGAIN))
        return sum(one.step is self._step and one.attempt > 0 for one in statuses)

    def check(self, part: Sequence[Target]) -> None:
        """Raise what halts the run after a part that was sent and verified."""
        statuses = {t.ref.id: self._log.status(t.ref.id) for t in part}
        if odd := sum(one.state in _NOT_AS_SAID for one in statuses.values()):
            raise InDoubtError(
                _("{count} of the first {size} contracts were not found removed; the rest was left alone").format(
                    count=odd, size=len(part)
                ),
                reason="canary_failed",
                hint=_("look at them with `crm-bridge status`, then `crm-bridge resume`"),
            )
        if odd_edges := self._not_as_forecast(statuses):
            one = odd_edges[0]
            raise InDoubtError(
                _("{count} rows of {name} still name contracts that were deleted, which was not forecast").format(
                    count=one.left, name=one.edge.label or one.edge.name
                ),
                reason="impact",
                hint=_("look at them in the CRM; a resume goes on with the rest"),
            )
        if also := self._also_deleted():
            raise InDoubtError(
                _("{count} contracts that are not in the plan were deleted along with it, first {id}").format(
                    count=len(also), id=also[0]
                ),
                reason="cascade",
                hint=_(
                    "see who deletes them: `crm-bridge journal reconcile {name}`; a resume goes on with the rest"
                ).format(name=self._log.context.connection),
            )

    def _not_as_forecast(self, statuses: Mapping[str, Status]) -> list[MeasuredEdge]:
        """Return the lists of the first contracts of which more is left than forecast, also at a second look."""
        gone, context = (
            [record_id for record_id, one in statuses.items() if one.state is State.VERIFIED],
            self._log.context,
        )
        left = [one for one in measured(context, self._edges, gone) if one.left]
        if not left:
            return []
        # A count may lag behind a delete, as any read may.
        context.clock.sleep(context.policy.second_look_seconds)
        return [one for one in measured(context, [one.edge for one in left], gone) if one.left]

    def _also_deleted(self) -> list[str]:
        """Return what the CRM lists as deleted by our user since this step began, and no part of the run is."""
        if self._before is None or (now := self._deleted()) is None:
            return []
        return sorted(i for i in now - self._before if self._log.status(i).attempt == 0)

    def _deleted(self) -> frozenset[str] | None:
        """Return the contracts that the CRM lists as deleted lately by our user; None where that is not known.

        Two listings are the price of a ramp with several parts: a single small part is not worth them.
        """
        context = self._log.context
        if len(context.rules.ramp) < 2 or context.rules.ramp[0] >= self._count:
            return None
        try:
            pages = context.adapter.find(Query(deleted_since=context.clock.now() - context.policy.allowed_skew)).pages
            found = [one for page in pages for one in page.deleted or ()]
        except CrmBridgeError:
            return None
        return frozenset(one.ref.id for one in found if one.by in (None, context.profile.user_id))
