"""How a plan is rehearsed at the command line: when it is, and what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.cli.terminal.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Plan
    from crm_bridge.pipeline.restoring.rehearsal import Rehearsal


def rehearsed(bridge: Bridge, plan: Plan, *, wanted: bool | None) -> Rehearsal | None:
    """Rehearse when that is wanted; when nothing was said, for plans above the configured size."""
    crm = bridge.connect(plan.head.connection)
    if wanted is False:
        crm.leave_out_rehearsal(plan)
        return None
    if wanted is None and plan.count <= bridge.rules(plan.head.connection).rehearse_above:
        return None
    return crm.rehearse(plan)


def say_rehearsed(found: Rehearsal | None, out: Output) -> None:
    """Return what the rehearsal showed. Raises BackupError when it closes the gate."""
    from crm_bridge.pipeline.restoring.rehearsal import BLOCKED, IMPOSSIBLE, blocked

    if found is None:
        return
    if found.result == IMPOSSIBLE:
        out.note(_("not rehearsed: the stand-in cannot take over this module, or none of the contracts drawn"))
    else:
        _say_compared(found, out)
    if found.not_covered:
        out.note(_("not rehearsed: {names}").format(names=", ".join(found.not_covered)))
    if found.result == BLOCKED:
        raise blocked(found.blocking)


def _say_compared(found: Rehearsal, out: Output) -> None:
    told = _("rehearsed: {contracts} contracts created again in a stand-in; {fields} fields, {rows} rows compared")
    files = _(", {equal} of {files} files equal") if found.files else ""
    out.note(
        (told + files).format(
            contracts=found.contracts,
            fields=found.fields,
            rows=found.rows,
            equal=found.files_equal,
            files=found.files,
        )
    )
    if found.bound:
        out.note(
            _("drawn at random from {planned}: with 95 % certainty at most {bound} % of them are worse").format(
                planned=found.planned, bound=found.bound
            )
        )
