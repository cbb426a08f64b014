"""`receipt show|issue|verify`: what can be shown to somebody who was not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group, open_bridge, shared
from crm_bridge.cli.output import Output
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.pipeline.receipt import Withdrawal


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
    """Show the receipt of RUN (default: the last one), or a receipt FILE with the lines beside it.

    What the journal says otherwise since then is shown as withdrawn.
    """
    out = Output(as_json=shared().as_json)
    if what and Path(what).is_file():
        statement, lines = _read_file(Path(what), record_id)
        _print(out, statement, lines, ())
        return 0
    with open_bridge(reading=True) as bridge:
        issued = bridge.issue_receipt(what, record_id=record_id)
        gone = (one for one in bridge.withdrawn(what) if record_id in (None, one.record_id))
        _print(out, issued.statement, issued.lines(), gone)
    return 0


def _read_file(path: Path, record_id: str | None) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Return the statement of a receipt file and the lines of its contracts, none of it believed."""
    from crm_bridge.journal.evidence import ReceiptFile
    from crm_bridge.pipeline.receipt import json_line, payload_of

    envelope = read_envelope(path)
    statement, beside = payload_of(envelope), ReceiptFile.read(path).lines
    raws: Iterator[bytes] = iter(())
    if "contract" in statement.get("predicate", {}):
        raws = iter([json_line(envelope)])
    elif beside is not None:
        raws = _raw_lines(beside)
    lines = (json.loads(raw) for raw in raws)
    return statement, (line for line in lines if record_id in (None, line.get("record")))


def _raw_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _print(out: Output, statement: dict[str, Any], lines: Iterable[dict[str, Any]], gone: Iterable[Withdrawal]) -> None:
    if not out.as_json:
        print_receipt(out, statement["predicate"], lines, gone)
        return
    out.line("crm-bridge.receipt/2", statement)
    for line in lines:
        out.line("crm-bridge.receipt-line/1", line)
    for one in gone:
        out.line("crm-bridge.receipt-withdrawal/1", asdict(one))


def print_receipt(
    out: Output, said: dict[str, Any], lines: Iterable[dict[str, Any]], gone: Iterable[Withdrawal] = ()
) -> None:
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
            (_("contracts"), said["lines"]["count"]),
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
        for line in lines
    )
    out.table(columns, rows)
    for one in gone:
        out.text(
            _("withdrawn by journal entry {entry}, {at}: {id} is now {now}").format(
                entry=one.entry, at=one.at, id=one.record_id, now=_(OUTCOME_WORDS[one.now])
            )
        )
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
    """Issue the signed receipt of RUN (default: the last one); issued again, it says the same.

    With --output, the lines of its contracts are written beside FILE, as RUN.receipt.jsonl.
    """
    from crm_bridge.pipeline.receipt import envelope_text

    with open_bridge() as bridge:
        made = bridge.issue_receipt(run_id, record_id=record_id)
        out, envelope = Output(as_json=shared().as_json), dict(made.envelope)
        if output is not None:
            made.write(output)
            out.note(_("receipt: {path}").format(path=output))
        elif not out.as_json:
            out.text(envelope_text(envelope).decode().rstrip())
        if out.as_json:
            # Readers of DSSE envelopes ignore keys that they do not know.
            out.document("crm-bridge.receipt-envelope/1", {"file": str(output)} if output else envelope)
    return 0


@command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--key", "vkeys", multiple=True, help="Public key of the journal (vkey); default: all of this journal's.")
@click.option(
    "--lines",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="File with the lines of its contracts; default: the one beside FILE.",
)
def verify(file: Path, vkeys: tuple[str, ...], lines: Path | None) -> int:
    """Verify signature, inclusion proof and lines of a receipt FILE; with --key nothing else is needed."""
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
    read_envelope(file)
    result = check_receipt(file, keys, lines)
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
                (_("lines compared"), yes_or_no[result["lines"]]),
            )
        )
    return 0


receipt.add_command(show)
receipt.add_command(issue)
receipt.add_command(verify)
