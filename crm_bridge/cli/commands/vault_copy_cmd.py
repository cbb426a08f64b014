"""`vault copy|fetch`: copies of backup sets on an object store."""

from __future__ import annotations

import click

from crm_bridge.cli.options import command, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_set
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.views.vault_view import set_json, set_table
from crm_bridge.i18n import _


@command("copy")
@click.argument("set_ids", metavar="[SET]...", nargs=-1, shell_complete=complete_set)
@click.option("--to", "url", required=True, metavar="URL", help="s3://, az://, gs:// or file:/// address.")
def copy(set_ids: tuple[str, ...], url: str) -> int:
    """Copy sets (default: all whole ones) to an object store; written once, read back and compared."""
    from crm_bridge.pipeline.vault_admin.copies import Copying

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        done = list(Copying(bridge.retention, url).copy(set_ids))
    if out.as_json:
        sets = [{"set": one.set_id, "written": one.written, "present": one.present, "bytes": one.bytes} for one in done]
        out.document("crm-bridge.vault-copy/1", {"count": len(sets), "sets": sets})
    else:
        columns = (_("set"), _("objects written"), _("there already"), _("bytes"))
        out.table(columns, ((one.set_id, one.written, one.present, one.bytes) for one in done))
    return 0


@command("fetch")
@click.argument("set_ids", metavar="[SET]...", nargs=-1, shell_complete=complete_set)
@click.option("--from", "url", required=True, metavar="URL", help="s3://, az://, gs:// or file:/// address.")
def fetch(set_ids: tuple[str, ...], url: str) -> int:
    """Bring sets back from an object store (default: those that are not here); each is checked before it counts."""
    from crm_bridge.pipeline.vault_admin.copies import Copying

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        done = list(Copying(bridge.retention, url).fetch(set_ids))
    if out.as_json:
        out.document("crm-bridge.vault/1", {"count": len(done), "sets": [set_json(one) for one in done]})
    else:
        set_table(out, done)
    return 0
