"""The policy at work: what the CRM has to tell for it, and who and what may not begin under it.

None of this is asked by a restore: a guard never stands between a person and a way back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.cost import Prediction, predict
from crm_bridge.domain.filters import Everything
from crm_bridge.domain.plan import DeletionPlan
from crm_bridge.domain.plan_notes import Along, PlanNotes
from crm_bridge.domain.safety import Refusal, refuse
from crm_bridge.errors import CrmError, GuardError, NotAvailableError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.desk import Desk
from crm_bridge.spi.adapter import Completeness, Query

_COUNTED_AT_ONCE = 500
"""Contracts whose leaves are counted together; beyond them the whole module is asked first: one number may do."""


def count_module(desk: Desk) -> int | None:
    """Return how many contracts the module has, as the CRM counts them; None where it does not tell."""
    return _counted(desk, Query(where=Everything(), count_only=True)).expected


def count_leaves(desk: Desk, ids: Sequence[str], cap: int) -> Along:
    """Count what goes along with contracts, as far as the CRM counts it; the rest is counted when it is saved.

    Where the whole module has no more than the cap, that number is the answer: it takes a call for each list.
    """
    if len(ids) > _COUNTED_AT_ONCE:
        whole = _counted(desk, Query(leaves_of=()))
        if whole.expected is None or whole.expected <= cap:
            return Along(whole.expected, whole.uncounted, at_most=True)
    shares = (tuple(ids[at : at + _COUNTED_AT_ONCE]) for at in range(0, len(ids), _COUNTED_AT_ONCE))
    counts = [_counted(desk, Query(leaves_of=share)) for share in shares]
    told = None if any(one.expected is None for one in counts) else sum(one.expected or 0 for one in counts)
    return Along(told, tuple(dict.fromkeys(name for one in counts for name in one.uncounted)))


_UNTOLD = Completeness(proven=False, seen=0, expected=None, how="")


def _counted(desk: Desk, query: Query) -> Completeness:
    try:
        with failpoints.step("find"):
            for page in desk.adapter.find(query).pages:
                if page.completeness is not None:
                    return page.completeness
    except (CrmError, NotAvailableError, PermissionDeniedError):
        pass
    return _UNTOLD


def lacks(desk: Desk, predicted: Prediction | None, count: int, step: Step) -> Iterator[Refusal]:
    """Yield what the CRM has too little of for a run: today's quota, room in its bin, days in its bin."""
    profile = desk.profile
    if predicted is not None and predicted.exceeds(profile.calls_left):
        yield Refusal("quota", predicted.credits, profile.calls_left or 0)
    limits = profile.limits
    if (capacity := desk.rules.bin_capacity) is not None:
        held = _counted(desk, Query(deleted_since=desk.clock.now(), count_only=True)).expected
        if held is None:
            yield Refusal("bin_not_counted", count, capacity)
        elif count > (room := max(0, capacity - held)):
            yield Refusal("bin_full", count, room)
    if step is Step.TRASH and limits.bin_days is not None and limits.bin_days < desk.rules.min_undo_days:
        yield Refusal("undo_too_short", limits.bin_days, desk.rules.min_undo_days)


def refuse_problem(desk: Desk) -> None:
    """Raise GuardError where part of the policy cannot be read: what it protects is not known."""
    if desk.rules.problem:
        raise GuardError(
            desk.rules.problem,
            reason="policy_unreadable",
            hint=_("put it right in config.toml; look with `crm-bridge policy check {name}`").format(
                name=desk.connection
            ),
        )


def refuse_policy(desk: Desk, plan: DeletionPlan) -> None:
    """Raise GuardError where a plan was made under another policy, or this user may not carry it out."""
    refuse_problem(desk)
    if plan.notes.policy != desk.rules.digest():
        raise GuardError(
            _("the policy was changed since the plan was made; nothing more is sent by it"),
            reason="policy_changed",
            hint=_("plan again; see what holds now with `crm-bridge policy show {name}`").format(name=desk.connection),
        )
    user, purge = desk.profile.user_id, plan.head.step is Step.PURGE
    for rule, allowed in (("may_apply", desk.rules.may_apply), ("may_purge", desk.rules.may_purge if purge else ())):
        if allowed and user not in allowed:
            raise GuardError(
                _("the policy does not let CRM user {user} do this ({rule})").format(user=user, rule=rule),
                reason=rule,
                hint=_("sign in as one of these: {users}").format(users=", ".join(allowed)),
            )


def refuse_lacks(desk: Desk, plan: DeletionPlan) -> None:
    """Raise GuardError before a run begins that the CRM could not carry to its end, or whose undo would push out
    what others deleted."""
    head = plan.head
    predicted = predict(desk.profile.costs, plan.count, head.step, fast=head.fast)
    refuse([*lacks(desk, predicted, plan.count, head.step)])


def policy_facts(journal: Journal, notes: PlanNotes) -> dict[str, JsonValue]:
    """Return what journal and receipt say of the policy: its keyed digest, raised caps, and rules that release."""
    raised: list[JsonValue] = list(notes.raised)
    released: list[JsonValue] = list(notes.released)
    return {"policy": journal.keyed_digest("policy", notes.policy), "raised": raised, "released": released}
