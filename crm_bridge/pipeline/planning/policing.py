"""The policy at work: what the CRM has to tell for it, and who and what may not begin under it.

None of this is asked by a restore: a guard never stands between a person and a way back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.filters.tree import Everything
from crm_bridge.domain.planning.cost import Prediction, predict
from crm_bridge.domain.planning.facts import FactSheet
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.domain.planning.plan_notes import Along, PlanNotes
from crm_bridge.domain.planning.safety import Refusal, refuse
from crm_bridge.domain.records.impact import edges_of
from crm_bridge.domain.snapshot import PartKind
from crm_bridge.errors import CrmError, ForbiddenAddressError, GuardError, NotAvailableError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext
from crm_bridge.spi.adapter import Completeness, Query

_LEAVES = frozenset({PartKind.DETAIL.value, PartKind.NOTE.value, "attachment"})
"""Relations whose rows live and die with a contract."""
Counts: TypeAlias = Mapping[str, tuple[int | None, int]]
_COUNTED_AT_ONCE = 500
"""Contracts whose leaves are counted together; beyond them the whole module is asked first: one number may do."""


def count_module(context: RunContext) -> int | None:
    """Return how many contracts the module has, as the CRM counts them; None where it does not tell."""
    return _counted(context, Query(where=Everything(), count_only=True)).expected


def count_leaves(context: RunContext, ids: Sequence[str], cap: int, step: Step) -> Along:
    """Count what goes along with contracts, as far as the CRM counts it; the rest is counted when it is saved.

    Where the whole module has no more than the cap, that number is the answer: it takes a call for each list.
    """
    relations = context.profile.relations
    if not any(one.kind in _LEAVES for one in relations):
        return Along(0, edges=tuple(edges_of(relations, {}, step, at_most=False)))
    if len(ids) > _COUNTED_AT_ONCE:
        whole = _counted(context, Query(leaves_of=()))
        if whole.expected is None or whole.expected <= cap:
            edges = tuple(edges_of(relations, whole.counts, step, at_most=True))
            return Along(whole.expected, whole.uncounted, at_most=True, edges=edges)
    shares = (tuple(ids[at : at + _COUNTED_AT_ONCE]) for at in range(0, len(ids), _COUNTED_AT_ONCE))
    counts = [_counted(context, Query(leaves_of=share)) for share in shares]
    told = None if any(one.expected is None for one in counts) else sum(one.expected or 0 for one in counts)
    uncounted = tuple(dict.fromkeys(name for one in counts for name in one.uncounted))
    return Along(told, uncounted, edges=tuple(edges_of(relations, _summed(counts), step, at_most=False)))


def count_rows(context: RunContext, shares: Sequence[tuple[str, ...]]) -> Counts:
    """Return the rows of each list around some contracts, and the calls that it took, by the list's name."""
    return _summed([_counted(context, Query(leaves_of=share)) for share in shares])


def _summed(counts: Sequence[Completeness]) -> Counts:
    """Return the rows of each list over several answers; of one that was not counted everywhere, none."""
    found: dict[str, tuple[int | None, int]] = {}
    for name in dict.fromkeys(name for one in counts for name in one.counts):
        told = [one.counts.get(name, (None, 0)) for one in counts]
        rows = None if any(number is None for number, _calls in told) else sum(number or 0 for number, _calls in told)
        found[name] = rows, sum(calls for _rows, calls in told)
    return found


def count_where(context: RunContext, query: Query) -> int | None:
    """Return how many contracts a query selects, as the CRM counts them; None where it does not tell."""
    return _counted(context, query).expected


_UNTOLD = Completeness(proven=False, seen=0, expected=None, how="")


def _counted(context: RunContext, query: Query) -> Completeness:
    try:
        with failpoints.step("find"):
            for page in context.adapter.find(query).pages:
                if page.completeness is not None:
                    return page.completeness
    except ForbiddenAddressError:
        raise  # somebody stands between us and the CRM: what else they answer cannot be trusted either
    except (CrmError, NotAvailableError, PermissionDeniedError):
        pass
    return _UNTOLD


def lacks(context: RunContext, predicted: Prediction | None, count: int, step: Step) -> Iterator[Refusal]:
    """Yield what the CRM has too little of for a run: today's quota, room in its bin, days in its bin."""
    profile = context.profile
    yield from _against_facts(context.facts)
    if predicted is not None and predicted.exceeds(profile.calls_left):
        yield Refusal("quota", predicted.credits, profile.calls_left or 0)
    limits = profile.limits
    if (capacity := context.rules.bin_capacity) is not None:
        held = _counted(context, Query(deleted_since=context.clock.now(), count_only=True)).expected
        if held is None:
            yield Refusal("bin_not_counted", count, capacity)
        elif count > (room := max(0, capacity - held)):
            yield Refusal("bin_full", count, room)
    if step is Step.TRASH and limits.bin_days is not None and limits.bin_days < context.rules.min_undo_days:
        yield Refusal("undo_too_short", limits.bin_days, context.rules.min_undo_days)


def _against_facts(facts: FactSheet) -> Iterator[Refusal]:
    """Yield what was observed and the adapter cannot take into account, or the configuration says otherwise."""
    for fact in facts.holding():
        yield Refusal("fact", fact.found.value, "", fact.found.question)
    for name, value in facts.overruled.items():
        yield Refusal("fact_overruled", str(value), "", name)


def refuse_problem(context: RunContext) -> None:
    """Raise GuardError where part of the policy cannot be read: what it protects is not known."""
    if context.rules.problem:
        raise GuardError(
            context.rules.problem,
            reason="policy_unreadable",
            hint=_("put it right in config.toml; look with `crm-bridge policy check {name}`").format(
                name=context.connection
            ),
        )


def refuse_policy(context: RunContext, plan: DeletionPlan) -> None:
    """Raise GuardError where a plan was made under another policy, or this user may not carry it out."""
    refuse_problem(context)
    if plan.notes.policy != context.rules.digest():
        raise GuardError(
            _("the policy was changed since the plan was made; nothing more is sent by it"),
            reason="policy_changed",
            hint=_("plan again; see what holds now with `crm-bridge policy show {name}`").format(
                name=context.connection
            ),
        )
    user, purge = context.profile.user_id, plan.head.step is Step.PURGE
    for rule, allowed in (
        ("may_apply", context.rules.may_apply),
        ("may_purge", context.rules.may_purge if purge else ()),
    ):
        if allowed and user not in allowed:
            raise GuardError(
                _("the policy does not let CRM user {user} do this ({rule})").format(user=user, rule=rule),
                reason=rule,
                hint=_("sign in as one of these: {users}").format(users=", ".join(allowed)),
            )


def refuse_lacks(context: RunContext, plan: DeletionPlan) -> None:
    """Raise GuardError before a run begins that the CRM could not carry to its end, or whose undo would push out
    what others deleted."""
    head = plan.head
    predicted = predict(context.profile.costs, plan.count, head.step, fast=head.fast)
    refuse([*lacks(context, predicted, plan.count, head.step)])


def policy_facts(journal: Journal, notes: PlanNotes) -> dict[str, JsonValue]:
    """Return what journal and receipt say of the policy: its keyed digest, raised caps, and rules that release."""
    raised: list[JsonValue] = list(notes.raised)
    released: list[JsonValue] = list(notes.released)
    return {"policy": journal.keyed_digest("policy", notes.policy), "raised": raised, "released": released}
