"""Proving an org: what Zoho's pages leave open and how each of it is looked into, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.facts import Observed
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.i18n import N_
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.proving import ProvingStage, Question, answers
from crm_bridge_zoho.adapter import ZohoAdapter
from crm_bridge_zoho.proofs.drafts import Drafts

_UNASKED = {
    "Z-04": N_("it would take a deletion of a hundred contracts; the batch is made smaller when Zoho refuses one"),
    "Z-05": N_("only a workflow rule of the org could tell"),
    "Z-14": N_("it would take a deletion that names a contract of somebody else"),
}
"""Questions that no look answers, and why."""


class ZohoProving:
    """The questions about one org. It outlives adapters, which are made anew with what was found."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        self._before: dict[str, dict[str, Any]] = {}

    def look(self, adapter: Adapter, stage: ProvingStage, refs: Sequence[ContractRef]) -> Iterable[Observed]:
        """Yield what a stage shows; a question that fails ends alone."""
        questions: Iterable[Question]
        if stage is ProvingStage.READING:
            yield from (Observed(name, why=why) for name, why in _UNASKED.items())
            questions = _ours(adapter).reading_proofs().questions()
        else:
            proofs = _ours(adapter).own_proofs(self._before)
            questions = [partial(one, refs) for one in proofs.questions(stage)]
        yield from answers(questions)

    def again(self, adapter: Adapter, settings: BaseModel) -> Adapter:
        """Return an adapter of the same client and module."""
        return _ours(adapter).again(settings)

    def draft(self, adapter: Adapter, label: tuple[str, str], template: Snapshot | None, *, whole: bool) -> Snapshot:
        """Return a contract to create, with the label in its field."""
        ours = _ours(adapter)
        return Drafts(ours.client, ours.coql, ours.contract_module).draft(label, template, whole=whole)

    def tidy(self, adapter: Adapter, refs: Sequence[ContractRef]) -> None:
        """Do nothing: rows, notes and files go with their contract."""


def _ours(adapter: Adapter) -> ZohoAdapter:
    assert isinstance(adapter, ZohoAdapter), "made by this package's own spec"
    return adapter
