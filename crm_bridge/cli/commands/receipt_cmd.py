"""`receipt show|issue|verify`: what can be shown to somebody who was not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, force_option, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_run
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.views.receipt_view import receipt_check, report_receipt
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.pipeline.receipt import Withdrawal


@group("receipt", help="Show, issue and verify receipts.")
def receipt() -> None:
    """Show, issue and verify receipts."""


@command("show")
@click.argument("what", metavar="[RUN|FILE]", required=False, shell_complete=complete_run)
@click.option("--contract", "record_id", default=None, help="Only this contract, by id.")
@click.option("--names", is_flag=True, help="Add number, customer and amount, from the sealed plan.")
def show(what: str | None, record_id: str | None, names: bool) -> int:
    """Show the receipt of RUN (default: the last one), or a receipt FILE with the lines beside it.

    What the journal says otherwise since then is shown as withdrawn, and is exit code 9.
    """
    from crm_bridge.bridge.receipt_file import read_receipt

    out = Output(as_json=shared().as_json)
    if what and Path(what).is_file():
        statement, lines = read_receipt(Path(what), record_id)
        return _show_file(out, statement, lines, record_id, names=names)
    with open_bridge(reading=True) as bridge:
        issued = bridge.issue_receipt(what, record_id=record_id)
        run = str(issued.statement["predicate"]["run"])
        told = _named(bridge, run, issued.lines()) if names else issued.lines()
        return report_receipt(out, issued.statement, told, _withdrawn(bridge, run, record_id))


def _show_file(
    out: Output, statement: dict[str, Any], lines: Iterator[dict[str, Any]], record_id: str | None, *, names: bool
) -> int:
    """Show a receipt file, and what the journal of this state directory says of its run, where there is one."""
    try:
        with open_bridge(reading=True) as bridge:
            run = bridge.run(str(statement["predicate"]["run"])).id
            told = _named(bridge, run, lines) if names else lines
            return report_receipt(out, statement, told, _withdrawn(bridge, run, record_id))
    except (CrmBridgeError, KeyError):
        code = report_receipt(out, statement, lines, ())
        out.note(_("not compared with its journal: whether a later entry withdraws it is not known"))
        return code


def _withdrawn(bridge: Bridge, run: str, record_id: str | None) -> Iterator[Withdrawal]:
    return (one for one in bridge.withdrawn(run) if record_id in (None, one.record_id))


def _named(bridge: Bridge, run: str, lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the lines with what people recognise the contracts by; the receipt itself does not hold it."""
    from crm_bridge.domain.planning.target import Card

    cards = {item.contract.id: Card.of(item.contract) for item in bridge.status(run)}
    for line in lines:
        card = cards.get(line["record"])
        told = card.as_json() if card else {}
        yield {**line, "names": {key: told.get(key) for key in ("number", "customer", "amount", "currency")}}


@command("issue")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="File to write.")
@force_option
@click.option("--contract", "record_id", default=None, help="Only this contract, by id.")
def issue(run_id: str | None, output: Path | None, *, force: bool, record_id: str | None) -> int:
    """Issue the signed receipt of RUN (default: the last one); issued again, it says the same.

    With --output, the lines of its contracts are written beside FILE, as RUN.receipt.jsonl.
    """
    from crm_bridge.pipeline.receipt import envelope_text

    with open_bridge() as bridge:
        made = bridge.issue_receipt(run_id, record_id=record_id)
        out, envelope = Output(as_json=shared().as_json), dict(made.envelope)
        if output is not None:
            made.write(output, force=force)
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
    from crm_bridge.bridge.receipt_file import envelope_of
    from crm_bridge.pipeline.receipt_check import check_receipt

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
    envelope_of(file)
    result = check_receipt(file, keys, lines)
    if out.as_json:
        out.document("crm-bridge.receipt-check/2", result)
    else:
        receipt_check(out, result)
    return 0


receipt.add_command(show)
receipt.add_command(issue)
receipt.add_command(verify)
