"""`backup`: save contracts into the vault without deleting them, or export them as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, force_option, open_bridge, shared
from crm_bridge.cli.selection import filters_of, lists_of, say_missing, selection_options
from crm_bridge.cli.terminal.completion import complete_connection, complete_filter
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _, active_language

if TYPE_CHECKING:
    from crm_bridge.bridge import Connection
    from crm_bridge.pipeline.deleting.saving import Saved
    from crm_bridge.pipeline.find import Selection

FORMATS = ("csv", "xlsx", "jsonl")


@command("backup")
@click.argument("connection", shell_complete=complete_connection)
@click.argument("expression", required=False, shell_complete=complete_filter)
@selection_options
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Stop after that many.")
@click.option(
    "--keep-days", type=click.IntRange(1, 36_500), default=365, show_default=True, help="Retention of the set."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default=None, help="Export a table for people instead.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="File of the export.")
@force_option
def backup(connection: str, expression: str | None, **chosen: Any) -> int:
    """Back up contracts of CONNECTION (default: all) into the vault, without deleting them.

    With --format, write a table for people to --output instead: readable text, outside the vault, not encrypted.
    """
    if (chosen["form"] is None) != (chosen["output"] is None):
        raise UsageError(
            _("--format and --output belong together"),
            hint=_("for example: --format xlsx --output contracts.xlsx"),
        )
    out = Output(as_json=shared().as_json)
    given = chosen["where_"] if expression is None else (expression, *chosen["where_"])
    with open_bridge() as bridge:
        connected = bridge.connect(connection)
        selection = connected.find(
            *filters_of(given, chosen["number"]),
            words=chosen["words"],
            **lists_of(chosen),
            limit=chosen["limit"],
        )
        if chosen["form"]:
            return _export(out, connected, selection, chosen)
        saved = connected.backup(selection, keep_days=chosen["keep_days"])
        proven = _say_if_incomplete(out, selection, limited=chosen["limit"] is not None)
    return _report(
        out,
        connection,
        saved,
        proven=proven,
        missing=(*selection.missing, *(row.id or f"#{row.position}" for row in selection.unreadable)),
    )


def _say_if_incomplete(out: Output, selection: Selection, *, limited: bool) -> bool:
    for caution in selection.cautions:
        out.note(_("warning: {text}").format(text=caution))
    proof = selection.completeness
    proven = proof is not None and proof.proven
    if not proven and not limited:
        out.note(_("warning: the listing is not proven complete: {how}").format(how=proof.how if proof else "-"))
    return proven


def _report(out: Output, connection: str, saved: Saved, *, proven: bool, missing: tuple[str, ...]) -> int:
    if out.as_json:
        value = {
            "connection": connection,
            "name": connection,
            "set": saved.set_id,
            "digest": saved.digest,
            "count": saved.count,
            "attachments": saved.attachments,
            "bytes": saved.bytes,
            "keep_until": saved.keep_until.isoformat(),
            "verified": True,
            "complete": proven,
            "unsaved": [{"id": one.ref.id, "reason": one.reason, "code": one.code or None} for one in saved.unsaved],
            "missing": list(missing),
        }
        out.document("crm-bridge.backup/1", value)
    else:
        out.pairs(
            (
                (_("set"), saved.set_id),
                (_("contracts"), saved.count),
                (_("attachments"), saved.attachments),
                (_("bytes"), saved.bytes),
                (_("kept until"), saved.keep_until),
                (_("verified"), _("read back, decrypted and compared")),
                (_("digest"), saved.digest),
            )
        )
        for one in saved.unsaved:
            out.note(_("not saved: {id}: {reason}").format(id=one.ref.id, reason=one.reason.words))
    return max(say_missing(missing), ExitCode.HELD if saved.unsaved else ExitCode.OK)


def _export(out: Output, connected: Connection, selection: Selection, chosen: Mapping[str, Any]) -> int:
    from crm_bridge.files import replaced_file
    from crm_bridge.overwriting import check_replaceable
    from crm_bridge.pipeline.find import nothing_matches
    from crm_bridge.report.tables import is_table, write_table

    form, path = chosen["form"], chosen["output"]
    check_replaceable(path, is_table(form), force=chosen["force"])
    with replaced_file(path) as file:
        count = write_table(form, selection, file, active_language())
        if not count:
            raise NothingMatchedError(nothing_matches(selection))
        # Personal data leaves the encrypted state directory here: that belongs into the journal, and comes first.
        connected.journal_export(form=form, count=count)
    proven = _say_if_incomplete(out, selection, limited=chosen["limit"] is not None)
    if out.as_json:
        facts = {"connection": connected.name, "format": form, "file": str(path), "count": count, "complete": proven}
        out.document("crm-bridge.export/1", {**facts, "missing": list(selection.missing)})
    else:
        out.text(_("{count} contracts: {path}").format(count=count, path=path))
        out.note(_("This file is readable text, outside the vault: keep it, send it and delete it accordingly."))
    return say_missing(selection.missing)
