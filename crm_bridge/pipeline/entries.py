"""Journal entries of a run: how events of contracts are written down, and read back as where the contracts stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from crm_bridge.columns import FactColumn
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, EventKind, Evidence, Status, advance
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import Entry, NewEntry
from crm_bridge.journal.format.lines import Line
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext

RUN_START = "run.start"
RUN_END = "run.end"
PLAN_MADE = "plan.made"
RESTORE_START = "restore.start"
NOTIFIED = "notify.done"

BACKUP, GATE, INTENT, OUTCOME, VERIFY = "backup", "gate", "intent", "outcome", "verify"
RESTORE_INTENT, RESTORE_OUTCOME = "restore.intent", "restore.outcome"

_IN_GATES = frozenset({EventKind.GATE_PASSED, EventKind.HELD, EventKind.FOUND_ABSENT})
_FACTS = frozenset({"event", "step", "attempt", "evidence", "reason", "code"})


def op_of(kind: EventKind) -> str:
    """Return the `op` of the entries that hold an event: one for each kind of thing that is done to a batch."""
    if kind in _IN_GATES:
        return GATE
    for op in (RESTORE_INTENT, RESTORE_OUTCOME):
        if kind.value.startswith(op):
            return op
    return kind.value.partition(".")[0]


_OPS = {kind: op_of(kind) for kind in EventKind}


@dataclass(frozen=True, slots=True)
class RunRef:
    """One run: its id and the plan that it carries out."""

    id: str
    plan: str
    connection: str


class ContractEvent(NamedTuple):
    """One event of one contract, about to be journaled."""

    record_id: str
    event: Event
    extra: Mapping[str, JsonValue] = MappingProxyType({})


def event_entries(context: RunContext, run: RunRef, notes: Sequence[ContractEvent]) -> list[NewEntry]:
    """Return one entry per kind of event, with a line per contract; ids, codes and digests, never names or amounts.

    The order of events of one contract is kept: a second event of it begins new entries.
    """
    groups: dict[str, list[ContractEvent]] = {}
    new_entries: list[NewEntry] = []
    grouped: set[str] = set()
    for note in notes:
        if note.record_id in grouped:
            new_entries += [_batch(context, run, op, group) for op, group in groups.items()]
            groups, grouped = {}, set()
        grouped.add(note.record_id)
        groups.setdefault(_OPS[note.event.kind], []).append(note)
    return new_entries + [_batch(context, run, op, group) for op, group in groups.items()]


def _batch(context: RunContext, run: RunRef, op: str, notes: Sequence[ContractEvent]) -> NewEntry:
    first = notes[0].event
    if all(note.event is first or note.event == first for note in notes):
        shared, lines = share([note.extra for note in notes])
        shared = {**_facts(first), **shared}
    else:
        shared, lines = share([{**_facts(note.event), **note.extra} for note in notes])
    named = [{"id": note.record_id, **line} for note, line in zip(notes, lines, strict=True)]
    return contract_entry(context, run, op, named, {"adapter": context.adapter_version, **shared})


def _facts(event: Event) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {"event": event.kind.value, "step": event.step.value}
    if event.attempt:
        facts["attempt"] = event.attempt
    if event.evidence:
        facts["evidence"] = event.evidence.value
    if event.reason:
        facts["reason"] = event.reason.value
    if event.code:
        facts["code"] = event.code
    return facts


def share(
    facts: Sequence[Mapping[str, JsonValue]],
) -> tuple[dict[str, JsonValue], Sequence[Mapping[str, JsonValue]]]:
    """Return the facts that all have in common, and what each adds to them. Numbers stay with their contract."""
    shared = {
        key: value
        for key, value in facts[0].items()
        # A value of another type may be equal and stand for something else.
        if key != "number" and all(key in one and one[key] == value and type(one[key]) is type(value) for one in facts)
    }
    if not shared:
        return shared, facts
    return shared, [{key: value for key, value in one.items() if key not in shared} for one in facts]


def contract_entry(
    context: RunContext, run: RunRef, op: str, lines: Sequence[Mapping[str, JsonValue]], body: Mapping[str, JsonValue]
) -> NewEntry:
    """Return an entry about contracts of a run: a line for each, and in `body` what is true of all of them."""
    return context.entry(op, body, plan=run.plan, run=run.id, lines=lines)


def run_entry(context: RunContext, run: RunRef, op: str, body: Mapping[str, JsonValue]) -> NewEntry:
    """Return an entry about the run as a whole."""
    return contract_entry(
        context, run, op, (), {"adapter": context.adapter_version, "connection": run.connection, **body}
    )


def event_of(facts: Mapping[str, Any]) -> Event | None:
    """Read an event of one contract back from the facts of its line; None for lines about anything else."""
    name = facts.get("event")
    if not isinstance(name, str):
        return None
    evidence, attempt = facts.get("evidence"), facts.get("attempt", 0)
    return Event(
        EventKind(name),
        Step(str(facts.get("step", Step.TRASH.value))),
        attempt if isinstance(attempt, int) else 0,
        Evidence(evidence) if isinstance(evidence, str) else None,
        _reason_of(facts.get("reason")),
        str(facts.get("code", "")),
    )


def _reason_of(word: object) -> Reason | None:
    reason = Reason.of_word(word)
    if word is not None and reason is None:
        # What is not understood may decide what is done next.
        raise JournalError(
            _("the journal gives a reason that this version does not know"),
            reason="unknown_reason",
            hint=_("use the version of crm-bridge that wrote it, or a newer one"),
        )
    return reason


class JournaledEvent(NamedTuple):
    """One event of one contract as the journal tells it."""

    entry: Entry
    line: Line
    event: Event


def history(journal: Journal, run: str) -> Iterator[JournaledEvent]:
    """Yield every event of a run's contracts, in order. Lines that say nothing of their own share one value."""
    for entry in journal.entries(run=run):
        common = event_of(entry.body)
        for line in journal.lines(entry):
            plain = common is not None and _FACTS.isdisjoint(line.own)
            if event := common if plain else event_of(line.facts):
                yield JournaledEvent(entry, line, event)


class Fold:
    """Where contracts stand: the fold over their events."""

    def __init__(self, final: Step, numbers: dict[str, int] | None = None) -> None:
        """Begin with contracts that nothing has happened to, in a run whose plan ends with the step `final`."""
        self.statuses = FactColumn({} if numbers is None else numbers, Status(final=final))
        self._last: tuple[Status, Event, Status] | None = None

    def after(self, before: Status, event: Event) -> Status:
        """Return the status after one more event. Raises JournalError for an event that cannot follow."""
        last = self._last
        if last is not None and last[0] is before and (last[1] is event or last[1] == event):
            return last[2]
        after = advance(before, event)
        self._last = before, event, after
        return after

    def take(self, record_id: str, event: Event) -> None:
        """Take in one event of one contract."""
        self.statuses[record_id] = self.after(self.statuses[record_id], event)


def last_step(journal: Journal, run: str) -> Step:
    """Return the step with which a run's plan ends."""
    start = next(journal.entries(run=run, op=RUN_START), None)
    return Step(str(start.body["step"])) if start and start.body.get("step") else Step.TRASH


def statuses(journal: Journal, run: str) -> FactColumn[Status]:
    """Return where every contract of a run stands, by record id: the fold over the run's entries."""
    fold = Fold(last_step(journal, run))
    for told in history(journal, run):
        fold.take(told.line.record_id, told.event)
    return fold.statuses


def first_intents(journal: Journal, run: str, numbers: dict[str, int]) -> FactColumn[datetime | None]:
    """Return when the first intent of each contract was journaled: deletions before that are not ours."""
    found = FactColumn[datetime | None](numbers, None)
    for entry in journal.entries(run=run, op=INTENT):
        moment = datetime.fromisoformat(entry.ts)
        for line in journal.lines(entry):
            if line.record_id not in found:
                found[line.record_id] = moment
    return found


def last_intents(journal: Journal, run: str, record_ids: Iterable[str]) -> dict[str, Entry]:
    """Return the entry of the last intent of each of these contracts."""
    wanted = frozenset(record_ids)
    found: dict[str, Entry] = {}
    for entry in journal.entries(run=run, op=INTENT):
        found.update({line.record_id: entry for line in journal.lines(entry) if line.record_id in wanted})
    return found
