"""`doctor`: everything a connection needs, one line each, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.setup.doctor import DoctorFinding


@command("doctor")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
def doctor(name: str) -> int:
    """Check everything that CONNECTION needs before contracts are deleted; changes nothing in the CRM.

    Ends with 0 when nothing is a problem, else with the exit code of the worst one.
    """
    from crm_bridge.bridge.setup.doctor import problem

    try:
        with open_bridge() as bridge:
            found = bridge.doctor(name)
    except CrmBridgeError as refused:
        found = [problem("home", refused)]
    _print(name, found)
    return max(finding.exit_code for finding in found)


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
