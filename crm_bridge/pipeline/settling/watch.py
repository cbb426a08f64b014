"""Watch: look again, days after a run, whether what it removed came back: as itself, under another id, or as a copy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.tree import Filter
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.planning.protection import folded
from crm_bridge.domain.planning.target import Card, Target
from crm_bridge.i18n import N_
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import GATE, statuses
from crm_bridge.pipeline.find import find_contracts
from crm_bridge.pipeline.runs import RunInfo, all_runs
from crm_bridge.spi.adapter import Query

WATCHED = "watch.done"
HORIZON = timedelta(minutes=15)
"""What was created so lately may not be listed yet: a CRM's lists may lag. The next watch asks for it again."""
_SOON = timedelta(days=7)


class ComebackKind(StrEnum):
    """Kinds of coming back."""

    SAME_ID = "same_id"
    """The record itself is live again."""
    SAME_NUMBER = "same_number"
    """Another record has its number."""
    COPY = "copy"
    """Another record, made since, has its title, customer and amount."""
    HOLD = "hold"
    """It is gone, and on the hold list now."""


KIND_WORDS: Mapping[str, str] = {
    "same_id": N_("live again"),
    "same_number": N_("another record has its number"),
    "copy": N_("another record has its title, customer and amount"),
    "hold": N_("on the hold list now"),
}


@dataclass(frozen=True, slots=True)
class Comeback:
    """One removed contract that asks for a look, and the record that was found."""

    kind: ComebackKind
    """What was found."""
    record_id: str
    """Id of the removed contract."""
    found_id: str
    """Id of the record that was found; empty for `hold`."""
    says: str = ""
    """Its number, or the reason on the hold list."""


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What one look at a run found."""

    run: str
    """Id of the run."""
    connection: str
    """Name of the connection."""
    point: str
    """Which look it was, such as `7d`."""
    removed: int
    """Contracts that are gone."""
    found: tuple[Comeback, ...]
    """Contracts that ask for a look."""
    until: str
    """Up to when new records are listed for certain; ISO 8601, UTC."""
    bin_until: str | None
    """The last day in the CRM's bin, where it is near."""
    proven: bool
    """Whether both listings were proven complete."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def due(journal: Journal, points: Sequence[tuple[str, timedelta]], now: datetime) -> Iterator[tuple[RunInfo, str]]:
    """Yield each run with the latest point that has come and was not looked at."""
    done = {(entry.run, str(entry.body["point"])) for entry in journal.entries(op=WATCHED)}
    for info in all_runs(journal):
        passed = [name for name, span in points if datetime.fromisoformat(info.started) + span <= now]
        if passed and (info.id, passed[-1]) not in done:
            yield info, passed[-1]


def watch(context: RunContext, info: RunInfo, targets: Sequence[Target], point: str) -> WatchReport:
    """Look for what a run removed under other ids, compare the hold list, and journal what was found.

    The run was verified just before: what is live under its own id is known from there. Raises CrmError: a look that
    failed is none.
    """
    now = context.clock.now()
    stands = statuses(context.journal, info.id)
    removed = [one for one in targets if stands[one.ref.id].outcome is Outcome.REMOVED] if stands else []
    found = [
        Comeback(ComebackKind.SAME_ID, one, one)
        for one, status in stands.items()
        if status.outcome is Outcome.REAPPEARED
    ]
    since = datetime.fromisoformat(info.started).replace(microsecond=0) - context.policy.allowed_skew
    candidates, proven = _candidates(context, since, removed)
    found += _others(context, info, removed, candidates, since)
    found += _held(context, removed)
    days = context.profile.limits.bin_days
    in_bin = days is not None and info.step == Step.TRASH.value and removed
    end = datetime.fromisoformat(info.started) + timedelta(days=days or 0)
    report = WatchReport(
        info.id,
        info.ref.connection,
        point,
        len(removed),
        tuple(found),
        (now - HORIZON).isoformat(timespec="minutes"),
        end.date().isoformat() if in_bin and end - now <= _SOON else None,
        proven,
    )
    _journal(context, info, report)
    return report


def _others(
    context: RunContext, info: RunInfo, removed: Sequence[Target], candidates: Iterable[Contract], since: datetime
) -> Iterator[Comeback]:
    """Yield records with the number of a removed contract, or made since with the same content."""
    digests = {
        str(line.facts["number"]): line.record_id
        for entry in context.journal.entries(run=info.id, op=GATE)
        for line in context.journal.lines(entry)
        if "number" in line.facts
    }
    gone = {target.ref.id for target in removed}
    contents: dict[tuple[str, ...] | None, str] = {
        key: target.ref.id for target in removed if (key := _content(target.card))
    }
    for contract in candidates:
        if contract.id in gone:
            continue
        digest = context.journal.keyed_digest("number", contract.number) if contract.number else ""
        if (old := digests.get(digest)) in gone:
            yield Comeback(ComebackKind.SAME_NUMBER, str(old), contract.id, contract.number or "")
        elif (key := _content(Card.of(contract))) in contents and contract.created and contract.created >= since:
            yield Comeback(ComebackKind.COPY, contents[key], contract.id, contract.number or "")


def _candidates(context: RunContext, since: datetime, removed: Sequence[Target]) -> tuple[Collection[Contract], bool]:
    """Return what has one of the numbers, whenever it was made, and everything that was made since."""
    trees: list[Filter] = []
    if numbers := [target.card.number for target in removed if target.card.number]:
        trees.append(where.number.one_of(numbers))
    if context.profile.field_map["created"]:
        trees.append(where.created >= since)
    found: dict[str, Contract] = {}
    proven = bool(trees)
    for tree in trees:
        listing = find_contracts(context.adapter, Query(where=tree), stop=context.stop)
        found.update((one.id, one) for one in listing)
        proven = proven and listing.completeness is not None and listing.completeness.proven
    return found.values(), proven


def _content(card: Card) -> tuple[str, ...] | None:
    """Return what a copy has in common with a contract; None where too little is known to tell."""
    if not (card.title and card.customer and card.amount is not None):
        return None
    return card.title, card.customer, str(card.amount.normalize()), card.currency or "", str(card.start)


def _held(context: RunContext, removed: Sequence[Target]) -> Iterator[Comeback]:
    """Yield what was removed and stands on the hold list now: there may still be time to bring it back."""
    holds = {folded(entry.key): entry.reason for entry in context.rules.holds}
    for target in removed if holds else ():
        for key in (target.ref.id, target.card.number or ""):
            if folded(key) in holds:
                yield Comeback(ComebackKind.HOLD, target.ref.id, "", holds[folded(key)])
                break


def _journal(context: RunContext, info: RunInfo, report: WatchReport) -> None:
    body: dict[str, JsonValue] = {
        "connection": report.connection,
        "point": report.point,
        "removed": report.removed,
        "until": report.until,
    }
    lines = [{"id": one.record_id, "found": one.found_id, "kind": one.kind.value} for one in report.found]
    with failpoints.step("watch.journal"):
        context.journal.append(
            [NewEntry(WATCHED, context.system, info.org, info.module, info.ref.plan, info.id, body=body, lines=lines)]
        )
