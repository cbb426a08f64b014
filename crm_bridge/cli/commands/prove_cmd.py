"""`prove`: facts about a real tenant instead of assumptions."""

from __future__ import annotations

import click

from crm_bridge.cli.options import command, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _


@command("prove")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
@click.option("--details", is_flag=True, help="Every fact, with the calls that showed it.")
def prove(name: str, details: bool) -> int:
    """Look into what CONNECTION's vendor does not publish, and plan with what was observed for 90 days.

    Nothing is changed in the CRM.
    """
    from crm_bridge.cli.views.proof_view import PROOF, proof_card, proof_json

    with open_bridge() as bridge:
        proof = bridge.connect(name).prove()
    if shared().as_json:
        Output(as_json=True).document(PROOF, {"connection": name, **proof_json(proof)})
    else:
        proof_card(proof, details=details)
        Output.note(_("plans for {name} use these facts until they are 90 days old").format(name=name))
    return ExitCode.OK
