"""`receipt show|issue|verify`: what can be shown to somebody who was not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, force_option, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_run
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key, title
from crm_bridge.domain.money import money
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _, ngettext

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.pipeline.receipt import Withdrawal


_NAMED = 5
"""Withdrawn contracts that are named on the screen."""


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
@click.argument("what", metavar="[RUN|FILE]", required=False, shell_complete=complete_run)
@click.option("--contract", "record_id", default=None, help="Only this contract, by id.")
@click.option("--names", is_flag=True, help="Add number, customer and amount, from the sealed plan.")
def show(what: str | None, record_id: str | None, names: bool) -> int:
    """Show the receipt of RUN (default: the last one), or a receipt FILE with the lines beside it.

    What the journal says otherwise since then is shown as withdrawn, and is exit code 9.
    """
    out = Output(as_json=shared().as_json)
    if what and Path(what).is_file():
        statement, lines = _read_file(Path(what), record_id)
        return _show_file(out, statement, lines, record_id, names=names)
    with open_bridge(reading=True) as bridge:
        issued = bridge.issue_receipt(what, record_id=record_id)
        run = str(issued.statement["predicate"]["run"])
        told = _named(bridge, run, issued.lines()) if names else issued.lines()
        return _print(out, issued.statement, told, _withdrawn(bridge, run, record_id))


def _show_file(
    out: Output, statement: dict[str, Any], lines: Iterator[dict[str, Any]], record_id: str | None, *, names: bool
) -> int:
    """Show a receipt file, and what the journal of this state directory says of its run, where there is one."""
    try:
        with open_bridge(reading=True) as bridge:
            run = bridge.run(str(statement["predicate"]["run"])).id
            told = _named(bridge, run, lines) if names else lines
            return _print(out, statement, told, _withdrawn(bridge, run, record_id))
    except (CrmBridgeError, KeyError):
        code = _print(out, statement, lines, ())
        out.note(_("not compared with its journal: whether a later entry withdraws it is not known"))
        return code


def _withdrawn(bridge: Bridge, run: str, record_id: str | None) -> Iterator[Withdrawal]:
    return (one for one in bridge.withdrawn(run) if record_id in (None, one.record_id))


def _named(bridge: Bridge, run: str, lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the lines with what people recognise the contracts by; the receipt itself does not hold it."""
    from crm_bridge.domain.planning.plan import Card

    cards = {item.contract.id: Card.of(item.contract) for item in bridge.status(run)}
    for line in lines:
        card = cards.get(line["record"])
        told = card.as_json() if card else {}
        yield {**line, "names": {key: told.get(key) for key in ("number", "customer", "amount", "currency")}}


def _read_file(path: Path, record_id: str | None) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Return the statement of a receipt file and the lines of its contracts, none of it believed."""
    from crm_bridge.journal.checking.external_evidence import ReceiptFile
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


def _print(out: Output, statement: dict[str, Any], lines: Iterable[dict[str, Any]], gone: Iterable[Withdrawal]) -> int:
    """Print a receipt and what withdraws it; return the exit code: 9 where anything does."""
    if not out.as_json:
        return ExitCode.IN_DOUBT if print_receipt(out, statement["predicate"], lines, gone) else ExitCode.OK
    out.line("crm-bridge.receipt/2", statement)
    for line in lines:
        out.line("crm-bridge.receipt-line/1", line)
    code = ExitCode.OK
    for one in gone:
        out.line("crm-bridge.receipt-withdrawal/1", asdict(one))
        code = ExitCode.IN_DOUBT
    return code


def print_receipt(
    out: Output, said: dict[str, Any], lines: Iterable[dict[str, Any]], gone: Iterable[Withdrawal] = ()
) -> bool:
    """Print what a receipt says, for people; `said` is its predicate. Return whether anything withdraws it."""
    from crm_bridge.domain.outcome_words import OUTCOME_WORDS, minute

    _print_run(out, said)
    _print_lines(out, iter(lines))
    withdrawn: dict[tuple[int, str, str], list[str]] = {}
    for one in gone:
        withdrawn.setdefault((one.entry, one.at, one.now), []).append(one.record_id)
    for (entry, at, now), ids in withdrawn.items():
        named = ", ".join([*ids[:_NAMED], *(["…"] if len(ids) > _NAMED else [])])
        told = ngettext(
            "withdrawn by journal entry {entry}, {at}: {count} contract is now {now}: {ids}",
            "withdrawn by journal entry {entry}, {at}: {count} contracts are now {now}: {ids}",
            len(ids),
        )
        out.text(told.format(entry=entry, at=minute(at), count=len(ids), now=_(OUTCOME_WORDS[now]), ids=named))
    out.text(
        _("Evidence: E0 the CRM said yes; E1 read back absent; E2 listed in the CRM's bin under our user; E3 purged.")
    )
    out.text(_("This receipt does not speak about:"))
    for item in said["notCovered"]:
        out.text(f"  - {_(item)}")
    return bool(withdrawn)


def _print_run(out: Output, said: dict[str, Any]) -> None:
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


def _print_lines(out: Output, rest: Iterator[dict[str, Any]]) -> None:
    from crm_bridge.domain.outcome_words import OUTCOME_WORDS, minute

    first = next(rest, None)
    named = first is not None and "names" in first
    people = (key(_("number")), title(_("customer")), amount(_("amount"))) if named else ()
    columns = (key(_("id")), *people, _("outcome"), key(_("evidence")), amount(_("sent")), key(_("seen")), _("why"))
    rows = (
        (
            line["record"],
            *(_names(line["names"]) if named else ()),
            _(OUTCOME_WORDS[line["outcome"]]),
            line.get("evidence"),
            line["attempts"] if line["attempts"] != 1 else "",
            minute(line.get("seenAt") or ""),
            _reason_words(line.get("reason", "")),
        )
        for line in (chain([first], rest) if first is not None else rest)
    )
    out.table(columns, rows)


def _names(told: dict[str, Any]) -> tuple[object, ...]:
    worth = Decimal(told["amount"]) if told["amount"] else None
    return told["number"], told["customer"], money(worth, told["currency"])


def _reason_words(word: str) -> str:
    from crm_bridge.domain.reasons import Reason

    # A receipt may come from a newer version: what it says is shown, and nothing is decided by it.
    reason = Reason.of_word(word)
    return reason.words if reason else word


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
    read_envelope(file)
    result = check_receipt(file, keys, lines)
    if out.as_json:
        out.document("crm-bridge.receipt-check/2", result)
    else:
        _print_check(out, result)
    return 0


def _print_check(out: Output, result: dict[str, Any]) -> None:
    """Print what was proved, each thing by itself: that the journal says it is not yet that the CRM did it."""
    from crm_bridge.domain.outcome_words import OUTCOME_WORDS

    signed = _("good, by {key}").format(key=", ".join(result["keys"]))
    included = _("entry {entry} is in the journal {origin}").format(entry=result["entry"], origin=result["journal"])
    compared = _("compared with the entry") if result["lines"] else _("not there: outcomes without their evidence")
    rows = [(_("signature"), signed), (_("inclusion"), included), (_("lines"), compared), (_("run"), result["run"])]
    for one in result["outcomes"]:
        grade = f" {one['evidence']}" if one["evidence"] else ""
        rows.append((_("proved"), f"{one['count']} {_(OUTCOME_WORDS.get(one['outcome'], one['outcome']))}{grade}"))
    out.pairs(rows)
    if any(one["outcome"] != "removed" for one in result["outcomes"]):
        out.note(_("only what is removed is claimed to be gone; the evidence says how well it was seen"))


receipt.add_command(show)
receipt.add_command(issue)
receipt.add_command(verify)
