"""The way back, as verbs of a connection: restore, relink."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Literal, overload

from crm_bridge.bridge.tenant import Tenant
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.run_result import Run
    from crm_bridge.columns import FactColumn
    from crm_bridge.domain.lifecycle import Status
    from crm_bridge.pipeline.planning.plan_file import PlanFile
    from crm_bridge.pipeline.restoring.relink import LinkRepair, RelinkPlan
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.pipeline.runs import RunInfo


class RestoreVerbs(Tenant):
    """Verbs that bring contracts back."""

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
        from crm_bridge.pipeline.restoring.restore import restore
        from crm_bridge.pipeline.restoring.restore_intents import settle_restores
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

    def _run(
        self,
        info: RunInfo,
        file: PlanFile | None = None,
        places: FactColumn[Status] | None = None,
        halted: CrmBridgeError | None = None,
    ) -> Run:
        from crm_bridge.bridge.run_reading import read_run

        way_back = partial(self.restore, info.id)
        return read_run(self._bridge, info, file=file, places=places, halted=halted, restore=way_back)

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


def _while_kept(steps: Iterator[RestoreStep], keeping: ExitStack) -> Iterator[RestoreStep]:
    """Yield the steps, and let go of what is kept off other processes at their end."""
    with keeping:
        yield from steps
