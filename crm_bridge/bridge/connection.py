"""One connection: the verbs of the product on one tenant of one CRM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack, overload

from crm_bridge import failpoints
from crm_bridge.bridge.wanted import Wanted
from crm_bridge.clock import moment_of
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.tree import Filter
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.given_text import check_text
from crm_bridge.domain.snapshot import KEEP_DAYS
from crm_bridge.errors import (
    AmbiguousContractError,
    Choice,
    ConfirmationError,
    CrmBridgeError,
    GuardError,
    NothingMatchedError,
    UsageError,
)
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.bridge.results import Plan, Run
    from crm_bridge.domain.planning.obstacles import Deletability
    from crm_bridge.domain.planning.plan import ConfirmedPlan
    from crm_bridge.domain.snapshot import Snapshot
    from crm_bridge.pipeline.context import RunContext
    from crm_bridge.pipeline.deleting.saving import Saved
    from crm_bridge.pipeline.find import Selection
    from crm_bridge.pipeline.planning.plan_file import PlanFile
    from crm_bridge.pipeline.restoring.rehearsal import Rehearsal, Stage
    from crm_bridge.pipeline.restoring.relink import LinkRepair, RelinkPlan
    from crm_bridge.pipeline.restoring.restore_plan import RestoreStep
    from crm_bridge.pipeline.runs import RunInfo
    from crm_bridge.pipeline.settling.audit import DeletionAudit
    from crm_bridge.pipeline.stopping import Progress, StopFlag
    from crm_bridge.spi.adapter import Profile

_DIGEST = 64
"""Hex digits of a plan's digest."""
Confirm: TypeAlias = "str | Callable[[Plan], str]"
"""The plan's digest, its phrase, or something that shows the plan to a person and returns what was typed."""


class RaisedCaps(TypedDict, total=False):
    """Caps of the policy that one plan sets for itself; None = as the policy says."""

    max_contracts: int | None
    max_leaves: int | None
    max_share: int | None
    max_per_customer: int | None
    max_amount: Mapping[str, Decimal | int] | None


@dataclass(frozen=True, slots=True)
class Details:
    """One contract with everything around it."""

    contract: Contract
    snapshot: Snapshot
    deletable: Deletability
    """Whether this user may move it to the bin, as far as the CRM tells beforehand."""


class Connection:
    """A signed-in tenant. Signing in happens at the first call that needs it."""

    def __init__(
        self, bridge: Bridge, name: str, *, progress: Progress | None = None, stop: StopFlag | None = None
    ) -> None:
        """Belong to `bridge`; use `Bridge.connect`."""
        self._bridge = bridge
        self.name = name
        self._progress = progress or bridge.progress
        self._stop = stop or bridge.stop

    @cached_property
    def context(self) -> RunContext:
        """Return what the steps of the journey work with; signs in."""
        return replace(self._bridge.context(self.name), progress=self._progress, stop=self._stop)

    def profile(self) -> Profile:
        """Return who is signed in, where, and what may be done there.

        >>> crm.profile().module, crm.profile().environment
        ('Contracts', 'sandbox')
        """
        return self._bridge.profile(self.name)

    def find(
        self,
        *filters: Filter | str,
        words: str | None = None,
        ids: Iterable[str] | None = None,
        numbers: Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Selection:
        """Stream the contracts that match all filters (trees or filter text), some words, these ids and numbers.

        Without any of them, every contract. `limit` ends the stream after so many that match; ids and numbers that
        were not found are named by the selection.

        >>> [contract.number for contract in crm.find(where.amount > 100_000, "currency = 'EUR'", limit=2)]
        ['HT-2025-0001', 'HT-2023-0004']
        """
        return self._select(self._wanted(filters, words, ids, numbers), limit=limit)

    def _wanted(
        self,
        filters: tuple[Filter | str, ...],
        words: str | None,
        ids: Iterable[str] | None,
        numbers: Iterable[str] | None,
    ) -> Wanted:
        prefix = self._bridge.resolved(self.name).spec.exported_id_prefix
        return Wanted.of(filters, words=words, ids=ids, numbers=numbers, id_prefix=prefix)

    def _select(self, wanted: Wanted, *, limit: int | None = None, states: bool = False) -> Selection:
        from crm_bridge.pipeline.find import find_contracts

        bridge = self._bridge
        return find_contracts(
            bridge.adapter(self.name),
            wanted.query(states=states),
            limit=limit,
            numbers=wanted.numbers,
            progress=self._progress,
            stop=self._stop,
            seen=wanted.seen,
        )

    def get(self, wanted: str) -> Contract:
        """Return the one contract with this id or number. Raises NothingMatchedError, AmbiguousContractError.

        >>> crm.get("HT-2025-0001").currency
        'EUR'
        """
        found: list[Contract] = [*self.find(ids=[wanted])] if _looks_like_id(wanted) else []
        found = found or self._by_number(wanted) or [*self.find(ids=[wanted])]
        if not found:
            raise NothingMatchedError(
                _("there is no contract {wanted} in {name}").format(wanted=wanted, name=self.name),
                hint=_("look for it with `crm-bridge find {name}`").format(name=self.name),
            )
        if len(found) > 1:
            raise AmbiguousContractError(
                _("{count} contracts have the number {wanted}").format(count=len(found), wanted=wanted),
                candidates=tuple(contract.id for contract in found),
                choices=tuple(
                    Choice(self.name, one.id, one.number, one.customer, one.start.isoformat() if one.start else "")
                    for one in found
                ),
                hint=_("name one by its id: {ids}").format(ids=", ".join(contract.id for contract in found)),
            )
        return found[0]

    def _by_number(self, wanted: str) -> list[Contract]:
        """Return the contracts with a number; none where the module has no field for it."""
        try:
            return [*self.find(where.number == wanted, limit=10)]
        except UsageError as error:
            if error.reason != "no_such_field":
                raise
            return []

    def show(self, wanted: str) -> Details:
        """Return one contract with its lines, notes, attachments and links, by id or number.

        >>> details = crm.show("HT-2025-0001")
        >>> details.deletable.support.value, len(details.snapshot.attachments)
        ('full', 2)
        """
        from crm_bridge.domain.planning.obstacles import deletability
        from crm_bridge.domain.snapshot import Unavailable

        found = self.get(wanted)
        # Where it stands takes calls of its own at some CRMs; only here somebody wants to know.
        contract = next(iter(self._select(self._wanted((), None, [found.id], None), states=True)), found)
        profile = self._bridge.profile(self.name)
        judged = deletability(contract.state, Step.TRASH, may=profile.may, why=profile.why)
        if judged.reason is not None and not judged.hint:
            judged = replace(judged, hint=self._who_keeps(contract))
        for copy in self._bridge.adapter(self.name).snapshot([contract.ref]):
            if isinstance(copy, Unavailable):
                raise NothingMatchedError(copy.message, reason=copy.reason)
            return Details(contract, copy, judged)
        raise NothingMatchedError(_("contract {id} cannot be read").format(id=contract.id))

    def _who_keeps(self, contract: Contract) -> str:
        """Return who locked a contract, or has to approve it, where the CRM tells."""
        from crm_bridge.spi.adapter import LookDepth

        try:
            observation = self._bridge.adapter(self.name).locate([contract.ref], look=LookDepth.EVERYWHERE)
        except CrmBridgeError:
            return ""
        return observation.places[contract.id].note

    def backup(self, contracts: Iterable[Contract], *, keep_days: int = KEEP_DAYS) -> Saved:
        """Save contracts (a selection of `find`, usually) into the vault without deleting them; verified, journaled.

        Raises NothingMatchedError, BackupError.

        >>> saved = crm.backup(crm.find(where.number == "HT-2025-0001"), keep_days=30)
        >>> saved.count, saved.unsaved
        (1, ())
        """
        from crm_bridge.pipeline.deleting.saving import save_contracts

        return save_contracts(self.context, contracts, keep_days=keep_days)

    def journal_export(self, *, form: str, count: int) -> None:
        """Journal that contracts were written to a file for people."""
        from crm_bridge.pipeline.deleting.saving import journal_export

        journal_export(self.context, form=form, count=count)

    def plan(
        self,
        *filters: Filter | str,
        words: str | None = None,
        contracts: Iterable[Contract] | None = None,
        ids: Iterable[str] | None = None,
        number: str | None = None,
        numbers: Iterable[str] | None = None,
        reason: str = "",
        step: Step = Step.TRASH,
        automations: bool = False,
        fast: bool = False,
        output: Path | None = None,
        force: bool = False,
        undecided: Literal["refuse", "leave_out"] = "refuse",
        **caps: Unpack[RaisedCaps],
    ) -> Plan:
        """Make an immutable plan of everything that matches; kept at `output`, else in the state directory.

        A file that is there and no older plan is overwritten with `force` only.

        Every contract of the module is the filter "everything". A plan that exceeds a cap of the connection's policy
        is made, says so in `Plan.notes.refusals`, and is not carried out; `caps` sets caps for this plan alone.
        Contracts that the policy protects are left out and named in `Plan.notes.protected`. Raises UsageError.

        Contracts that the filter cannot judge, because the CRM does not tell what it compares, are never planned:
        GuardError (reason `undecided`) while there are any, or with `leave_out` a plan that says how many. A number
        of `numbers` that several live contracts have raises AmbiguousContractError: none of them is chosen.

        `contracts` are some that `find`, a plan or a run gave: the plan is bound to them as they were then, and what
        was changed since is named in `Plan.notes.warnings` and left alone.

        >>> plan = crm.plan(where.number.starts_with("HT-2025-000"), reason="duplicate import")
        >>> len(plan), plan.notes.warnings
        (3, ())
        >>> chosen = [contract for contract in crm.find("everything") if contract.currency == "EUR"]
        >>> len(crm.plan(contracts=chosen)) == len(chosen)
        True
        """
        from crm_bridge.bridge.results import Plan
        from crm_bridge.pipeline.planning.plan import PlanOptions, make_plan

        if undecided not in ("refuse", "leave_out"):
            raise UsageError(_("undecided takes refuse or leave_out, not {value}").format(value=undecided))
        chosen = (*filters, where.number == number) if number is not None else filters
        if not chosen and all(one is None for one in (words, ids, numbers, contracts)):
            raise UsageError(
                _("say which contracts: by a filter, words, a number or ids"),
                reason="no_selection",
                hint=_("every contract of the module is the filter `everything`"),
            )
        check_text(reason)
        wanted = self._wanted(chosen, words, ids, numbers).narrowed(contracts)
        selection = self._select(wanted, states=True)
        options = PlanOptions(
            step,
            automations,
            fast,
            reason,
            wanted.text(),
            leave_out_undecided=undecided == "leave_out",
            caps=self._bridge.rules(self.name).caps.raised(**caps),
            force=force,
        )
        return Plan(make_plan(self.context, selection, options, output))

    def rehearse(self, plan: Plan, stage: Stage | None = None) -> Rehearsal:
        """Restore contracts of a plan into a stand-in and compare; `stage` builds it (default: the adapter's own).

        Differences worse than the plan's forecast close the gate: `apply` raises BackupError for this plan then.

        >>> crm.rehearse(crm.plan(number="HT-2025-0001")).result
        'passed'
        """
        from crm_bridge.pipeline.restoring.rehearsal import rehearse

        return rehearse(self.context, plan.file, stage or self._stage())

    def leave_out_rehearsal(self, plan: Plan) -> None:
        """Journal that a plan is not to be rehearsed: its run does not do it either, whatever its size."""
        from crm_bridge.pipeline.restoring.rehearsal import leave_out

        leave_out(self.context, plan.file)

    def _stage(self) -> Stage:
        # A server and a whole stand-in are not loaded where nothing is rehearsed.
        from crm_bridge.sandbox.stage import stage_for

        return stage_for(self._bridge.resolved(self.name).spec)

    def apply(self, plan: Plan | Path | str, *, confirm: Confirm) -> Run:
        """Carry out a confirmed plan: back up, delete, verify, receipt. The unfinished run of a plan is taken up.

        Raises ConfirmationError, GuardError, BackupError, JournalError and whatever stops the sign-in; nothing was
        sent then.
        What happened to each contract after that is in the run, and `Run.halted` says why it stopped early.

        >>> plan = crm.plan(number=numbers[0], reason="duplicate import")
        >>> crm.apply(plan, confirm=plan.digest).counts
        Counter({<Outcome.REMOVED: 'removed'>: 1})
        >>> crm.apply(crm.plan(number=numbers[1]), confirm=lambda plan: plan.phrase).exit_code
        <ExitCode.OK: 0>
        """
        from crm_bridge.bridge.results import Plan
        from crm_bridge.domain.planning.plan import confirm_plan
        from crm_bridge.domain.planning.safety import refuse
        from crm_bridge.pipeline.planning.plan import shelve_plan
        from crm_bridge.pipeline.planning.plan_file import open_plan
        from crm_bridge.pipeline.planning.policing import refuse_lacks
        from crm_bridge.pipeline.restoring.rehearsal import check_rehearsed
        from crm_bridge.pipeline.runs import run_of_plan

        path, digest = (plan.path, plan.digest) if isinstance(plan, Plan) else (Path(plan), None)
        file = open_plan(path, journal=self.context.journal, digest=digest)
        refuse(file.plan.notes.refusals)
        self._check_tenant(file)
        self._refuse_stale(file)
        if run_of_plan(self.context.journal, file.plan.digest) is None:
            refuse_lacks(self.context, file.plan)
        word = confirm(Plan(file)) if callable(confirm) else confirm
        check_rehearsed(self.context.journal, file.plan.digest)
        confirmed = confirm_plan(file.plan, word, now=moment_of(self.context.clock), by=self.context.actor)
        shelve_plan(self.context.plans, file, self.context.journal)
        return self._carry_out(confirmed, file)

    def _refuse_stale(self, file: PlanFile) -> None:
        """Refuse a plan that is past its time, or was made under another policy.

        What an unfinished run of it left open is settled by looking first.
        """
        from crm_bridge.domain.planning.plan import check_fresh
        from crm_bridge.pipeline.planning.policing import refuse_policy
        from crm_bridge.pipeline.runs import run_of_plan

        try:
            refuse_policy(self.context, file.plan)
            check_fresh(file.plan, now=moment_of(self.context.clock))
        except (ConfirmationError, GuardError):
            known = run_of_plan(self.context.journal, file.plan.digest)
            if known is not None and not known.complete:
                self.reconcile(known.id)
            raise

    def delete(self, wanted: str, *, confirm: Confirm, reason: str = "", step: Step = Step.TRASH) -> Run:
        """Delete one contract by id or number. A digest confirms the plan that was shown for it before.

        >>> crm.delete(numbers[2], confirm=lambda plan: plan.phrase, reason="entered twice").counts
        Counter({<Outcome.REMOVED: 'removed'>: 1})
        """
        if not callable(confirm):
            return self.apply(self._plan_by_digest(confirm, wanted), confirm=confirm)
        contract = self.get(wanted)
        return self.apply(self.plan(ids=[contract.id], reason=reason, step=step), confirm=confirm)

    def _plan_by_digest(self, digest: object, wanted: str) -> Plan:
        from crm_bridge.bridge.results import Plan
        from crm_bridge.pipeline.planning.plan_file import open_plan

        named = digest.strip().lower().removeprefix("sha256:") if isinstance(digest, str) else ""
        path = self.context.plans / f"{named}.plan"
        if not _is_digest(named) or not path.exists():
            raise ConfirmationError(
                _("no plan with that digest was made here"),
                reason="wrong_confirmation",
                hint=_("run the command without --confirm to see the plan and its digest"),
            )
        plan = Plan(open_plan(path, journal=self.context.journal, digest=named))
        contracts = list(plan)
        if len(contracts) != 1 or wanted not in (contracts[0].id, contracts[0].number):
            raise ConfirmationError(
                _("that digest belongs to a plan for another contract"),
                reason="wrong_confirmation",
                hint=_("run the command without --confirm to see the plan and its digest"),
            )
        return plan

    def resume(self, run_id: str | None = None) -> Run:
        """Settle what is open in a run and go on with the same plan. A run that is done is only reported.

        >>> int(crm.resume().exit_code)
        0
        """
        from crm_bridge.domain.planning.plan import Confirmation, ConfirmedPlan
        from crm_bridge.pipeline.runs import find_run

        info = find_run(self._bridge.journal, run_id)
        if info.complete:
            return self._reported(info)
        file = self._plan_of(info)
        self._check_tenant(file)
        self._refuse_other_policy(info, file)
        said = Confirmation(info.ref.plan, self.context.clock.now(), info.confirmed_by, info.confirmed_how)
        return self._carry_out(ConfirmedPlan(file.plan, said), file)

    def _refuse_other_policy(self, info: RunInfo, file: PlanFile) -> None:
        """Refuse to go on under another policy; what is open is settled by looking first."""
        from crm_bridge.pipeline.planning.policing import refuse_policy

        try:
            refuse_policy(self.context, file.plan)
        except GuardError:
            self.reconcile(info.id)
            raise

    def verify(self, run_id: str | None = None) -> Run:
        """Look again at everything that a run removed, or that is not proven; nothing is sent that changes anything.

        >>> crm.verify(run.id).counts
        Counter({<Outcome.REMOVED: 'removed'>: 1})
        """
        from crm_bridge.domain.lifecycle import State
        from crm_bridge.pipeline.run_log import RunLog
        from crm_bridge.pipeline.runs import find_run
        from crm_bridge.pipeline.settling.reconcile import settle_open
        from crm_bridge.pipeline.settling.verify import look_again

        info = find_run(self.context.journal, run_id)
        file = self._plan_of(info)
        self._check_tenant(file)
        with self._working(info):
            log = RunLog(self.context, info.ref)
            settle_open(log, file.targets())
            look_again(log, file.targets(), also=(State.VERIFIED,))
        return self._run(info, file)

    def reconcile(self, run_id: str | None = None) -> Run:
        """Settle what is in doubt in a run by looking; nothing is sent that changes anything.

        >>> crm.reconcile(run.id).counts
        Counter({<Outcome.REMOVED: 'removed'>: 1})
        """
        from crm_bridge.pipeline.run_log import RunLog
        from crm_bridge.pipeline.runs import find_run
        from crm_bridge.pipeline.settling.reconcile import settle_open

        info = find_run(self.context.journal, run_id)
        file = self._plan_of(info)
        self._check_tenant(file)
        with self._working(info):
            settle_open(RunLog(self.context, info.ref), file.targets())
        return self._run(info, file)

    def deletions(self, since: datetime | None = None) -> DeletionAudit:
        """Compare what the CRM lists as deleted since a moment (default: the journal's first entry) with the journal.

        Nothing is changed. Raises NotAvailableError, PermissionDeniedError.

        >>> len(list(crm.deletions())) > 0
        True
        """
        from crm_bridge.pipeline.settling.audit import DeletionAudit

        return DeletionAudit(self.context, since)

    @overload
    def restore(
        self,
        run_id: str | None = None,
        *,
        ids: Iterable[str] | None = None,
        last: bool = False,
        dry_run: Literal[False] = False,
        owner: str | None = None,
    ) -> list[RestoreStep]: ...

    @overload
    def restore(
        self,
        run_id: str | None = None,
        *,
        ids: Iterable[str] | None = None,
        last: bool = False,
        dry_run: Literal[True],
        owner: str | None = None,
    ) -> Iterator[RestoreStep]: ...

    def restore(
        self,
        run_id: str | None = None,
        *,
        ids: Iterable[str] | None = None,
        last: bool = False,
        dry_run: bool = False,
        owner: str | None = None,
    ) -> list[RestoreStep] | Iterator[RestoreStep]:
        """Bring back what a run removed (all of it, or some ids): the CRM's own way first, else from the vault.

        Which run is said: by its id, or with `last` or `ids` the last one. Raises UsageError otherwise. `owner` is the
        id of the CRM user who gets contracts whose own owner is not an active user any more. `dry_run` streams what
        would be done, and changes nothing.
        Raises InDoubtError when any of it is in doubt: without ids that is anything in the run.

        >>> [step.result for step in crm.restore(run.id, ids=[removed.id], dry_run=True)]
        ['planned']
        >>> [step.result for step in crm.restore(run.id, ids=[removed.id])]
        ['restored']
        """
        from crm_bridge.pipeline.restoring.restore import restore, settle_restores
        from crm_bridge.pipeline.restoring.restore_plan import check_tenant, plan_restore
        from crm_bridge.pipeline.run_log import RunLog
        from crm_bridge.pipeline.runs import find_run

        if run_id is None and ids is None and not last:
            raise UsageError(
                _("say what to bring back: a run, the last one or some ids"),
                reason="no_selection",
                hint=_("list the runs with `crm-bridge status --runs`"),
            )
        info = find_run(self.context.journal, run_id)
        check_tenant(self.context, info)
        wanted = None if ids is None else frozenset(ids)
        if dry_run:
            return self._ways_back(info, wanted)
        with self._working(info):
            log = RunLog(self.context, info.ref)
            settle_restores(log)
            return list(restore(log, list(plan_restore(log, wanted)), owner=owner))

    def _ways_back(self, info: RunInfo, ids: frozenset[str] | None) -> Iterator[RestoreStep]:
        from crm_bridge.pipeline.restoring.restore_plan import plan_restore
        from crm_bridge.pipeline.run_log import RunLog

        with ExitStack() as keeping:
            keeping.enter_context(self._working(info))
            steps = plan_restore(RunLog(self.context, info.ref), ids)
            return _while_kept(steps, keeping.pop_all())

    def relink(self, run_id: str | None = None, *, confirm: str | None = None) -> tuple[RelinkPlan, list[LinkRepair]]:
        """Plan which references of other records should point at what a run's restore brought back; set them.

        Without `confirm` nothing is sent. Raises NothingMatchedError, ConfirmationError.

        >>> try:
        ...     planned, done = crm.relink(run.id)
        ... except NothingMatchedError:
        ...     planned = None
        """
        from crm_bridge.pipeline.restoring.relink import plan_relink, relink
        from crm_bridge.pipeline.restoring.restore_plan import check_tenant
        from crm_bridge.pipeline.run_log import RunLog
        from crm_bridge.pipeline.runs import find_run

        info = find_run(self.context.journal, run_id)
        check_tenant(self.context, info)
        with self._working(info):
            log = RunLog(self.context, info.ref)
            planned = plan_relink(log)
            return planned, [] if confirm is None else relink(log, planned, confirm=confirm)

    @contextmanager
    def _working(self, info: RunInfo) -> Iterator[None]:
        """Keep other processes off a run, and changes off its connection, while the block runs."""
        from crm_bridge.files import hold

        what = _("run {id}").format(id=info.id)
        with (
            hold(self.context.locks / f"plan-{info.ref.plan[:32]}.lock", what=what),
            self._bridge.keep_connection(self.name, what=what),
        ):
            yield

    def _carry_out(self, confirmed: ConfirmedPlan, file: PlanFile) -> Run:
        from crm_bridge.bridge.waiting import wait_for_others

        bridge = self._bridge
        return wait_for_others(
            lambda: self._carry_out_now(confirmed, file), seconds=bridge.wait_seconds, warn=bridge.warn
        )

    def _carry_out_now(self, confirmed: ConfirmedPlan, file: PlanFile) -> Run:
        from crm_bridge.bridge.kept import rollback_warning
        from crm_bridge.files import hold
        from crm_bridge.pipeline.deleting.backup import back_up
        from crm_bridge.pipeline.deleting.delete import delete
        from crm_bridge.pipeline.restoring.rehearsal import is_due, rehearse_backup
        from crm_bridge.pipeline.run_log import RunLog, steps_of
        from crm_bridge.pipeline.runs import begin_run, end_run, find_run, lease_targets, run_for
        from crm_bridge.pipeline.settling.audit import deleted_meanwhile
        from crm_bridge.pipeline.settling.doubt import refuse_doubtful
        from crm_bridge.pipeline.settling.verify import verify

        context = self.context
        if not context.journal.rollback_is_detected:
            self._bridge.warn(rollback_warning())
        plan_lock = hold(
            context.locks / f"plan-{file.plan.digest[:32]}.lock",
            what=_("plan {digest}").format(digest=file.plan.digest[:12]),
        )
        with plan_lock, ExitStack() as keeping:
            run, new = run_for(context, confirmed)
            keeping.enter_context(self._bridge.keep_connection(self.name, what=_("run {id}").format(id=run.id)))
            lease_targets(context, run, file)
            try:
                refuse_doubtful(context, file.targets(), but=run.id)
                if new:
                    begin_run(context, confirmed, run)
                backed_up = back_up(confirmed, file, log=RunLog(context, run))
                if is_due(context.journal, file, above=context.rules.rehearse_above):
                    rehearse_backup(backed_up.log, file, self._stage())
                for step in steps_of(file.plan):
                    verified = verify(delete(backed_up, step=step))
                    if verified.run.halted:
                        break
                halted = verified.run.halted
                reason = halted.reason if isinstance(halted, CrmBridgeError) else ""
                outside = None if halted else deleted_meanwhile(backed_up.log, file)
                end_run(backed_up.log, file.plan, file, halted=reason, outside=outside)
            finally:
                with failpoints.step("release"):
                    context.journal.release(run.id)
            with failpoints.step("pin"):
                context.journal.pin()
        info = find_run(context.journal, run.id)
        made = self._run(info, file, halted if isinstance(halted, CrmBridgeError) else None)
        try:
            made.receipt()
        except OSError as problem:
            # The run is over: what became of it is told, whatever its receipt is written on.
            told = _("the receipt of run {run} could not be written: {why}; issue it with `crm-bridge receipt issue`")
            self._bridge.warn(told.format(run=run.id, why=problem.strerror or type(problem).__name__))
        return made

    def _reported(self, info: RunInfo) -> Run:
        """Return what became of a run that is done; nothing is sent, not even a sign-in."""
        run = self._run(info)
        run.receipt()  # a process that died right after the run's end left none
        return run

    def _run(self, info: RunInfo, file: PlanFile | None = None, halted: CrmBridgeError | None = None) -> Run:
        from crm_bridge.bridge.run_reading import read_run

        return read_run(self._bridge, info, file=file, halted=halted, restore=lambda: self.restore(info.id))

    def _plan_of(self, info: RunInfo) -> PlanFile:
        from crm_bridge.pipeline.planning.plan_file import open_plan

        digest = info.ref.plan
        return open_plan(self.context.plans / f"{digest}.plan", journal=self.context.journal, digest=digest)

    def _check_tenant(self, file: PlanFile) -> None:
        head, profile = file.plan.head, self.context.profile
        if (head.connection, head.org, head.module) != (self.name, profile.org_id, profile.module):
            raise ConfirmationError(
                _("the plan was made for {connection}, organisation {org}, module {module}").format(
                    connection=head.connection, org=head.org, module=head.module
                ),
                reason="other_tenant",
                hint=_("use that connection, or plan again here"),
            )


def _while_kept(steps: Iterator[RestoreStep], keeping: ExitStack) -> Iterator[RestoreStep]:
    """Yield the steps, and let go of what is kept off other processes at their end."""
    with keeping:
        yield from steps


def _looks_like_id(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) >= 15


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST and set(text) <= set("0123456789abcdef")
