"""Proving a tenant: the open questions of 纷享销客 and how each is looked into, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from pydantic import BaseModel

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.facts import Observed
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.i18n import N_
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.proving import ProvingStage, Question, answers
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.proofs.drafts import Drafts
from crm_bridge_fxiaoke.proofs.ours import OwnProofs
from crm_bridge_fxiaoke.proofs.reading import ReadingProofs
from crm_bridge_fxiaoke.wire import Record

_WOULD_DISTURB = N_("finding out would slow down or lock out others who use this tenant")
_NOT_MET = N_("none of the contracts that were made was in this state")
_TAKES_DAYS = N_("finding out takes days")
_NO_LISTENER = N_("only a subscriber of the tenant's events could tell")
_UNASKED = {
    "A-11": _NOT_MET,
    "A-20": _WOULD_DISTURB,
    "A-21": _WOULD_DISTURB,
    "A-22": _TAKES_DAYS,
    "A-25": _NO_LISTENER,
    "A-27": _WOULD_DISTURB,
    "A-28": _TAKES_DAYS,
}
"""Questions that no look answers, and why."""


class FxiaokeProving:
    """The questions about one tenant. It outlives adapters, which are made anew with what was found."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        self._before: dict[str, Record] = {}
        self._targets: dict[str, str | None] = {}
        self._lined = False

    def look(self, adapter: Adapter, stage: ProvingStage, refs: Sequence[ContractRef]) -> Iterable[Observed]:
        """Yield what a stage shows; a question that fails ends alone."""
        ours = _ours(adapter)
        questions: Iterable[Question]
        if stage is ProvingStage.READING:
            yield from (Observed(name, why=why) for name, why in _UNASKED.items())
            reading = ReadingProofs(ours.client, ours.records, ours.discovery, ours.fields)
            questions = reading.questions()
        else:
            questions = [partial(one, refs) for one in self._proofs(ours).questions(stage)]
        yield from answers(questions)

    def again(self, adapter: Adapter, settings: BaseModel) -> Adapter:
        """Return an adapter of the same user with the same descriptions."""
        return _ours(adapter).again(settings)

    def draft(self, adapter: Adapter, label: tuple[str, str], template: Snapshot | None, *, whole: bool) -> Snapshot:
        """Return a contract to create, with the label in its field."""
        ours = _ours(adapter)
        drafts = Drafts(ours.records, ours.discovery, ours.fields, ours.client, self._targets)
        made = drafts.draft(label, template, whole=whole)
        self._lined |= bool(made.parts)
        return made

    def tidy(self, adapter: Adapter, refs: Sequence[ContractRef]) -> None:
        """Void and delete lines of contracts of ours that did not follow them."""
        ours = _ours(adapter)
        proofs = self._proofs(ours)
        for name, row in proofs.lines(*(ref.id for ref in refs)) if refs else ():
            one = {"dataObjectApiName": name, "object_data_id": row}
            ours.client.change(ours.records.path(name, "invalid"), one)
            many = {"dataObjectApiName": name, "idList": [row]}
            ours.client.change(ours.records.path(name, "delete"), many)

    def _proofs(self, ours: FxiaokeAdapter) -> OwnProofs:
        return OwnProofs(ours.client, ours.records, ours.discovery, ours.fields.object, self._before, lined=self._lined)


def _ours(adapter: Adapter) -> FxiaokeAdapter:
    assert isinstance(adapter, FxiaokeAdapter), "made by this package's own spec"
    return adapter
