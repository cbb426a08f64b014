"""`doctor`: everything a connection needs, one line each, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.setup.doctor import DoctorFinding


@command("doctor")
@click.argument("name", metavar="[CONNECTION]", required=False, shell_complete=complete_connection)
def doctor(name: str | None) -> int:
    """Check everything that CONNECTION (default: the only one) needs before contracts are deleted.

    Changes nothing in the CRM.

    Ends with 0 when nothing is a problem, else with the exit code of the worst one.
    """
    from crm_bridge.bridge.setup.doctor import problem

    try:
        with open_bridge() as bridge:
            names = [name] if name else [one.config.name for one in bridge.connections()]
            findings = bridge.doctor(names[0]) if len(names) == 1 else []
    except CrmBridgeError as refused:
        names, findings = [name or ""], [problem("home", refused)]
    if not findings:
        raise UsageError(
            _("say which connection"),
            reason="no_selection",
            hint=", ".join(names) or _("add one with `crm-bridge connections add`"),
        )
    _print(names[0], findings)
    return max(finding.exit_code for finding in findings)


def _print(name: str, found: list[DoctorFinding]) -> None:
    out = Output(as_json=shared().as_json)
    worst = max(found, key=lambda finding: finding.rank).level
    if out.as_json:
        rows = [{"check": f.check, "level": f.level, "says": f.says, "hint": f.hint} for f in found]
        out.document("crm-bridge.doctor/1", {"connection": name, "worst": worst, "checks": rows})
        return
    words = {"ok": _("ok"), "warning": _("warning"), "problem": _("problem")}
    out.table(
        (_("check"), _("result"), _("found"), _("what to do")),
        ((f.check, words[f.level], f.says, f.hint) for f in found),
    )
