"""`restore`: bring contracts back, and point references at them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, open_bridge, shared, suggested
from crm_bridge.cli.output import Output
from crm_bridge.cli.streams import forgive_output
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.exit_codes import OF_OUTCOME, ExitCode, weightiest
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.pipeline.restore_plan import RestoreStep
    from crm_bridge.pipeline.runs import RunInfo


@command("restore")
@click.argument("first", metavar="[CONNECTION]", required=False)
@click.argument("second", metavar="[CONTRACT|RUN|RECEIPT]", required=False)
@click.option("--last", is_flag=True, help="The last run, of CONNECTION if that is given.")
@click.option("--owner", metavar="USER", default=None, help="Id of the CRM user who gets contracts of people who left.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option("--relink", is_flag=True, help="Show which references should point at what came back.")
@click.option("--confirm", "digest", default=None, help="With --relink: digest of the references that you saw.")
def restore(
    first: str | None,
    second: str | None,
    last: bool,
    owner: str | None,
    dry_run: bool,
    relink: bool,
    digest: str | None,
) -> int:
    """Bring back one CONTRACT (id or number), or all that RUN (or the run of a RECEIPT file) removed."""
    from crm_bridge.cli.restore_choice import meant

    if digest and not relink:
        raise UsageError(_("--confirm belongs to --relink; a restore deletes nothing and needs no confirmation"))
    with open_bridge() as bridge:
        info, ids = meant(bridge, first, second, last=last)
        if relink:
            return _relink(bridge, info, None if dry_run else digest)
        steps = bridge.connect(info.ref.connection).restore(info.id, ids=ids, dry_run=dry_run, owner=owner)
        numbers = {item.contract.id: item.contract.number for item in bridge.status(info.id) if item.contract.number}
    if not steps:
        raise NothingMatchedError(_("run {run} removed nothing that could come back").format(run=info.id))
    return _report(info.id, steps, numbers, dry_run=dry_run)


def _report(run_id: str, steps: list[RestoreStep], numbers: Mapping[str, str], *, dry_run: bool) -> int:
    from crm_bridge.cli.restore_view import (
        measured_card,
        step_json,
        summary_json,
        summary_text,
        twin_warnings,
        warnings_of,
    )
    from crm_bridge.cli.run_view import restore_table

    if not dry_run:
        forgive_output()
    out = Output(as_json=shared().as_json)
    if out.as_json:
        value = {
            "run_id": run_id,
            "dry_run": dry_run,
            "outcomes": ({**step_json(step), "number": numbers.get(step.ref.id) or None} for step in steps),
            "measured": summary_json(steps),
        }
        out.document("crm-bridge.restore/1", value)
    else:
        restore_table(steps, numbers)
        measured_card(steps, out)
        out.text(summary_text(steps))
        _say_next(out, run_id, steps, dry_run=dry_run)
    for text in (*warnings_of(steps), *twin_warnings(steps, numbers)):
        out.note(text)
    return _exit_code(out, steps)


def _say_next(out: Output, run_id: str, steps: list[RestoreStep], *, dry_run: bool) -> None:
    if dry_run:
        out.note(_("nothing was changed; to bring them back: {command}").format(command=suggested("restore", run_id)))
    names = {one.name for step in steps if step.measured for one in step.measured.differences}
    if "inbound_links" in names:
        out.note(_("references of other records do not point at them yet; see: {command}").format(
            command=suggested("restore", run_id, "--relink")
        ))  # fmt: skip


def _exit_code(out: Output, steps: list[RestoreStep]) -> ExitCode:
    code = weightiest(OF_OUTCOME[step.result] for step in steps)
    if code is not ExitCode.OK:
        return code
    unread = sum(step.result == "restored" and step.measured is None for step in steps)
    if unread:
        out.note(_("{count} contracts are back, and could not be compared with their backup").format(count=unread))
    # Worse than promised is a claim that does not hold: a program must not take it for success.
    surprised = any(step.measured and step.measured.surprises for step in steps)
    return ExitCode.IN_DOUBT if surprised else ExitCode.OK


def _relink(bridge: Bridge, info: RunInfo, digest: str | None) -> int:
    from crm_bridge.cli.restore_view import relink_json, relink_table

    out = Output(as_json=shared().as_json)
    plan, done = bridge.connect(info.ref.connection).relink(info.id, confirm=digest)
    if done:
        forgive_output()
    if out.as_json:
        out.document("crm-bridge.relink/1", relink_json(plan, done))
    else:
        relink_table(plan, done, out)
        if not done:
            out.note(_("Nothing was sent. Set these {count} references with:").format(count=plan.count))
            out.note(f"  {suggested('restore', info.id, '--relink', '--confirm', plan.digest)}")
    return ExitCode.HELD if any(item.left for item in done) else ExitCode.OK
