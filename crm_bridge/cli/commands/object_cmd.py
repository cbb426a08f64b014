"""`object`: say that a contract of an announced plan is to stay; in time, it goes to the hold list."""

from __future__ import annotations

from pathlib import Path

import click

from crm_bridge.cli.options import command, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_plan
from crm_bridge.cli.terminal.output import Output
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

OBJECTION = "crm-bridge.objection/1"


@command("object")
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_plan)
@click.argument("contract")
@click.option("--reason", required=True, help="Why it is to stay.")
@click.option("--by", default=None, help="Who objects (default: the user of this machine).")
def object_(file: Path, contract: str, reason: str, by: str | None) -> int:
    """Object to CONTRACT (id or number) of the announced plan in FILE: in time, it goes to the policy's hold list.

    Ends with 3 when the deadline has passed: that is said and journaled, and holds nothing.
    """
    from crm_bridge.bridge.announcements import object_to
    from crm_bridge.bridge.setup.actor import os_user

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        made = object_to(bridge, bridge.open_plan(file), contract, reason=reason, by=by or os_user())
    deadline = made.deadline.isoformat(timespec="minutes")
    if out.as_json:
        facts = {"id": made.record_id, "number": made.number, "held": not made.late, "deadline": deadline}
        out.document(OBJECTION, facts)
    elif made.late:
        out.text(_("too late: people could object until {time}; nothing is held").format(time=deadline))
    else:
        out.text(_("{contract} is on the hold list; a new plan leaves it out").format(contract=contract))
    return ExitCode.HELD if made.late else ExitCode.OK
