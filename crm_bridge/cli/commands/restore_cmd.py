"""`restore`: bring contracts back, and point references at them again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, format_option, open_bridge, shared, suggested
from crm_bridge.cli.terminal.completion import complete_connection, complete_run
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.streams import forgive_output
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.cli.views.restore_view import RestoreTotals
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.pipeline.runs import RunInfo


@command("restore")
@click.argument("first", metavar="[CONNECTION]", required=False, shell_complete=complete_connection)
@click.argument("second", metavar="[CONTRACT|RUN|RECEIPT]", required=False, shell_complete=complete_run)
@click.option("--last", is_flag=True, help="The last run, of CONNECTION if that is given.")
@click.option("--owner", metavar="USER", default=None, help="Id of the CRM user who gets contracts of people who left.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option("--relink", is_flag=True, help="Show which references should point at what came back.")
@click.option("--confirm", "digest", default=None, help="With --relink: digest of the references that you saw.")
@format_option
def restore(
    first: str | None,
    second: str | None,
    last: bool,
    owner: str | None,
    dry_run: bool,
    relink: bool,
    digest: str | None,
    form: str,
) -> int:
    """Bring back one CONTRACT (id or number), or all that RUN (or the run of a RECEIPT file) removed."""
    from crm_bridge.cli.restore_choice import meant

    if digest and not relink:
        raise UsageError(_("--confirm belongs to --relink; a restore deletes nothing and needs no confirmation"))
    with open_bridge() as bridge:
        info, ids = meant(bridge, first, second, last=last)
        if relink:
            return _relink(bridge, info, None if dry_run else digest, form)
        crm = bridge.connect(info.ref.connection)
        if dry_run:
            return _report(info.id, crm.restore(info.id, ids=ids, dry_run=True), form, dry_run=True)
        steps = crm.restore(info.id, ids=ids, owner=owner)
    forgive_output()
    return _report(info.id, iter(steps), form, dry_run=False)


def _report(run_id: str, steps: Iterator[RestoreStep], form: str, *, dry_run: bool) -> int:
    from crm_bridge.cli.views.restore_view import RestoreTotals, step_json
    from crm_bridge.cli.views.run_view import restore_line, restore_table

    if not (first := list(islice(steps, 2))):
        raise NothingMatchedError(_("run {run} removed nothing that could come back").format(run=run_id))
    totals = RestoreTotals()
    counted = totals.counting(chain(first, steps))
    out = Output(as_json=shared().as_json)
    if out.as_json:
        value = {
            "run_id": run_id,
            "dry_run": dry_run,
            "outcomes": (step_json(step) for step in counted),
            "measured": totals.as_json,
        }
        out.document("crm-bridge.restore/1", value)
    elif form != "table":
        restore_table(counted, form=form)
        out.note(totals.summary())
        _say_next(out, run_id, totals, dry_run=dry_run)
    else:
        if len(first) == 1:
            out.text(restore_line(next(counted)))
            totals.show(out, summary=next(counted, None) is not None)
        else:
            restore_table(counted)
            totals.show(out)
        _say_next(out, run_id, totals, dry_run=dry_run)
    for text in totals.remarks():
        out.note(text)
    return totals.exit_code


def _say_next(out: Output, run_id: str, totals: RestoreTotals, *, dry_run: bool) -> None:
    if dry_run and totals.planned:
        out.note(_("nothing was changed; to bring them back: {command}").format(command=suggested("restore", run_id)))
    elif dry_run:
        out.note(_("nothing was changed, and there is nothing to bring back"))
    if totals.differs("inbound_links"):
        out.note(_("references of other records do not point at them yet; see: {command}").format(
            command=suggested("restore", run_id, "--relink")
        ))  # fmt: skip


def _relink(bridge: Bridge, info: RunInfo, digest: str | None, form: str) -> int:
    from crm_bridge.cli.views.restore_view import relink_json, relink_table

    out = Output(as_json=shared().as_json)
    plan, done = bridge.connect(info.ref.connection).relink(info.id, confirm=digest)
    if done:
        forgive_output()
    if out.as_json:
        out.document("crm-bridge.relink/1", relink_json(plan, done))
    else:
        relink_table(plan, done, out, form=form)
        if not done:
            out.note(_("Nothing was sent. Set these {count} references with:").format(count=plan.count))
            out.note(f"  {suggested('restore', info.id, '--relink', '--confirm', plan.digest)}")
    return ExitCode.HELD if any(item.left for item in done) else ExitCode.OK
