"""How a plan is rehearsed at the command line: when it is, and what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.cli.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Plan
    from crm_bridge.pipeline.rehearsal import Rehearsal


def rehearsed(bridge: Bridge, plan: Plan, *, wanted: bool | None) -> Rehearsal | None:
    """Rehearse when that is wanted; when nothing was said, for plans above the configured size."""
    if wanted is False or (wanted is None and plan.count <= bridge.around.config.rehearse_above):
        return None
    from crm_bridge.testing.stage import stage_for

    name = plan.head.connection
    return bridge.connect(name).rehearse(plan, stage_for(bridge.resolved(name).spec))


def say_rehearsed(found: Rehearsal | None, out: Output) -> None:
    """Say what the rehearsal showed. Raises BackupError when it closes the gate."""
    from crm_bridge.pipeline.rehearsal import BLOCKED, IMPOSSIBLE, blocked

    if found is None:
        return
    if found.result == IMPOSSIBLE:
        out.note(_("not rehearsed: this adapter's stand-in cannot take over the live schema"))
        return
    out.note(
        _(
            "rehearsed: {contracts} contracts created again in a stand-in; {fields} fields, {rows} rows compared, "
            "{equal} of {files} files equal"
        ).format(
            contracts=found.contracts,
            fields=found.fields,
            rows=found.rows,
            equal=found.files_equal,
            files=found.files,
        )
    )
    if found.not_covered:
        out.note(_("the rehearsal says nothing about: {names}").format(names=", ".join(found.not_covered)))
    if found.result == BLOCKED:
        raise blocked(found.blocking)
