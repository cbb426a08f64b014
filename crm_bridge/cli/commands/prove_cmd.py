"""`prove`: facts about a real tenant instead of assumptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, force_option, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.proving.proof import Proof, ProvingPlan


@command("prove")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
@click.option("--write", is_flag=True, help="Create three contracts, take them through every step, and remove them.")
@click.option("--template", default="", metavar="CONTRACT", help="A contract to copy from, by id or number.")
@click.option("--production", is_flag=True, help="Write even where this is no sandbox.")
@click.option("--confirm", default=None, metavar="PHRASE", help="The phrase that is shown, instead of typing it.")
@click.option("--clean", is_flag=True, help="Remove what interrupted proofs created, and nothing else.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that may be handed on: .html, .md or .json; it names nothing of the tenant.",
)
@force_option
@click.option("--details", is_flag=True, help="Every fact, with the calls that showed it.")
def prove(
    name: str,
    write: bool,
    template: str,
    production: bool,
    confirm: str | None,
    clean: bool,
    report: Path | None,
    force: bool,
    details: bool,
) -> int:
    """Look into what CONNECTION's vendor does not publish, and plan with what was observed for 90 days.

    Nothing is changed in the CRM without --write.
    """
    from crm_bridge.cli.views.proof_view import proof_card
    from crm_bridge.report.proof_page import proof_json, write_proof

    if clean and write:
        raise UsageError(_("--clean and --write exclude each other"))
    with open_bridge() as bridge:
        crm = bridge.connect(name)
        if clean:
            return _cleaned(name, *crm.clean())
        agreed = (_ask if confirm is None else confirm) if write else None
        proof = crm.prove(confirm=agreed, template=template, production=production)
    if report is not None:
        write_proof(proof, report, force=force)
    if shared().as_json:
        Output(as_json=True).document("crm-bridge.proof/1", {"connection": name, **proof_json(proof)})
    else:
        proof_card(proof, details=details)
        _say_what_next(name, proof)
    return ExitCode.OK if proof.worked else ExitCode.HELD


def _ask(plan: ProvingPlan) -> str:
    """Show what is about to be created and return what was typed."""
    from crm_bridge.cli.confirming import typed
    from crm_bridge.cli.views.proof_view import proving_card

    proving_card(plan)
    return typed(plan.phrase, plan.phrase)


def _cleaned(name: str, proofs: int, left: int) -> int:
    if shared().as_json:
        told = {"connection": name, "proofs": proofs, "left": left}
        Output(as_json=True).document("crm-bridge.proof-cleaned/1", told)
    elif left:
        Output.note(_("{count} contracts of ours are left in {name}").format(count=left, name=name))
    else:
        Output.note(_("nothing of ours is left in {name}").format(name=name))
    return ExitCode.HELD if left else ExitCode.OK


def _say_what_next(name: str, proof: Proof) -> None:
    if proof.left:
        Output.note(_("remove them, once it is possible: crm-bridge prove {name} --clean").format(name=name))
    Output.note(_("plans for {name} use these facts until they are 90 days old").format(name=name))
    if not proof.steps:
        Output.note(_("the rest takes three contracts of ours: crm-bridge prove {name} --write").format(name=name))
