"""`find` and `show`: look, change nothing."""

from __future__ import annotations

from typing import Any

import click

from crm_bridge.cli.options import command, format_option, open_bridge, shared
from crm_bridge.cli.selection import filters_of, lists_of, say_missing, selection_options
from crm_bridge.cli.terminal.completion import complete_connection, complete_filter
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import NothingMatchedError
from crm_bridge.i18n import _


@command("find")
@click.argument("connection", shell_complete=complete_connection)
@click.argument("expression", required=False, shell_complete=complete_filter)
@selection_options
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Stop after that many.")
@click.option("--all", "every", is_flag=True, help="Every row, also on a terminal.")
@format_option
def find(connection: str, expression: str | None, **chosen: Any) -> int:
    """Find contracts on CONNECTION."""
    from crm_bridge.cli.views.contract_view import CONTRACT, contract_json, contract_table
    from crm_bridge.pipeline.find import nothing_matches

    out = Output(as_json=shared().as_json)
    limit, given = chosen["limit"], chosen["where_"] if expression is None else (expression, *chosen["where_"])
    with open_bridge() as bridge:
        selection = bridge.connect(connection).find(
            *filters_of(given, chosen["number"]), words=chosen["words"], **lists_of(chosen), limit=limit
        )
        if out.as_json:
            for contract in selection:
                out.line(CONTRACT, contract_json(contract))
                if out.unread:
                    return 0
        else:
            contract_table(selection, form=chosen["form"], every=chosen["every"])
        for line in selection.unreadable_lines:
            out.note(_("warning: {text}").format(text=line))
        code = say_missing(selection.missing)
        if selection.matched == 0:
            raise NothingMatchedError(nothing_matches(selection))
        for caution in selection.cautions:
            out.note(_("warning: {text}").format(text=caution))
        proof = selection.completeness
        if limit is None and (proof is None or not proof.proven):
            out.note(_("warning: the listing is not proven complete: {how}").format(how=proof.how if proof else "-"))
        if selection.search.lag_seconds is not None:
            out.note(_("note: the CRM's search index may lag behind by {n} s").format(n=selection.search.lag_seconds))
    return code


@command("show")
@click.argument("connection", shell_complete=complete_connection)
@click.argument("contract")
@click.option("--raw", is_flag=True, help="Also every field as the CRM names it.")
def show(connection: str, contract: str, raw: bool) -> int:
    """Show CONTRACT (id or number) on CONNECTION with everything around it."""
    from crm_bridge.cli.views.contract_view import CONTRACT, contract_json, deletable_json
    from crm_bridge.cli.views.details_view import details_json, details_sections, raw_table

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        details = bridge.connect(connection).show(contract)
        if out.as_json:
            known = {**contract_json(details.contract), **deletable_json(details.deletable)}
            out.document(CONTRACT, {**known, **details_json(details.snapshot)})
            return 0
        details_sections(details)
        if raw:
            raw_table(details)
    return 0
