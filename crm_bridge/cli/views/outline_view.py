"""How a plan of another installation looks to a reader without its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.cli.options import shared
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import key
from crm_bridge.domain.money import counted
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.pipeline.planning.plan_sharing import PlanOutline


def show_outline(plan: PlanOutline, *, every: bool) -> int:
    """Print what stands in clear, and that the plan can be neither checked nor carried out here."""
    head, out = plan.head, Output(as_json=shared().as_json)
    clear = {name: str(head.get(name)) for name in ("connection", "step", "rule", "origin", "made_at", "expires_at")}
    if out.as_json:
        out.document(
            "crm-bridge.plan-outline/1", {**clear, "digest": plan.digest, "count": plan.count, "ids": list(plan.ids)}
        )
    else:
        out.pairs(
            [
                (_("where"), clear["connection"]),
                (_("what"), counted(plan.count, {})),
                (_("step"), clear["step"]),
                (_("rule, without its values"), clear["rule"]),
                (_("made"), clear["made_at"]),
                (_("valid until"), clear["expires_at"]),
                (_("digest"), plan.digest),
            ]
        )
        if every:
            out.table((key(_("id")),), ([one] for one in plan.ids))
    out.note(_("This plan was made by another installation: it cannot be checked or carried out here."))
    out.note(
        _("To read it, send its author the age1... of `crm-bridge keys show`; the author uses `crm-bridge plan share`.")
    )
    return ExitCode.OK
