"""`vault list|show|check|prune|shred|copy|fetch`: what backups there are, whether they are whole, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.commands.vault_copy_cmd import copy, fetch
from crm_bridge.cli.options import command, format_option, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_set
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.views.vault_view import set_json, set_table
from crm_bridge.errors import BackupError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.pipeline.vault_admin.retention import DisposalPlan, VaultRetention
    from crm_bridge.vault import CheckReport

_CONFIRM = click.option("--confirm", "digest", default=None, help="Digest of what you saw.")


@group("vault", help="List, check, copy, prune and shred backups.")
def vault() -> None:
    """List, check, copy, prune and shred backups."""


@command("list")
@format_option
def list_(form: str) -> int:
    """List the backup sets. Needs no key."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        sets = list(bridge.vault.sets())
    if out.as_json:
        out.document("crm-bridge.vault/1", {"count": len(sets), "sets": [set_json(one) for one in sets]})
    elif sets:
        set_table(out, sets, form=form)
    else:
        out.note(_("the vault is empty"))
    return 0


@command("show")
@click.argument("set_id", metavar="SET", shell_complete=complete_set)
@format_option
def show(set_id: str, form: str) -> int:
    """Show which contracts are in SET: ids, sizes and attachments, never their content."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        opened = bridge.vault.open(set_id)
        (summary,) = [one for one in bridge.vault.sets() if one.set_id == set_id]
        contracts = [
            {
                "id": entry.ref.id,
                "module": entry.ref.module,
                "digest": entry.digest,
                "bytes": entry.length,
                "attachments": entry.attachments,
                "attachment_bytes": sum(file.sealed.plain_bytes for file in entry.files),
            }
            for entry in opened.entries()
        ]
    if out.as_json:
        out.document("crm-bridge.vault-set/1", {**set_json(summary), "digest": opened.digest, "contracts": contracts})
        return 0
    if form == "table":
        out.pairs((*set_json(summary).items(), ("digest", opened.digest)))
    columns = (_("id"), _("bytes"), _("attachments"), _("their bytes"), _("digest"))
    rows = ((c["id"], c["bytes"], c["attachments"], c["attachment_bytes"], c["digest"]) for c in contracts)
    out.table(columns, rows, form=form)
    return 0


def _report_json(report: CheckReport) -> dict[str, Any]:
    return {
        "set": report.set_id,
        "ok": report.ok,
        "restorable": report.restorable,
        "shredded": report.shredded,
        "contracts": report.contracts,
        "attachments": report.attachments,
        "bytes": report.bytes,
        "findings": [{"code": f.code, "file": f.file, "message": f.message} for f in report.findings],
    }


@command("check")
@click.argument("set_ids", metavar="[SET]...", nargs=-1, shell_complete=complete_set)
@format_option
def check(set_ids: tuple[str, ...], form: str) -> int:
    """Read everything again, decrypt it and compare it with the manifests and the journal (default: every set)."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        reports = list(bridge.retention.check(set_ids))
    bad = [report for report in reports if not report.ok]
    if out.as_json:
        rows = [_report_json(report) for report in reports]
        out.document("crm-bridge.vault-check/1", {"ok": not bad, "count": len(reports), "sets": rows})
    else:
        columns = (_("set"), _("contracts"), _("attachments"), _("bytes"), _("result"))
        rows_ = ((r.set_id, r.contracts, r.attachments, r.bytes, _result(r)) for r in reports)
        out.table(columns, rows_, form=form)
        say = out.text if form == "table" else out.note
        for report in bad:
            for finding in report.findings:
                say(f"{report.set_id}: {finding.code}: {finding.message}")
    if bad:
        raise BackupError(
            _("{bad} of {count} backup sets are not whole").format(bad=len(bad), count=len(reports)),
            reason="vault_damaged",
            hint=_("nothing is deleted against a damaged set; bring it back from a copy, or back up again"),
        )
    return 0


def _result(report: CheckReport) -> str:
    if not report.ok:
        return _("{count} findings").format(count=len(report.findings))
    return _("whole, shredded") if report.shredded else _("whole")


@command("prune")
@_CONFIRM
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def prune(digest: str | None, dry_run: bool) -> int:
    """Remove the sets whose last day has passed, keys first; planned, confirmed and journaled."""
    return _dispose(lambda retention: retention.plan_prune(), digest, dry_run)


@command("shred")
@click.argument("set_id", metavar="SET", shell_complete=complete_set)
@_CONFIRM
@click.option("--dry-run", is_flag=True, help="Only say what would be destroyed.")
def shred(set_id: str, digest: str | None, dry_run: bool) -> int:
    """Destroy the key of SET for good: no contract in it can be restored afterwards."""
    return _dispose(lambda retention: retention.plan_shred(set_id), digest, dry_run)


def _dispose(make: Callable[[VaultRetention], DisposalPlan], digest: str | None, dry_run: bool) -> int:
    from crm_bridge.cli.confirming import typed
    from crm_bridge.pipeline.vault_admin.retention import DisposalKind

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        retention = bridge.retention
        plan = make(retention)
        facts: dict[str, Any] = {
            "deed": plan.kind.value,
            "digest": plan.digest,
            "phrase": plan.phrase,
            "count": len(plan.sets),
            "contracts": plan.contracts,
            "sets": [set_json(one) for one in plan.sets],
        }
        if dry_run or (digest is None and out.as_json):
            if out.as_json:
                out.document("crm-bridge.vault-plan/1", {**facts, "done": False})
            else:
                set_table(out, plan.sets)
                out.text(_("digest: {digest}").format(digest=plan.digest))
            return 0 if dry_run else 5
        if digest is None:
            set_table(out, plan.sets)
        done = retention.carry_out(plan, confirm=digest or typed(plan.phrase, plan.digest))
    cannot_reach = list(dict.fromkeys(text for one in done for text in one.cannot_reach))
    if out.as_json:
        out.document("crm-bridge.vault-plan/1", {**facts, "done": True, "cannot_reach": cannot_reach})
        return 0
    words = _("sets removed: {count}") if plan.kind is DisposalKind.PRUNE else _("sets whose key is destroyed: {count}")
    out.text(words.format(count=len(done)))
    if cannot_reach:
        out.text(_("This cannot reach:"))
        for text in cannot_reach:
            out.text(f"  - {text}")
    return 0


for _one in (list_, show, check, copy, fetch, prune, shred):
    vault.add_command(_one)
