"""`journal ...`: read the audit journal, verify it, hand it over, settle what is open, change its key, renew it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, force_option, format_option, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection, complete_run
from crm_bridge.cli.terminal.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.journal_verbs import JournalEvidence
    from crm_bridge.journal.checking.findings import JournalFindings

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@group("journal", help="List, check and export the audit journal.")
def journal() -> None:
    """List, check and export the audit journal."""


@command("list")
@click.option("--run", "run_id", default=None, shell_complete=complete_run, help="Only entries of this run.")
@click.option("--plan", default=None, help="Only entries of the plan with this digest.")
@click.option("--record", "record_id", default=None, help="Only entries about this record id.")
@click.option("--op", default=None, help="Only this kind of entry.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Only the last ones.")
@format_option
def list_(
    run_id: str | None, plan: str | None, record_id: str | None, op: str | None, limit: int | None, form: str
) -> int:
    """List entries, oldest first, a row for each contract in them.

    The journal holds ids and digests, no names, numbers or amounts.
    """
    from collections import deque

    from crm_bridge.cli.views.journal_view import entry_json, journal_rows, journal_table

    out = Output(as_json=shared().as_json)
    with open_bridge(reading=True) as bridge:
        run = bridge.run(run_id).id if run_id else None
        chosen = journal_rows(bridge.journal, bridge.journal.entries(run=run, plan=plan, op=op), record_id)
        rows = deque(chosen, maxlen=limit) if limit else chosen
        if out.as_json:
            for entry, line in rows:
                out.line("crm-bridge.journal-entry/1", entry_json(entry, line))
            return 0
        journal_table(rows, form=form)
    return 0


@command("check")
@click.option("--journal", "journal_", type=_FILE, default=None, help="Check this journal file instead.")
@click.option("--export", "export_", type=_FILE, default=None, help="Check this export instead.")
@click.option("--key", "vkeys", multiple=True, help="Public key to trust (vkey); default: this installation's own.")
@click.option("--pin", "pin_", default=None, help="SIZE:ROOT that the journal once had; default: the stored pin.")
@click.option("--checkpoint", "checkpoints", type=_FILE, multiple=True, help="A checkpoint that was kept elsewhere.")
@click.option("--receipt", "receipts", type=_FILE, multiple=True, help="A receipt that the journal must agree with.")
def check(
    journal_: Path | None,
    export_: Path | None,
    vkeys: tuple[str, ...],
    pin_: str | None,
    checkpoints: tuple[Path, ...],
    receipts: tuple[Path, ...],
) -> int:
    """Recompute the journal and compare it with its seals, the pin and whatever else is given.

    Ends with 0 when it verifies, else with 10 (altered), 11 (shorter), 12 (inconsistent), 13 (not sealed),
    14 (unknown key) or 15 (intact, but an intent has no outcome).
    """
    from crm_bridge.bridge.journal_verbs import check_journal_file

    if journal_ is not None and export_ is not None:
        raise click.UsageError(_("give --journal or --export, not both"))
    evidence: JournalEvidence = {"vkeys": vkeys, "pin": pin_, "checkpoints": checkpoints, "receipts": receipts}
    if source := journal_ or export_:
        return _report(check_journal_file(source, **evidence))
    with open_bridge() as bridge:
        return _report(bridge.check_journal(**evidence))


def _report(found: JournalFindings) -> int:
    out = Output(as_json=shared().as_json)
    if out.as_json:
        out.document("crm-bridge.journal-check/1", found.as_json())
        return found.exit_code
    out.text(found.summary)
    out.pairs(
        (
            (_("journal"), found.origin),
            (_("entries"), found.size),
            (_("root"), found.root.hex()),
            (_("key"), ", ".join(found.keys) if found.key_was_given else _("not given: a rewritten journal passes")),
        )
    )
    if found.items:
        out.table((_("code"), _("where"), _("what")), ((int(i.code), i.where, i.what) for i in found.items))
    return found.exit_code


@command("export")
@click.option("-o", "--output", type=_PATH, required=True, help="File to write: canonical JSON lines.")
@force_option
def export(output: Path, *, force: bool) -> int:
    """Write the journal as JSON lines that anybody can verify, with this program or without it.

    Works on a journal that does not verify, too.
    """
    with open_bridge() as bridge:
        count, vkey = bridge.export_journal(output, force=force)
    out = Output(as_json=shared().as_json)
    if out.as_json:
        out.document("crm-bridge.journal-export/1", {"entries": count, "file": str(output), "key": vkey})
        return 0
    out.note(_("{count} entries: {path}").format(count=count, path=output))
    if vkey:
        out.note(_("check it with: crm-bridge journal check --export {path} --key {key}").format(path=output, key=vkey))
    return 0


@command("reconcile")
@click.argument("run_or_connection", metavar="[RUN|CONNECTION]", required=False, shell_complete=complete_connection)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    default=None,
    help="With CONNECTION: deletions since this moment (UTC); default: since the journal's first entry.",
)
def reconcile(run_or_connection: str | None, since: datetime | None) -> int:
    """Settle the contracts of RUN (default: the last one) that are in doubt, by looking; nothing is deleted.

    With CONNECTION: compare what its CRM lists as deleted with the journal. Ends with 9 when our user deleted
    contracts that no run accounts for. Deletions by others are counted; -v and --json list them.
    """
    from crm_bridge.cli.commands.run_cmd import report_run
    from crm_bridge.cli.views.deletions_view import report_deletions

    with open_bridge() as bridge:
        if run_or_connection in bridge.env.connections:
            moment = since.replace(tzinfo=UTC) if since else None
            return report_deletions(bridge.connect(str(run_or_connection)).deletions(moment))
        if since is not None:
            raise click.UsageError(_("--since goes with the name of a connection"))
        info = bridge.run(run_or_connection)
        return report_run(bridge, bridge.connect(info.ref.connection).reconcile(info.id))


@command("rotate-key", administrative=True)
def rotate_key() -> int:
    """Hand over to a new signing key; the entry that says so is sealed by both. Receipts of before stay good."""
    with open_bridge() as bridge:
        entry, old, new = bridge.rotate_journal_key()
    out = Output(as_json=shared().as_json)
    if out.as_json:
        out.document("crm-bridge.journal-key/1", {"entry": entry, "old": old, "new": new})
    else:
        out.pairs(((_("old key"), old), (_("new key"), new), (_("entry"), entry)))
    return 0


@command("renew", administrative=True)
@click.option(
    "--after", required=True, help="What is known of the old journal's head: SIZE:ROOT, or a checkpoint file."
)
def renew(after: str) -> int:
    """Set a journal aside that cannot be opened any more, and begin a new one that names its head.

    Nothing is removed. Contracts whose answer was lost stand only in the old file: look for them in the CRM first.
    """
    kept = Path(after)
    head = kept.read_text(encoding="utf-8") if kept.is_file() else after
    with open_bridge() as bridge:
        origin, vkey, files = bridge.renew_journal(head)
    out, aside = Output(as_json=shared().as_json), [str(path) for path in files]
    if out.as_json:
        value = {"journal": origin, "key": vkey, "after": head, "set_aside": aside}
        out.document("crm-bridge.journal-renewed/1", value)
    else:
        out.pairs(((_("new journal"), origin), (_("key"), vkey), (_("set aside"), ", ".join(aside))))
    return 0


for _command in (list_, check, export, reconcile, rotate_key, renew):
    journal.add_command(_command)
