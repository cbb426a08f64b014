"""`review`: what was deleted in a period and deserves a look; sign it off."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, force_option, open_bridge, shared, suggested
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.report.review.gather import Reviewer
    from crm_bridge.report.review.values import Review

REVIEW = "crm-bridge.review/1"


@command("review")
@click.option("--since", default=None, metavar="30d|DATE", help="Begin there; default: after the last sign-off.")
@click.option("--up-to", type=click.IntRange(min=0), default=None, metavar="ENTRY", help="End with this entry.")
@click.option("--vault", is_flag=True, help="Read every backup set again as well.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Write FILE.html, .csv or .xlsx.")
@click.option("--sign-off", "signs", is_flag=True, help="Journal that you reviewed all of this.")
@force_option
def review(since: str | None, up_to: int | None, signs: bool, output: Path | None, **chosen: Any) -> int:
    """Show what was deleted, by whom and why, and what of it deserves a look; nothing is sent.

    Ends with 3 when a point asks for a deed. A sign-off names the last entry: the next review begins after it.
    """
    from crm_bridge.domain.durations import parse_since
    from crm_bridge.pipeline.signing_off import sign_off
    from crm_bridge.report.review.gather import Reviewer

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        begin = parse_since(since, now=bridge.env.clock.now()) if since else None
        reviewer = Reviewer(bridge, begin, up_to, vault=chosen["vault"])
        made = reviewer.review()
        if output is not None:
            _write(reviewer, made, output, force=chosen["force"])
        signed = sign_off(bridge.journal, made.last) if signs else None
        if out.as_json:
            out.document(REVIEW, {**made.as_json(), "signed_off": asdict(signed) if signed else None})
        else:
            _show(out, made, output, signed=signed is not None)
    return ExitCode.HELD if made.urgent else ExitCode.OK


def _write(reviewer: Reviewer, made: Review, path: Path, *, force: bool) -> None:
    from crm_bridge.files import replaced_file
    from crm_bridge.overwriting import check_replaceable
    from crm_bridge.report.page import is_page
    from crm_bridge.report.review.page import write_page
    from crm_bridge.report.review.table import COLUMNS, write_review
    from crm_bridge.report.tables import is_table

    form = path.suffix.removeprefix(".").lower()
    if form not in ("html", "csv", "xlsx"):
        raise UsageError(_("{path} is no .html, .csv or .xlsx file").format(path=path))
    check_replaceable(path, is_page if form == "html" else is_table(form, COLUMNS), force=force)
    with replaced_file(path) as file:
        if form == "html":
            write_page(made, lambda: reviewer.rows(made), file)
        else:
            write_review(form, reviewer.rows(made), file)


def _show(out: Output, made: Review, output: Path | None, *, signed: bool) -> None:
    from crm_bridge.cli.views.review_view import concern_rows, facts, run_rows

    out.pairs(facts(made))
    out.table(*run_rows(made))
    if made.concerns:
        out.table(*concern_rows(made))
    if output is not None:
        out.note(_("every contract: {path}").format(path=output))
    if signed:
        out.note(_("signed off up to entry {seq}; the next review begins after it").format(seq=made.last))
    else:
        command = suggested("review", "--up-to", made.last, "--sign-off")
        out.note(_("sign it off with: {command}").format(command=command))
