"""Who gets which message: everybody of `to` all contracts, an owner their own ones, nobody two messages."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crm_bridge.bridge import Bridge, Plan, Run
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.outcome_words import OUTCOME_WORDS
from crm_bridge.harmless import plain
from crm_bridge.i18n import N_, _, speaking
from crm_bridge.notify.message import Notice, NoticeTopic
from crm_bridge.notify.templates import fill
from crm_bridge.notify_file import ChannelTable, NotifyTable
from crm_bridge.report.tables import fields_of, write_rows

_LINES = 20
"""Contracts in the text; mail has all of them in its table."""
_LABELS: Mapping[str, str] = {
    "id": N_("Id"),
    "number": N_("Number"),
    "title": N_("Title"),
    "customer": N_("Customer"),
    "status": N_("Status"),
    "amount": N_("Amount"),
    "owner": N_("Owner"),
    "outcome": N_("Outcome"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One contract that a message tells of, and what became of it; empty while it is only planned."""

    contract: Contract
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What messages are about: a run or an announced plan, and the words that fill their templates."""

    topic: NoticeTopic
    about: str
    contracts: tuple[Told, ...]
    words: Mapping[str, str] = field(default_factory=dict)


def about_run(bridge: Bridge, run: Run) -> Subject:
    """Return what is told of a run."""
    undo = bridge.undo(run)
    until = (undo.bin_until or undo.backup_until) if undo else None
    words = {
        "connection": run.info.ref.connection,
        "who": run.info.confirmed_by,
        "when": f"{run.info.started[:16].replace('T', ' ')} UTC",
        "reason": _reason(bridge, run.info.ref.plan),
        "undo": f"crm-bridge restore {run.id}" + (f" ({until})" if until else "") if undo else "-",
    }
    return Subject(NoticeTopic.RUN, run.id, tuple(Told(one.contract, one.outcome.value) for one in run), words)


def about_plan(plan: Plan, *, who: str, deadline: str) -> Subject:
    """Return what is told of an announced plan."""
    words = {
        "connection": plan.head.connection,
        "who": who,
        "deadline": deadline,
        "reason": plan.head.reason or "-",
    }
    return Subject(NoticeTopic.PLAN, plan.digest, tuple(Told(one) for one in plan), words)


def _reason(bridge: Bridge, digest: str) -> str:
    path = bridge.home / "plans" / f"{digest}.plan"
    return (bridge.open_plan(path).head.reason if path.exists() else "") or "-"


def notices(table: NotifyTable, home: Path, subject: Subject) -> Iterator[Notice]:
    """Yield a message for each recipient of each channel."""
    folder = home / Path(table.templates).expanduser() if table.templates else None
    for channel, own in table.channels.items():
        with speaking(own.language):
            made = [
                _notice(table, folder, channel, own, subject, recipient, contracts)
                for recipient, contracts in recipients(channel, own, subject.contracts)
            ]
        yield from made


def recipients(channel: str, table: ChannelTable, contracts: Iterable[Told]) -> Iterator[tuple[str, tuple[Told, ...]]]:
    """Yield each recipient of a channel, once, with the contracts it is told of."""
    every = tuple(contracts)
    if table.kind != "smtp":
        yield channel, every
        return
    whole = {address.lower(): address for address in table.to}
    yield from ((address, every) for address in whole.values())
    theirs: dict[str, list[Told]] = {}
    for one in every:
        address = table.owners.get(one.contract.owner or "", "")
        if address and address.lower() not in whole:
            theirs.setdefault(address.lower(), []).append(one)
    yield from ((address, tuple(own)) for address, own in theirs.items())


def owners_without_address(table: NotifyTable, subject: Subject) -> tuple[str, ...]:
    """Return the owners whom no channel knows, as far as a channel names owners at all."""
    known = {owner for channel in table.channels.values() for owner in channel.owners}
    owners = {one.contract.owner or "-" for one in subject.contracts} if known else set[str]()
    return tuple(sorted(owners - known))


def _notice(
    table: NotifyTable,
    folder: Path | None,
    channel: str,
    own: ChannelTable,
    subject: Subject,
    recipient: str,
    contracts: tuple[Told, ...],
) -> Notice:
    shown = ("id", *table.show, *(("outcome",) if subject.topic is NoticeTopic.RUN else ()))
    counts = Counter(one.outcome for one in contracts)
    facts = {
        **{name: plain(value) for name, value in subject.words.items()},
        "channel": channel,
        "about": subject.about,
        "count": str(len(contracts)),
        "outcomes": ", ".join(f"{count} {_(OUTCOME_WORDS.get(name, name))}" for name, count in sorted(counts.items())),
        "contracts": "\n".join(_lines(shown, contracts)),
    }
    title, text = fill(folder, subject.topic, own.language, facts)
    output = io.BytesIO()
    if own.kind == "smtp" and contracts:
        write_rows("csv", [_(_LABELS[name]) for name in shown], (_row(shown, one) for one in contracts), output)
    return Notice(subject.topic, subject.about, channel, recipient, title, text, output.getvalue())


def _lines(shown: tuple[str, ...], contracts: tuple[Told, ...]) -> Iterator[str]:
    for one in contracts[:_LINES]:
        yield "  ".join(plain(value) for value in _row(shown, one).values() if value)
    if (more := len(contracts) - _LINES) > 0:
        yield _("and {count} more").format(count=more)


def _row(shown: tuple[str, ...], told: Told) -> dict[str, str | None]:
    values = fields_of(told.contract)
    amount = f"{values['currency'] or ''} {values['amount']}".strip() if values["amount"] else None
    outcome = _(OUTCOME_WORDS[told.outcome]) if told.outcome else ""
    return {name: {**values, "amount": amount, "outcome": outcome}[name] for name in shown}
