"""`receipt show|issue|verify`: what can be shown to somebody who was not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from crm_bridge.cli.options import command, group, open_bridge, shared
from crm_bridge.cli.output import Output
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _


@group("receipt", help="Show, issue and verify receipts.")
def receipt() -> None:
    """Show, issue and verify receipts."""


def read_envelope(path: Path) -> dict[str, Any]:
    """Read a receipt file. Raises UsageError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(_("{path} is not a receipt").format(path=path)) from None
    if not isinstance(value, dict):
        raise UsageError(_("{path} is not a receipt").format(path=path))
    return value


@command("show")
@click.argument("what", metavar="[RUN|FILE]", required=False)
@click.option("--contract", "record_id", default=None, help="Only this contract, by id.")
def show(what: str | None, record_id: str | None) -> int:
    """Show the receipt of RUN (default: the last one), or a receipt FILE."""
    from crm_bridge.pipeline.receipt import payload_of

    out = Output(as_json=shared().as_json)
    if what and Path(what).is_file():
        statement = payload_of(read_envelope(Path(what)))
    else:
        with open_bridge() as bridge:
            statement = payload_of(bridge.issue_receipt(what, record_id=record_id))
    if out.as_json:
        out.document("crm-bridge.receipt/1", statement)
    else:
        print_receipt(out, statement["predicate"])
    return 0


def print_receipt(out: Output, said: dict[str, Any]) -> None:
    """Print what a receipt says, for people; `said` is its predicate."""
    from crm_bridge.cli.outcome_words import OUTCOME_WORDS

    confirmed = said["confirmation"]
    out.pairs(
        (
            (_("run"), said["run"]),
            (_("connection"), f"{said['connection']} ({said['system']}, {said['org']}, {said['module']})"),
            (_("plan"), said["plan"]),
            (_("confirmed"), f"{confirmed['by']}, {confirmed['how']}, {confirmed['at']}"),
            (_("CRM user"), said["crmUser"]),
            (_("from"), said["startedAt"]),
            (_("to"), said["endedAt"]),
            (_("complete"), _("yes") if said["complete"] else _("no")),
            (_("journal entry"), said["entryIndex"]),
        )
    )
    columns = (_("id"), _("outcome"), _("evidence"), _("sent"), _("seen"), _("why"))
    rows = (
        (
            line["record"],
            _(OUTCOME_WORDS[line["outcome"]]),
            line.get("evidence"),
            line["attempts"],
            line.get("seenAt"),
            _reason_words(line.get("reason", "")),
        )
        for line in said["contracts"]
    )
    out.table(columns, rows)
    out.text(
        _("Evidence: E0 the CRM said yes; E1 read back absent; E2 listed in the CRM's bin under our user; E3 purged.")
    )
    out.text(_("This receipt does not speak about:"))
    for item in said["notCovered"]:
        out.text(f"  - {_(item)}")


def _reason_words(word: str) -> str:
    from crm_bridge.domain.reasons import Reason

    # A receipt may come from a newer version: what it says is shown, and nothing is decided by it.
    reason = Reason.of_word(word)
    return reason.words if reason else word


@command("issue")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="File to write.")
@click.option("--contract", "record_id", default=None, help="Only this contract, by id.")
def issue(run_id: str | None, output: Path | None, record_id: str | None) -> int:
    """Issue the signed receipt of RUN (default: the last one); issued again, it says the same."""
    with open_bridge() as bridge:
        envelope = bridge.issue_receipt(run_id, record_id=record_id)
    out, text = Output(as_json=shared().as_json), json.dumps(envelope, indent=1)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
        out.note(_("receipt: {path}").format(path=output))
    elif not out.as_json:
        out.text(text)
    if out.as_json:
        # Readers of DSSE envelopes ignore keys that they do not know.
        out.document("crm-bridge.receipt-envelope/1", {"file": str(output)} if output else envelope)
    return 0


@command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--key", "vkeys", multiple=True, help="Public key of the journal (vkey); default: all of this journal's.")
def verify(file: Path, vkeys: tuple[str, ...]) -> int:
    """Verify signature and inclusion proof of a receipt FILE; with --key nothing else is needed."""
    from crm_bridge.cli.receipt_check import check_receipt

    out = Output(as_json=shared().as_json)
    keys = list(vkeys)
    if not keys:
        with open_bridge() as bridge:
            keys = list(bridge.journal_keys())
        if not keys:
            raise UsageError(
                _("there is no journal here whose key could be used"),
                hint=_("name the journal's public key with --key"),
            )
    result = check_receipt(read_envelope(file), keys)
    if out.as_json:
        out.document("crm-bridge.receipt-check/1", result)
    else:
        yes_or_no = {True: _("yes"), False: _("no")}
        out.pairs(
            (
                (_("verified"), yes_or_no[result["verified"]]),
                (_("journal"), result["journal"]),
                (_("key"), ", ".join(result["keys"])),
                (_("run"), result["run"]),
                (_("contracts"), result["contracts"]),
                (_("whole run"), yes_or_no[result["whole_run"]]),
            )
        )
    return 0


receipt.add_command(show)
receipt.add_command(issue)
receipt.add_command(verify)
