"""Removing what a proof created, also after it was killed: found by its labels and by the journal, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_bridge.bridge.proving.own_contracts import OwnContracts
from crm_bridge.bridge.proving.proof_record import ProofRecord
from crm_bridge.domain.absence import Place
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.where import where
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _
from crm_bridge.pipeline.entries import RESTORE_INTENT, RESTORE_OUTCOME
from crm_bridge.pipeline.runs import run_of_plan
from crm_bridge.spi.adapter import FieldInfo

if TYPE_CHECKING:
    from crm_bridge.bridge.proving.prover import Prover

LAG_SECONDS = 10
"""Wait for queries to know of what was done a moment ago, where no longer lag was observed."""


def label_field(fields: Iterable[FieldInfo]) -> FieldInfo:
    """Return the text of a contract that carries the label: its title, else its number. Raises UsageError."""
    known = {one.meaning: one for one in fields if one.writable and not one.options and not one.target}
    found = known.get("title") or known.get("number")
    if found is None:
        raise UsageError(
            _("no text field of the contracts can carry a label"),
            reason="no_label_field",
            hint=_('name one in the connection: fields = { title = "FIELD" }'),
        )
    return found


class Cleaning:
    """Removes the contracts of one proof, wherever each of them is."""

    def __init__(self, prover: Prover, record: ProofRecord) -> None:
        """Use the connection of a proof."""
        self._prover = prover
        self._crm = prover.crm
        self._record = record

    @property
    def own(self) -> OwnContracts:
        """Return the verbs for these contracts, with the adapter of now."""
        return OwnContracts(self._crm.context, self._record)

    def clean(self, live: Iterable[str] | None = None) -> int:
        """Remove everything and return how many contracts are left; `live` are known to be all, else it is looked."""
        if live is None:
            self._settle_runs()
            places = self._everywhere()
        else:
            places = dict.fromkeys(live, Place.LIVE)
        left = self._remove(places) if places else 0
        self._prover.proving.tidy(self._crm.context.adapter, self.own.refs({*self._record.made.values(), *places}))
        for label in sorted(self._record.open):
            self._record.settle(self._crm.context, label, None)
        self._record.end(self._crm.context, left)
        return left

    def _remove(self, places: dict[str, Place]) -> int:
        """Move what is live to the bin and what is in the bin out of it; return what is not gone then."""
        live = [one for one, place in places.items() if place is Place.LIVE]
        if live:
            self.own.remove(Step.TRASH, live)
        purged: list[str] = []
        if binned := [*live, *(one for one, place in places.items() if place is Place.IN_BIN)]:
            purged = self.own.remove(Step.PURGE, binned)
        doubtful = {one for one, place in places.items() if place is not Place.GONE and one not in purged}
        after = self.own.places(sorted(doubtful)) if doubtful else {}
        self.own.wait()
        seen = {one.id for one in self.find(limit=1)}
        return len(seen | {one for one, place in after.items() if place is not Place.GONE})

    def find(self, *, limit: int | None = None) -> list[Contract]:
        """Return the live contracts that carry a label of this proof."""
        meaning = label_field(self._crm.profile().fields).meaning or ""
        found = self._crm.find(getattr(where, meaning).starts_with(self._record.prefix), limit=limit)
        return [one for one in found if getattr(one, meaning) in self._record.labels]

    def _everywhere(self) -> dict[str, Place]:
        """Return where everything is that this proof created: by its ids in the journal, and by its labels."""
        self.own.wait(LAG_SECONDS)
        ids = {*self._record.made.values(), *self._recreated(), *(one.id for one in self.find())}
        return self.own.places(sorted(ids)) if ids else {}

    def _settle_runs(self) -> None:
        """End what was begun: the run, and a re-creation of which nothing but a crash is known."""
        for digest in self._record.plans:
            info = run_of_plan(self._crm.context.journal, digest)
            if info is None:
                continue
            try:
                self._crm.resume(info.id)
                if half := self._half_restored(info.id):
                    self._crm.restore(info.id, ids=half)
            except CrmBridgeError:
                continue  # what it left is looked for by id and by label all the same

    def _half_restored(self, run_id: str) -> list[str]:
        """Return the ids whose re-creation began and has no outcome: there may be a copy."""
        journal, half = self._crm.context.journal, dict[str, None]()
        for entry in journal.entries(run=run_id):
            if entry.op not in (RESTORE_INTENT, RESTORE_OUTCOME):
                continue
            for line in journal.lines(entry):
                half.pop(line.record_id, None)
                if entry.op == RESTORE_INTENT:
                    half[line.record_id] = None
        return list(half)

    def _recreated(self) -> list[str]:
        """Return the ids of contracts that were created again from the backup."""
        journal, found = self._crm.context.journal, list[str]()
        for digest in self._record.plans:
            if (info := run_of_plan(journal, digest)) is not None:
                events = journal.events(run=info.id, op=RESTORE_OUTCOME)
                found += [str(line.facts["new_id"]) for _entry, line in events if line.facts.get("new_id")]
        return found
