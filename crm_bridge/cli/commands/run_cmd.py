"""`apply`, `delete`, `resume`, `verify`, `status`: carry plans out, and say what became of each contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, format_option, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection, complete_plan, complete_run
from crm_bridge.cli.terminal.output import Output, report_error
from crm_bridge.cli.terminal.streams import forgive_output
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _, ngettext

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Run, RunItem

_OUTCOMES = (
    "removed",
    "already_absent",
    "held",
    "pending",
    "refused",
    "in_doubt",
    "reappeared",
    "restored",
    "waiting",
)
"""Outcomes that a contract of a run may have."""
_WAIT = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for another process that has the same contracts (default: not at all, exit 16).",
)
_VENDOR_TEXT = click.option(
    "--vendor-text", is_flag=True, help="With --json: what the CRM said itself too; such sentences may name people."
)
_NAMED = 5
"""Contracts outside a plan that are named on the screen."""
_CONFIRM = click.option("--confirm", "digest", default=None, help="Digest of the plan that you saw.")


_ALL = click.option("--all", "every", is_flag=True, help="Every contract, not only what is not removed.")


@dataclass(frozen=True, slots=True)
class Shown:
    """The part of a run that is printed."""

    every: bool = False
    outcomes: tuple[str, ...] = ()
    form: str = "table"
    vendor_text: bool = False

    def rows(self, run: Run) -> Iterator[RunItem]:
        """Yield the contracts that are listed: those with the outcomes asked for, else what is not settled."""
        if self.outcomes:
            return (item for item in run if item.outcome.value in self.outcomes)
        return iter(run if self.every else run.not_removed)


def report_run(bridge: Bridge, run: Run, shown: Shown | None = None) -> int:
    """Print a run and return its exit code."""
    from crm_bridge.cli.views.run_view import RUN, run_json, run_table
    from crm_bridge.cli.views.undo import undo_facts

    forgive_output()
    out, shown = Output(as_json=shared().as_json), shown or Shown()
    path = bridge.receipts / f"{run.id}.receipt.json"
    if out.as_json:
        where = str(path) if path.exists() else None
        document = run_json(run, replace(shown, every=True).rows(run), where, vendor_text=shown.vendor_text)
        out.document(RUN, {**document, "undo": undo_facts(bridge, run)})
    elif shown.form != "table":
        run_table(replace(shown, every=True).rows(run), form=shown.form)
    else:
        _summary(bridge, run, shown, path)
    if bridge.journal.pin_stale:
        out.note(
            _("warning: the head of the journal could not be kept in the keyring; keep the receipt somewhere else")
        )
    if run.info.outside:
        _say_outside(out, run)
    if run.halted is not None:
        report_error(run.halted, as_json=out.as_json)
    return run.exit_code


def _say_outside(out: Output, run: Run) -> None:
    """Name what was deleted with the run's CRM user while it lasted, and is not in its plan."""
    count, ids = run.info.outside or 0, run.info.outside_ids
    told = ngettext(
        "warning: {count} contract outside the plan was deleted by our user meanwhile, and no run did it: {ids}",
        "warning: {count} contracts outside the plan were deleted by our user meanwhile, and no run did it: {ids}",
        count,
    )
    out.note(told.format(count=count, ids=", ".join([*ids[:_NAMED], *(["…"] if count > _NAMED else [])])))
    out.note(_("hint: find out which program or person uses this user; the CRM's audit log tells from where"))


def _summary(bridge: Bridge, run: Run, shown: Shown, path: Path) -> None:
    """Print one line about the run, what is not settled, and the next command."""
    from crm_bridge.cli.views.run_view import counts_line, run_table
    from crm_bridge.cli.views.undo import next_steps

    Output.text(_("run {run}: {counts}").format(run=run.id, counts=counts_line(run)))
    run_table(shown.rows(run))
    if path.exists():
        Output.text(_("receipt: {path}").format(path=path))
    next_steps(bridge, run)


@command("apply")
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_plan)
@_CONFIRM
@_WAIT
@_ALL
@_VENDOR_TEXT
def apply(file: Path, digest: str | None, wait: float, every: bool, vendor_text: bool) -> int:
    """Carry out the plan in FILE; an unfinished run of it is taken up again."""
    from crm_bridge.cli.confirming import ask

    with open_bridge(wait_seconds=wait) as bridge:
        planned = bridge.open_plan(file)
        run = bridge.connect(planned.head.connection).apply(planned, confirm=digest or ask)
        return report_run(bridge, run, Shown(every, vendor_text=vendor_text))


@command("delete")
@click.argument("connection", shell_complete=complete_connection)
@click.argument("contract")
@_CONFIRM
@click.option("--reason", default="", help="Why; kept sealed with the plan.")
@click.option("--purge", is_flag=True, help="Delete for good, through the CRM's bin.")
@_WAIT
@_VENDOR_TEXT
def delete(connection: str, contract: str, digest: str | None, **chosen: Any) -> int:
    """Delete one CONTRACT (id or number) on CONNECTION."""
    from crm_bridge.cli.confirming import ask, origin
    from crm_bridge.cli.views.plan_view import PLAN, plan_json
    from crm_bridge.domain.capabilities import Step

    out = Output(as_json=shared().as_json)

    def confirm(plan: Any) -> str:
        if out.as_json:
            out.document(PLAN, plan_json(plan, contracts=True))
        return ask(plan)

    with open_bridge(wait_seconds=chosen["wait"]) as bridge:
        step = Step.PURGE if chosen["purge"] else Step.TRASH
        connected = bridge.connect(connection)
        given = {"reason": chosen["reason"], "step": step, "origin": origin()}
        run = connected.delete(contract, confirm=digest or confirm, **given)
        return report_run(bridge, run, Shown(vendor_text=chosen["vendor_text"]))


@command("resume")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@_WAIT
@_ALL
@_VENDOR_TEXT
def resume(run_id: str | None, wait: float, every: bool, vendor_text: bool) -> int:
    """Settle what is open in RUN (default: the last one) and go on with the same plan."""
    with open_bridge(wait_seconds=wait) as bridge:
        info = bridge.run(run_id)
        run = bridge.connect(info.ref.connection).resume(info.id)
        return report_run(bridge, run, Shown(every, vendor_text=vendor_text))


@command("verify")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@_ALL
@_VENDOR_TEXT
@click.option("--watch", "points", default=None, metavar="SPANS", help="Every run that is due, such as 1d,7d,30d.")
def verify(run_id: str | None, every: bool, vendor_text: bool, points: str | None) -> int:
    """Look again whether what RUN removed is gone; nothing is changed in the CRM."""
    if points is not None:
        from crm_bridge.cli.commands.watch_cmd import watch_due

        if run_id is not None:
            raise click.UsageError(_("--watch looks at every run that is due; leave RUN out"))
        return watch_due(points)
    with open_bridge() as bridge:
        info = bridge.run(run_id)
        run = bridge.connect(info.ref.connection).verify(info.id)
        return report_run(bridge, run, Shown(every, vendor_text=vendor_text))


@command("status")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option("--runs", is_flag=True, help="List every run.")
@_ALL
@click.option("--outcome", "outcomes", type=click.Choice(_OUTCOMES), multiple=True, help="Only these contracts.")
@click.option("--held", is_flag=True, help="The same as --outcome held.")
@format_option
@_VENDOR_TEXT
def status(run_id: str | None, runs: bool, held: bool, outcomes: tuple[str, ...], **chosen: Any) -> int:
    """Show where every contract of RUN (default: the last one) stands, from the journal alone."""
    with open_bridge(reading=True) as bridge:
        if runs:
            return _list_runs(bridge, chosen["form"])
        shown = Shown(outcomes=(*outcomes, *(("held",) if held else ())), **chosen)
        return report_run(bridge, bridge.status(run_id), shown)


def _list_runs(bridge: Bridge, form: str) -> int:
    from crm_bridge.cli.views.run_view import run_row, runs_table

    out = Output(as_json=shared().as_json)
    found = list(bridge.runs())
    if out.as_json:
        out.document("crm-bridge.runs/1", {"runs": [run_row(run) for run in found]})
        return 0
    if not found:
        raise CrmBridgeError(_("there is no run yet"), hint=_("make one with `crm-bridge plan` and `crm-bridge apply`"))
    runs_table(found, form=form)
    return 0
