"""Plan: turn a complete selection into an immutable list with a digest, and keep the plans of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import accumulate, chain, islice
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.clock import moment_of, new_id
from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.contract import Contract, RecordState
from crm_bridge.domain.planning.cost import contracts_at_once, pace_of, predict
from crm_bridge.domain.planning.obstacles import free_first
from crm_bridge.domain.planning.plan import PlanHead, Totals
from crm_bridge.domain.planning.plan_notes import Absent, Along, PlanNotes, Stage
from crm_bridge.domain.planning.policy import Caps
from crm_bridge.domain.planning.protection import protections
from crm_bridge.domain.planning.safety import Extent, refusals, share_matters
from crm_bridge.domain.planning.target import Card, Target
from crm_bridge.domain.planning.xray import Xray
from crm_bridge.domain.restoring.forecast import make_forecast
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import (
    AmbiguousContractError,
    CrmError,
    GuardError,
    NothingMatchedError,
    PermissionDeniedError,
    UsageError,
)
from crm_bridge.i18n import N_, _
from crm_bridge.overwriting import check_replaceable
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.find import Selection, nothing_matches
from crm_bridge.pipeline.planning.approving import needed
from crm_bridge.pipeline.planning.outliers import in_module
from crm_bridge.pipeline.planning.plan_file import PlanFile, is_plan, open_plan
from crm_bridge.pipeline.planning.plan_writer import PlanWriter, plan_made
from crm_bridge.pipeline.planning.policing import count_leaves, count_module, lacks, refuse_problem
from crm_bridge.pipeline.settling.absence import causes_of
from crm_bridge.pipeline.settling.doubt import undoubted


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Options of a plan besides its contracts."""

    step: Step = Step.TRASH
    automations: bool = False
    fast: bool = False
    reason: str = ""
    where: str = ""
    rule: str = ""
    origin: str = "program"
    leave_out_undecided: bool = False
    """Plan although some contracts could not be judged: they are left out, and the plan says so."""
    caps: Caps | None = None
    """The caps of this plan; None: those of the policy."""
    force: bool = False
    """Overwrite whatever file has the plan's name, not only an older plan."""


_PROTECTED_SHOWN = 100
"""Protected contracts that a plan names one by one; all of them are counted."""
_PROTECTED_HINTS = 10


@dataclass(slots=True)
class _PlanTally:
    items: int = 0
    states: Counter[RecordState] = field(default_factory=Counter)
    customers: Counter[str] = field(default_factory=Counter)
    protected: list[str] = field(default_factory=list)
    protected_count: int = 0
    xray: Xray = field(default_factory=Xray)

    def take(self, contract: Contract) -> None:
        self.items += 1
        self.states[contract.state] += 1
        self.xray.take(contract)
        if contract.customer:
            self.customers[contract.customer] += 1

    def protect(self, contract: Contract, why: str) -> None:
        self.protected_count += 1
        if len(self.protected) < _PROTECTED_SHOWN:
            self.protected.append(f"{contract.label} ({contract.id}): {why}")


def make_plan(context: RunContext, selection: Selection, options: PlanOptions, path: Path | None) -> PlanFile:
    """Stream a selection into a plan file at `path` (None: in the state directory) and journal its digest.

    A plan that breaks a safety rule is made all the same: its notes say which, and it cannot be carried out.
    Raises NothingMatchedError, GuardError (the listing is not proven complete), PermissionDeniedError, UsageError.
    """
    if path is not None:
        check_replaceable(path, is_plan, force=options.force)
    refuse_problem(context)
    _check_permitted(context, options.step)
    tally = _PlanTally()
    targets = undoubted(context, _targets(context, selection, tally))
    # The listing is begun first: what matches nothing is said before what hangs on contracts is asked, for minutes.
    begun = list(islice(targets, 1))
    if not begun:
        absent = _absent(context, selection)
        _check_selection(selection, tally, leave_out_undecided=options.leave_out_undecided, absent=absent)
    head = _head(context, options)
    lacking = _lacking(context, begun[0]) if options.step is Step.PURGE and begun else ()
    with (
        failpoints.step("plan.file"),
        PlanWriter(
            path or context.plans, head, journal=context.journal, randomness=context.randomness, named=path is not None
        ) as writer,
    ):
        stages, ids = _Stages(context.rules.ramp), list[str]()
        most = (options.caps or context.rules.caps).max_contracts
        for target in chain(begun, targets):
            writer.add(target)
            stages.take(writer.totals)
            if len(ids) <= most:
                ids.append(target.ref.id)
        _check_selection(selection, tally, leave_out_undecided=options.leave_out_undecided)
        notes = _notes(context, head, writer.totals, selection, tally, options, stages, lacking, ids)
        plan = writer.finish(notes)
    with failpoints.step("plan.journal"):
        context.journal.append([plan_made(context.journal, plan)])
    return open_plan(writer.path, journal=context.journal, digest=plan.digest)


_EXPLAINED = 100
"""Ids that were not found of which the cause is looked for."""


def _absent(context: RunContext, selection: Selection) -> tuple[Absent, ...]:
    """Return why ids were not found. Where the CRM does not answer, that they were not is all there is to say."""
    try:
        return tuple(causes_of(context, selection.missing_ids[:_EXPLAINED]))
    except (CrmError, PermissionDeniedError):
        return ()


def _lacking(context: RunContext, first: Target) -> Iterator[str]:
    """Yield what a backup of the first contract would lack: before anything is confirmed that cannot be undone."""
    try:
        copies = list(context.adapter.snapshot([first.ref], final=True))
    except (CrmError, PermissionDeniedError):
        return  # the run finds out, and holds what it cannot save
    for copy in copies:
        for gap in copy.gaps if isinstance(copy, Snapshot) else ():
            yield _("a backup does not hold {what}").format(what=gap.text())


class _Stages:
    """The halts of the ramp, found while the plan is written."""

    def __init__(self, ramp: Sequence[int]) -> None:
        self._ends = set(accumulate(ramp))
        self.found: list[Stage] = []

    def take(self, totals: Totals) -> None:
        if totals.count in self._ends:
            self.found.append(Stage(totals.count, totals.money()))


def _notes(
    context: RunContext,
    head: PlanHead,
    totals: Totals,
    selection: Selection,
    tally: _PlanTally,
    options: PlanOptions,
    stages: _Stages,
    lacking: Iterable[str],
    ids: Sequence[str],
) -> PlanNotes:
    """Return the notes of a plan; of one that has too many contracts it is enough to know that."""
    profile, count = context.profile, totals.count
    rules = replace(context.rules, caps=options.caps or context.rules.caps)
    predicted = predict(profile.costs, count, head.step, fast=head.fast)
    few, most = count <= rules.caps.max_contracts, rules.caps.max_leaves
    along = count_leaves(context, ids, most, head.step) if few else Along()
    extent = _extent(context, rules.caps, totals, tally, along)
    return PlanNotes(
        tally.states[RecordState.LOCKED],
        tally.states[RecordState.IN_APPROVAL],
        selection.missing,
        _absent(context, selection),
        selection.duplicates,
        (*profile.warnings, *lacking, *selection.remarks, *selection.cautions),
        tally.states[RecordState.IN_PROCESS],
        tally.states[RecordState.READ_ONLY],
        predicted,
        profile.calls_left,
        pace_of(profile.limits, count, head.step, fast=head.fast),
        (*refusals(rules, extent), *lacks(context, predicted, count, head.step)),
        selection.unreadable_lines,
        selection.undecided.count,
        policy=context.rules.digest(),
        caps=rules.caps,
        raised=tuple(context.rules.caps.differences(rules.caps)),
        protected=tuple(tally.protected),
        protected_count=tally.protected_count,
        stages=tuple(stage for stage in stages.found if stage.contracts < count),
        released=rules.released_kinds,
        noise=rules.noise,
        approvals=needed(rules.approvals, head, totals),
        unlike=tally.xray.finish().unlike,
        in_module=in_module(context, tally.xray),
        along=along,
        at_once=min(count, contracts_at_once(profile.limits, Step.TRASH, final=head.step, fast=head.fast)),
    )


def _extent(context: RunContext, caps: Caps, totals: Totals, tally: _PlanTally, along: Along) -> Extent:
    largest = tally.customers.most_common(1)
    counted = count_module(context) if caps.max_share < 100 and share_matters(caps, totals.count) else None
    return Extent(totals.count, totals.amounts, largest[0] if largest else ("", 0), counted, along.counted)


def _targets(context: RunContext, selection: Selection, tally: _PlanTally) -> Iterator[Target]:
    now = context.clock.now()
    for contract in free_first(selection, sum(context.rules.ramp)):
        if reasons := protections(context.rules, contract, now=now):
            tally.protect(contract, "; ".join(f"{one.rule}: {one.text}" for one in reasons))
            continue
        tally.take(contract)
        yield Target(contract.ref, contract.digest, Card.of(contract))


STEPS = {Step.TRASH: N_("move contracts to the bin"), Step.PURGE: N_("delete contracts for good")}


def _check_permitted(context: RunContext, step: Step) -> None:
    if context.profile.may.get(step) is Support.ABSENT:
        raise PermissionDeniedError(
            _("{user} may not {step} in {module}").format(
                user=context.profile.user_name or context.profile.user_id,
                step=_(STEPS[step]),
                module=context.profile.module,
            ),
            reason="may_not_delete",
            hint=context.profile.why.get(step)
            or _("ask an administrator of the CRM for the right to delete in this module"),
        )
    support = context.profile.capabilities.support(step).support
    if support is Support.ABSENT:
        raise UsageError(
            _("this CRM cannot {step}").format(step=_(STEPS[step])),
            reason="unsupported_step",
            hint=_("see `crm-bridge adapters show {name}`").format(name=context.system),
        )


def _check_selection(
    selection: Selection, tally: _PlanTally, *, leave_out_undecided: bool, absent: Sequence[Absent] = ()
) -> None:
    if ambiguous := selection.ambiguous:
        raise AmbiguousContractError(
            _("{count} of the numbers belong to several contracts; none of these was chosen").format(
                count=len(ambiguous)
            ),
            candidates=tuple(one for ids in ambiguous.values() for one in ids),
            hint="\n".join(f"{number}: {', '.join(ids)}" for number, ids in ambiguous.items()),
        )
    undecided = selection.undecided
    if undecided.count and not leave_out_undecided:
        raise GuardError(
            undecided.text(),
            reason="undecided",
            hint=_(
                "let this user see the field, filter by another one, or leave these contracts out: "
                "--leave-out-undecided"
            ),
        )
    if not tally.items and tally.protected_count:
        raise GuardError(
            _("all {count} contracts of the selection are protected; nothing was planned").format(
                count=tally.protected_count
            ),
            reason="protected",
            hint="; ".join(tally.protected[:_PROTECTED_HINTS]),
        )
    if not tally.items:
        why = (f"{one.id}: {one.text()}" for one in absent[:_PROTECTED_HINTS])
        raise NothingMatchedError(
            "; ".join([nothing_matches(selection), *why]), hint=_("look at the contracts with `crm-bridge find`")
        )
    proof = selection.completeness
    if proof is None or not proof.proven:
        raise GuardError(
            _("the listing is not proven complete: {why}").format(why=proof.how if proof else _("it did not end")),
            reason="selection_incomplete",
            hint=_("select with --where instead of words, or narrow the selection"),
        )


def _head(context: RunContext, options: PlanOptions) -> PlanHead:
    now = moment_of(context.clock)
    profile = context.profile
    return PlanHead(
        id=new_id(context.clock, context.randomness),
        connection=context.connection,
        adapter=context.system,
        org=profile.org_id,
        module=profile.module,
        user=profile.user_id,
        environment=profile.environment,
        step=options.step,
        automations=options.automations,
        fast=options.fast,
        made_at=now.at,
        expires_at=now.at + timedelta(hours=context.rules.plan_valid_hours),
        boot=now.boot,
        mono_ms=now.mono_ms,
        assumptions=tuple(profile.assumptions),
        facts=context.facts.count(),
        side_effects=side_effects(context, options),
        where=options.where,
        reason=options.reason,
        rule=options.rule,
        origin=options.origin,
        author=context.actor,
        forecast=make_forecast(
            profile.capabilities,
            profile.limits,
            profile.fields,
            profile.relations,
            step=options.step,
            now=now.at,
            ways=profile.ways,
        ),
    )


def side_effects(context: RunContext, options: PlanOptions) -> tuple[str, ...]:
    """Name what the delete will set off: everything that cannot be switched off, or was asked for."""
    return tuple(
        effect.name
        for effect in context.profile.capabilities.side_effects
        if effect.fires is not Support.ABSENT
        and (options.automations or not effect.switch or options.fast)
        and (options.fast or not effect.fast_only)
    )
