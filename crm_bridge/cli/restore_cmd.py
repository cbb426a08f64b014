"""`restore`: bring contracts back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, open_bridge, shared
from crm_bridge.cli.output import Output
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge


@command("restore")
@click.argument("what", metavar="[RUN|RECEIPT]", required=False)
@click.option("--last", is_flag=True, help="The last run.")
@click.option("--contract", default=None, help="One contract, by id or number.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
def restore(what: str | None, last: bool, contract: str | None, dry_run: bool) -> int:
    """Bring back what RUN (or the run of a RECEIPT file) removed."""
    from crm_bridge.cli.run_view import restore_json, restore_table

    if not (what or last or contract):
        raise UsageError(
            _("say what to bring back: a run, a receipt file, --last or --contract"),
            hint=_("list the runs with `crm-bridge status --all`"),
        )
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        run_id, ids = _meant(bridge, what, contract)
        info = bridge.run(run_id)
        steps = bridge.connect(info.ref.connection).restore(info.id, ids=ids, dry_run=dry_run)
        if not steps:
            raise NothingMatchedError(_("run {run} removed nothing that could come back").format(run=info.id))
        if out.as_json:
            rows = [restore_json(step) for step in steps]
            out.document("crm-bridge.restore/1", {"run_id": info.id, "dry_run": dry_run, "outcomes": rows})
        else:
            restore_table(steps)
    results = {step.result for step in steps}
    return 9 if "in_doubt" in results else 3 if "not_restored" in results else 0


def _meant(bridge: Bridge, what: str | None, contract: str | None) -> tuple[str | None, list[str] | None]:
    if contract is not None:
        run_id, record_id = bridge.find_removed(contract)
        return run_id, [record_id]
    if what and Path(what).is_file():
        return _run_of_receipt(Path(what)), None
    return what, None


def _run_of_receipt(path: Path) -> str:
    from crm_bridge.pipeline.receipt import payload_of

    try:
        return str(payload_of(json.loads(path.read_text(encoding="utf-8")))["predicate"]["run"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(_("{path} is not a receipt").format(path=path)) from None
