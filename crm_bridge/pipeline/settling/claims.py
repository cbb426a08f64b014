"""Claims of runs: what the runs of this journal asked the CRM to do with a record, and what it answered."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from crm_bridge.domain.absence import Asked, Claim
from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.lifecycle import Event, EventKind
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import GATE, INTENT, OUTCOME, RESTORE_INTENT, RESTORE_OUTCOME, JournaledEvent, history

_TELLING = frozenset({INTENT, OUTCOME, "reconcile", RESTORE_INTENT, RESTORE_OUTCOME})


class Claims:
    """Claims of runs on deletions: read once per run, asked for each record that is not there."""

    def __init__(self, context: RunContext, *, but: str = "") -> None:
        """Read nothing yet; the run `but` is left out."""
        self._context = context
        self._but = but
        self._runs: dict[str, dict[str, list[_Act]]] = {}

    def of(self, record_id: str, *, until: datetime | None = None) -> Claim:
        """Return the strongest claim of any run on a record, by what was journaled until a moment."""
        asked: dict[Step, Asked] = {}
        route = ""
        for act in self._acts(record_id):
            if until is not None and act.at > until:
                break
            step, kind = act.event.step, act.event.kind
            if kind is EventKind.RESTORE_INTENDED:
                route = act.route
            elif kind is not EventKind.RESTORE_DONE:
                asked[step] = asked.get(step, Asked()).after(kind, act.event.reason)
            elif route == Route.UNTRASH:
                # It left the bin: that it is listed again takes another deletion. A re-created one has another id.
                asked.clear()
        claim = Claim.NONE
        for one in asked.values():
            claim = claim.or_stronger(one.claim)
        return claim

    def _acts(self, record_id: str) -> list[_Act]:
        """Return what runs did about a record, over all runs that looked at it in their gates, in order."""
        mark = hash(record_id)
        runs = (run for run, marks in self._gated.items() if _holds(marks, mark))
        acts = [act for run in runs for act in self._run(run).get(record_id, ())]
        return sorted(acts, key=lambda act: act.seq)

    @cached_property
    def _gated(self) -> Mapping[str, Sequence[int]]:
        """The runs of this module, each with the sorted hashes of the ids in its gates: eight bytes a contract."""
        place = (self._context.system, self._context.profile.org_id, self._context.profile.module)
        found: dict[str, set[int]] = {}
        for gate in self._context.journal.entries(op=GATE):
            if gate.run != self._but and (gate.system, gate.org, gate.module) == place:
                found.setdefault(gate.run, set()).update(
                    hash(one.record_id) for one in self._context.journal.lines(gate)
                )
        return {run: array("q", sorted(marks)) for run, marks in found.items()}

    def _run(self, run: str) -> dict[str, list[_Act]]:
        if run not in self._runs:
            acts: dict[str, list[_Act]] = {}
            shared: dict[_Act, _Act] = {}
            for told in history(self._context.journal, run):
                if told.entry.op in _TELLING:
                    act = _Act.of(told)
                    acts.setdefault(told.line.record_id, []).append(shared.setdefault(act, act))
            self._runs[run] = acts
        return self._runs[run]


def _holds(marks: Sequence[int], mark: int) -> bool:
    """Return whether a sorted sequence holds a value. Two ids may share a hash: what they did is looked up by id."""
    at = bisect_left(marks, mark)
    return at < len(marks) and marks[at] == mark


@dataclass(frozen=True, slots=True)
class _Act:
    """One event of one contract, as far as a claim needs it."""

    seq: int
    at: datetime
    event: Event
    route: str

    @classmethod
    def of(cls, told: JournaledEvent) -> _Act:
        at = datetime.fromisoformat(told.entry.ts)
        return cls(told.entry.seq, at, told.event, str(told.line.facts.get("route", "")))
