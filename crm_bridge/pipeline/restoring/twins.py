"""Twins: live contracts that have the number of one that was brought back, typed in again meanwhile for instance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crm_bridge import failpoints
from crm_bridge.domain.filters.where import where
from crm_bridge.errors import CrmBridgeError
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.find import find_contracts
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.spi.adapter import Query

_NUMBERS_AT_ONCE = 50


class Twins:
    """Looks for them after a restore: one query for up to 50 numbers."""

    def __init__(self, context: RunContext) -> None:
        """Look where the run deleted."""
        self._context = context

    def named(self, steps: Sequence[RestoreStep]) -> list[RestoreStep]:
        """Return the steps, each that came back with the ids of other live contracts that have its number."""
        back = {step.ref.id: step.new_ref.id for step in steps if step.result == "restored" and step.new_ref}
        try:
            numbers = self._numbers(steps, back)
            live = self._live(numbers, back)
        except CrmBridgeError:
            # The contracts are back, and a module may have no field for numbers: that changes nothing about either.
            return list(steps)
        return [
            replace(step, twins=tuple(sorted(live[numbers[step.ref.id]] - {back[step.ref.id]})))
            if step.ref.id in numbers
            else step
            for step in steps
        ]

    def _numbers(self, steps: Iterable[RestoreStep], back: Mapping[str, str]) -> dict[str, str]:
        """Return number by id: from the plan, or, where nothing of it is kept, as the contracts have them now."""
        if known := {step.ref.id: step.number for step in steps if step.number}:
            return {key: number for key, number in known.items() if key in back}
        old = {new: key for key, new in back.items()}
        found = find_contracts(self._context.adapter, Query(where=None, ids=tuple(old))) if old else ()
        return {old[one.id]: one.number for one in found if one.number and one.id in old}

    def _live(self, numbers: Mapping[str, str], back: Mapping[str, str]) -> Mapping[str, set[str]]:
        live: dict[str, set[str]] = defaultdict(set)
        # What came back may not be listed yet.
        for record_id, number in numbers.items():
            live[number].add(back[record_id])
        for batch in batches(dict.fromkeys(numbers.values()), _NUMBERS_AT_ONCE):
            with failpoints.step("restore.seen"):
                for contract in find_contracts(self._context.adapter, Query(where=where.number.one_of(batch))):
                    if contract.number in live:
                        live[contract.number].add(contract.id)
        return live
