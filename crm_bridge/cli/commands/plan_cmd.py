"""`plan`: decide which contracts, send nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.caps import cap_options, caps_of
from crm_bridge.cli.options import command, force_option, format_option, formats, group, open_bridge, shared
from crm_bridge.cli.selection import filters_of, lists_of, selection_options
from crm_bridge.cli.terminal.completion import complete_connection, complete_plan, complete_run
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.translated import Command, Group, translated
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from crm_bridge.bridge import Run


class PlanGroup(Group):
    """`plan CONNECTION ...` makes a plan; `plan show FILE` reads one. Options may stand anywhere."""

    # What is no shared option is left for `make`, in the order in which it was written.
    ignore_unknown_options = True

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Treat anything that is not a subcommand as the connection to plan for."""
        if args and args[0] not in self.commands:
            return "make", self.commands["make"], args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the connections to plan for, beside the subcommands."""
        connection = next(one for one in self.commands["make"].params if isinstance(one, click.Argument))
        return [*super().shell_complete(ctx, incomplete), *connection.shell_complete(ctx, incomplete)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of making a plan, which is what this command does most of the time."""
        making = self.commands["make"]
        with translated(making):
            making.format_options(click.Context(making, parent=ctx), formatter)
        self.format_commands(ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Show both forms."""
        formatter.write_usage("crm-bridge plan", "CONNECTION [OPTIONS] | show FILE | outliers FILE | share FILE")


@group("plan", cls=PlanGroup, help="Plan a deletion on CONNECTION; nothing is sent.")
def plan() -> None:
    """Plan a deletion; nothing is sent."""


class MakeCommand(Command):
    """Making a plan is what `plan` itself does: nobody is shown another name for it."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Stand in the place of the group."""
        above = parent.parent if parent else None
        return super().make_context(parent.info_name if parent else info_name, args, above, **extra)


@command("make", cls=MakeCommand, hidden=True)
@click.argument("connection", shell_complete=complete_connection)
@selection_options
@click.option(
    "--again",
    metavar="RUN",
    default=None,
    shell_complete=complete_run,
    help="What RUN held, was refused, or did not try.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Plan file to write.")
@force_option
@click.option("--reason", default="", help="Why; kept sealed with the plan.")
@click.option("--purge", is_flag=True, help="Delete for good, through the CRM's bin.")
@click.option("--automations/--no-automations", default=False, help="Let the CRM's automations run (default: off).")
@click.option("--fast", is_flag=True, help="Use the CRM's fast path; its side effects are named in the plan.")
@cap_options
@click.option("--leave-out-undecided", is_flag=True, help="Plan without the contracts that could not be judged.")
@click.option("--rehearse/--no-rehearse", default=None, help="Rehearse the restore (default: for > 50 contracts).")
@click.option("--announce", metavar="SPAN", default=None, help="Tell people; for so long (3d) they may object.")
def make(connection: str, output: Path | None, **chosen: Any) -> int:
    """Plan a deletion on CONNECTION."""
    from crm_bridge.cli.confirming import origin
    from crm_bridge.cli.rehearsing import rehearsed, say_rehearsed
    from crm_bridge.cli.views.plan_view import PLAN, plan_card, plan_json, say_next
    from crm_bridge.domain.capabilities import Step
    from crm_bridge.domain.planning.safety import refuse

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        lists = lists_of(chosen)
        if chosen["again"] is not None:
            lists["ids"] = _left_of(bridge.status(chosen["again"]), connection, lists["ids"])
        made = bridge.connect(connection).plan(
            *filters_of(chosen["where_"], chosen["number"]),
            words=chosen["words"],
            **lists,
            output=output,
            force=chosen["force"],
            reason=chosen["reason"],
            step=Step.PURGE if chosen["purge"] else Step.TRASH,
            automations=chosen["automations"],
            fast=chosen["fast"],
            **caps_of(chosen),
            origin=origin(),
            undecided="leave_out" if chosen["leave_out_undecided"] else "refuse",
        )
        broken = made.notes.refusals
        rehearsal = None if broken else rehearsed(bridge, made, wanted=chosen["rehearse"])
        if out.as_json:
            out.document(PLAN, {**plan_json(made), "rehearsal": rehearsal.as_json() if rehearsal else None})
        else:
            plan_card(made)
        refuse(broken)
        say_rehearsed(rehearsal, out)
        if chosen["announce"] is not None:
            from crm_bridge.cli.announcing import announce_plan

            return announce_plan(bridge, made, chosen["announce"])
        if not out.as_json:
            say_next(made)
    return made.exit_code


def _left_of(run: Run, connection: str, ids: list[str] | None) -> list[str]:
    """Return the contracts that a run left in the CRM; of these ids, where there are any."""
    if run.info.ref.connection != connection:
        raise UsageError(
            _("run {run} was on {connection}").format(run=run.id, connection=run.info.ref.connection),
            hint=_("plan again on that connection"),
        )
    left = [one for one in run.follow_up() if ids is None or one in ids]
    if not left:
        raise NothingMatchedError(_("run {run} left no contract to plan again").format(run=run.id))
    return left


@command("show")
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_plan)
@click.option("--all", "every", is_flag=True, help="Every contract.")
@click.option(
    "--details",
    is_flag=True,
    help="Assumptions, cost, each way back field by field; in Markdown, the card and figures.",
)
@formats("table", "json", "csv", "md", "html")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None, help="With --format html: file to write."
)
@force_option
def show(file: Path, **chosen: Any) -> int:
    """Show the plan in FILE; as a page for review with --format html."""
    from crm_bridge.cli.views.outline_view import show_outline
    from crm_bridge.cli.views.plan_view import (
        PLAN,
        plan_card,
        plan_details,
        plan_figures,
        plan_json,
        plan_table,
        write_page,
    )
    from crm_bridge.pipeline.planning.plan_sharing import PlanOutline

    out, form = Output(as_json=shared().as_json), chosen["form"]
    with open_bridge(create=False) as bridge:
        read = bridge.read_plan(file)
        if isinstance(read, PlanOutline):
            return show_outline(read, every=chosen["every"])
        if not read.file.ours:
            out.note(_("This plan was sealed for you by its author: it can be read here, and not carried out."))
        if out.as_json:
            out.document(PLAN, plan_json(read, contracts=True))
        elif form == "html":
            write_page(read, chosen["output"], force=chosen["force"])
        elif form != "table":
            if chosen["details"]:
                plan_figures(read, form)
            plan_table(read, form)
        else:
            plan_card(read)
            if chosen["details"]:
                plan_details(read)
            if chosen["every"]:
                plan_table(read)
    return 0


@command("outliers")
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_plan)
@click.option("--drop", multiple=True, metavar="WHAT", help="Leave out a rule's outliers, or one by id or number.")
@click.option("--keep", multiple=True, metavar="WHAT", help="Acknowledge a rule's outliers, or one by id or number.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Plan file to write.")
@force_option
@format_option
def outliers(file: Path, form: str, **chosen: Any) -> int:
    """List the contracts of the plan in FILE that are not like the others; with --drop or --keep, write a new plan."""
    from crm_bridge.cli.views.plan_view import PLAN, outliers_table, plan_card, plan_json

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        read = bridge.open_plan(file)
        if not chosen["drop"] and not chosen["keep"]:
            outliers_table(bridge.outliers(read), form=form)
            return 0
        if chosen["output"] is None:
            raise UsageError(_("name the file of the new plan: -o FILE"))
        given = {"drop": chosen["drop"], "keep": chosen["keep"], "force": chosen["force"]}
        made = bridge.revise_plan(read, chosen["output"], **given)
        if out.as_json:
            out.document(PLAN, plan_json(made))
        else:
            plan_card(made)
    return 0


@command("share")
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_plan)
@click.option(
    "--to", "readers", multiple=True, required=True, metavar="READER", help="age1... of a reader; repeatable."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None, help="Plan file to write (default: FILE)."
)
def share(file: Path, readers: tuple[str, ...], output: Path | None) -> int:
    """Let colleagues read the plan in FILE on their machines; its digest stays."""
    with open_bridge() as bridge:
        path = bridge.share_plan(bridge.open_plan(file), readers, output)
        Output.note(_("{path} can be sent, for {readers} to read").format(path=path, readers=", ".join(readers)))
    return 0


plan.add_command(make)
plan.add_command(show)
plan.add_command(outliers)
plan.add_command(share)
