"""Runs, as verbs of a connection: apply a plan, resume, verify, settle doubt, audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from crm_bridge.bridge.restore_verbs import RestoreVerbs
from crm_bridge.clock import moment_of
from crm_bridge.errors import ConfirmationError, CrmBridgeError, GuardError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.plan_result import Plan
    from crm_bridge.bridge.run_result import Run
    from crm_bridge.domain.planning.confirmation import ConfirmedPlan
    from crm_bridge.pipeline.planning.plan_file import PlanFile
    from crm_bridge.pipeline.runs import RunInfo
    from crm_bridge.pipeline.settling.audit import DeletionAudit
    from crm_bridge.pipeline.settling.impact import MeasuredEdge
    from crm_bridge.pipeline.settling.watch import WatchReport

Confirm: TypeAlias = "str | Callable[[Plan], str]"
"""The plan's digest, its phrase, or something that shows the plan to a person and returns what was typed."""


class RunVerbs(RestoreVerbs):
    """Verbs that carry a plan out, or look at what became of it."""

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
        from crm_bridge.bridge.plan_result import Plan
        from crm_bridge.domain.planning.confirmation import confirm_plan
        from crm_bridge.domain.planning.safety import refuse
        from crm_bridge.pipeline.planning.announcing import check_announced
        from crm_bridge.pipeline.planning.approving import check_approvals
        from crm_bridge.pipeline.planning.plan_file import open_plan
        from crm_bridge.pipeline.planning.policing import refuse_lacks
        from crm_bridge.pipeline.restoring.rehearsal import check_rehearsed
        from crm_bridge.pipeline.runs import run_of_plan

        file = plan.file if isinstance(plan, Plan) else open_plan(Path(plan), journal=self.context.journal)
        file.check_ours(self.context.journal)
        refuse(file.plan.notes.refusals)
        self._check_tenant(file)
        self._refuse_stale(file)
        if run_of_plan(self.context.journal, file.plan.digest) is None:
            check_approvals(self.context, file)
            refuse_lacks(self.context, file.plan)
        word = confirm(Plan(file)) if callable(confirm) else confirm
        check_rehearsed(self.context.journal, file.plan.digest)
        check_announced(self.context.journal, file.plan.digest, self.context.clock.now())
        confirmed = confirm_plan(file.plan, word, now=moment_of(self.context.clock), by=self.context.actor)
        return self._carry_out(confirmed, file.shelve(self.context.plans))

    def _refuse_stale(self, file: PlanFile) -> None:
        """Refuse a plan that is past its time, or was made under another policy.

        What an unfinished run of it left open is settled by looking first.
        """
        from crm_bridge.domain.planning.confirmation import check_fresh
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

    def resume(self, run_id: str | None = None) -> Run:
        """Settle what is open in a run and go on with the same plan. A run that is done is only reported.

        >>> int(crm.resume().exit_code)
        0
        """
        from crm_bridge.domain.planning.confirmation import Confirmation, ConfirmedPlan
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
        return self._settle(run_id, look=True)

    def impact(self, run_id: str | None = None) -> tuple[MeasuredEdge, ...]:
        """Count again what hangs on the contracts that a run removed, where the plan counted it exactly; some calls.

        >>> [(edge.edge.count, edge.left, edge.agrees) for edge in crm.impact(run.id)]
        [(3, 0, True)]
        """
        from crm_bridge.domain.lifecycle import State
        from crm_bridge.pipeline.run_log import RunLog
        from crm_bridge.pipeline.runs import find_run
        from crm_bridge.pipeline.settling.impact import measured

        info = find_run(self.context.journal, run_id)
        file, log = self._plan_of(info), RunLog(self.context, info.ref)
        gone = [one.ref.id for one in file.targets() if log.status(one.ref.id).state is State.VERIFIED]
        return tuple(measured(self.context, file.plan.notes.along.edges, gone))

    def reconcile(self, run_id: str | None = None) -> Run:
        """Settle what is in doubt in a run by looking; nothing is sent that changes anything.

        >>> crm.reconcile(run.id).counts
        Counter({<Outcome.REMOVED: 'removed'>: 1})
        """
        return self._settle(run_id, look=False)

    def _settle(self, run_id: str | None, *, look: bool) -> Run:
        """Settle what is in doubt, then `look` again at everything else."""
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
            if look:
                look_again(log, file.targets(), also=(State.VERIFIED,))
        return self._run(info, file, log.statuses)

    def watch(self, run_id: str, point: str = "now") -> WatchReport:
        """Verify a run again, then look whether what it removed came back under another id; what is found is journaled.

        `point` names the look, such as `7d`. Nothing is changed in the CRM.

        >>> crm.watch(run.id).found
        ()
        """
        from crm_bridge.pipeline.runs import find_run
        from crm_bridge.pipeline.settling.watch import watch

        self.verify(run_id)
        info = find_run(self.context.journal, run_id)
        return watch(self.context, info, list(self._plan_of(info).targets()), point)

    def deletions(self, since: datetime | None = None) -> DeletionAudit:
        """Compare what the CRM lists as deleted since a moment (default: the journal's first entry) with the journal.

        Nothing is changed. Raises NotAvailableError, PermissionDeniedError.

        >>> len(list(crm.deletions())) > 0
        True
        """
        from crm_bridge.pipeline.settling.audit import DeletionAudit

        return DeletionAudit(self.context, since)

    def _carry_out(self, confirmed: ConfirmedPlan, file: PlanFile) -> Run:
        from crm_bridge.bridge.setup.kept import rollback_warning
        from crm_bridge.bridge.waiting import wait_for_others

        if not self.context.journal.rollback_is_detected:
            self._bridge.warn(rollback_warning())
        made = wait_for_others(
            lambda: self._carry_out_now(confirmed, file), seconds=self._bridge.wait_seconds, warn=self._bridge.warn
        )
        try:
            made.receipt()
        except OSError as problem:
            # The run is over: what became of it is told, whatever its receipt is written on.
            told = _("the receipt of run {run} could not be written: {why}; issue it with `crm-bridge receipt issue`")
            self._bridge.warn(told.format(run=made.id, why=problem.strerror or type(problem).__name__))
        return made

    def _carry_out_now(self, confirmed: ConfirmedPlan, file: PlanFile) -> Run:
        from crm_bridge.pipeline.deleting.backup import back_up
        from crm_bridge.pipeline.deleting.delete import delete
        from crm_bridge.pipeline.open_run import open_run
        from crm_bridge.pipeline.restoring.rehearsal import rehearse_when_due
        from crm_bridge.pipeline.run_log import steps_of
        from crm_bridge.pipeline.runs import end_run, find_run
        from crm_bridge.pipeline.settling.audit import with_audit
        from crm_bridge.pipeline.settling.verify import verify

        with open_run(self.context, confirmed, file, keep=self._kept) as log:
            backed_up = back_up(confirmed, file, log=log)
            rehearse_when_due(backed_up, self._stage)
            for step in steps_of(file.plan):
                verified = verify(delete(backed_up, step=step))
                if verified.halted:
                    break
            verified, outside = with_audit(verified)
            end_run(verified, outside=outside)
        halted = verified.halted if isinstance(verified.halted, CrmBridgeError) else None
        return self._run(find_run(self.context.journal, log.run.id), file, log.statuses, halted)

    def _reported(self, info: RunInfo) -> Run:
        """Return what became of a run that is done; nothing is sent, not even a sign-in."""
        run = self._run(info)
        run.receipt()  # a process that died right after the run's end left none
        return run
