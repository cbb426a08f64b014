"""Open the run of a plan: its lock, its leases, its first entry; let go of them on the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from crm_bridge import failpoints
from crm_bridge.domain.planning.confirmation import ConfirmedPlan
from crm_bridge.i18n import _
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.planning.approving import check_approvals
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.pipeline.runs import begin_run, lease_targets, run_for
from crm_bridge.pipeline.settling.doubt import refuse_doubtful


@contextmanager
def open_run(
    context: RunContext,
    confirmed: ConfirmedPlan,
    file: PlanFile,
    *,
    keep: Callable[[str], AbstractContextManager[None]],
) -> Iterator[RunLog]:
    """Yield the log of a plan's run, new or taken up; `keep` keeps changes off the connection for a run id.

    Other processes are kept off the plan, other runs off its contracts. Raises ConfirmationError, JournalBusyError,
    InDoubtError; nothing was sent then.
    """
    what = _("plan {digest}").format(digest=file.plan.digest[:12])
    with context.exclusive(file.plan.digest, what=what), ExitStack() as keeping:
        run, new = run_for(context, confirmed)
        keeping.enter_context(keep(run.id))
        lease_targets(context, run, file)
        try:
            refuse_doubtful(context, file.targets(), but=run.id)
            if new:
                begin_run(context, confirmed, run, check_approvals(context, file))
            try:
                yield RunLog(context, run)
            finally:
                context.journal.append(())  # what was seen last, where the run broke off
        finally:
            with failpoints.step("release"):
                context.journal.release(run.id)
        with failpoints.step("pin"):
            context.journal.pin()
