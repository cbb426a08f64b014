"""How receipts look: as JSON lines, and what they say, prove and no longer say for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key, title
from crm_bridge.domain.money import money
from crm_bridge.domain.outcome_words import OUTCOME_WORDS, minute
from crm_bridge.domain.reasons import Reason
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _, ngettext

if TYPE_CHECKING:
    from crm_bridge.pipeline.receipt import Withdrawal

_NAMED = 5
"""Withdrawn contracts that are named on the screen."""


def report_receipt(
    out: Output, statement: dict[str, Any], lines: Iterable[dict[str, Any]], gone: Iterable[Withdrawal]
) -> int:
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
    # A receipt may come from a newer version: what it says is shown, and nothing is decided by it.
    reason = Reason.of_word(word)
    return reason.words if reason else word


def receipt_check(out: Output, result: dict[str, Any]) -> None:
    """Print what was proved, each thing by itself: that the journal says it is not yet that the CRM did it."""
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
