"""How a plan is rehearsed at the command line: when it is, and what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.cli.terminal.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Plan
    from crm_bridge.pipeline.restoring.staging import Rehearsal


def rehearsed(bridge: Bridge, plan: Plan, *, wanted: bool | None) -> Rehearsal | None:
    """Rehearse when that is wanted; when nothing was said, for plans above the configured size."""
    crm = bridge.connect(plan.head.connection)
    if wanted is False:
        crm.leave_out_rehearsal(plan)
        return None
    if wanted is None and plan.count <= bridge.rules(plan.head.connection).rehearse_above:
        return None
    return crm.rehearse(plan)


def say_rehearsed(rehearsal: Rehearsal | None, out: Output) -> None:
    """Return what the rehearsal showed. Raises BackupError when it closes the gate."""
    from crm_bridge.pipeline.restoring.rehearsal import blocked
    from crm_bridge.pipeline.restoring.staging import BLOCKED, IMPOSSIBLE

    if rehearsal is None:
        return
    if rehearsal.result == IMPOSSIBLE:
        out.note(_("not rehearsed: the stand-in cannot take over this module, or none of the contracts drawn"))
    else:
        _say_compared(rehearsal, out)
    if rehearsal.not_covered:
        out.note(_("not rehearsed: {names}").format(names=", ".join(rehearsal.not_covered)))
    if rehearsal.result == BLOCKED:
        raise blocked(rehearsal.blocking)


def _say_compared(rehearsal: Rehearsal, out: Output) -> None:
    told = _("rehearsed in a stand-in: {contracts} of {planned}")
    if rehearsal.bound:
        told += _("; at most {bound} % come back worse (95 % certain)")
    if rehearsal.files_equal < rehearsal.files:
        told += _("; {equal} of {files} files equal")
    out.note(
        told.format(
            contracts=rehearsal.contracts,
            planned=rehearsal.planned,
            bound=rehearsal.bound,
            equal=rehearsal.files_equal,
            files=rehearsal.files,
        )
    )
