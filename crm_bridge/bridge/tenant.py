"""The tenant behind a connection: context, lock and checks that every verb needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from crm_bridge.errors import ConfirmationError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.pipeline.context import RunContext
    from crm_bridge.pipeline.planning.plan_file import PlanFile
    from crm_bridge.pipeline.restoring.staging import Stage
    from crm_bridge.pipeline.runs import RunInfo
    from crm_bridge.pipeline.stopping import Progress, StopFlag
    from crm_bridge.spi.adapter import Profile


class Tenant:
    """One tenant of one CRM, signed in to at the first call that needs it."""

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

    def renew(self) -> None:
        """Make the context anew at its next use: what is known of the tenant has changed."""
        self.__dict__.pop("context", None)

    def profile(self) -> Profile:
        """Return who is signed in, where, and what may be done there.

        >>> crm.profile().module, crm.profile().environment
        ('Contracts', 'sandbox')
        """
        return self._bridge.profile(self.name)

    def _stage(self) -> Stage:
        # A server and a whole stand-in are not loaded where nothing is rehearsed.
        from crm_bridge.sandbox.stage import stage_for

        return stage_for(self._bridge.resolved(self.name).spec)

    def _kept(self, run_id: str) -> AbstractContextManager[None]:
        """Keep changes off the connection while a run works on it."""
        return self._bridge.keep_connection(self.name, what=_("run {id}").format(id=run_id))

    @contextmanager
    def _working(self, info: RunInfo) -> Iterator[None]:
        """Keep other processes off a run, and changes off its connection, while the block runs."""
        what = _("run {id}").format(id=info.id)
        with self.context.exclusive(info.ref.plan, what=what), self._kept(info.id):
            yield

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
