"""Obstacles: what is known beforehand to keep a contract from being deleted, and who can lift it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.contract import Contract, RecordState
from crm_bridge.domain.reasons import Reason

OF_STATE: Mapping[RecordState, Reason] = {
    RecordState.LOCKED: Reason.LOCKED,
    RecordState.IN_APPROVAL: Reason.IN_APPROVAL,
    RecordState.IN_PROCESS: Reason.IN_PROCESS,
    RecordState.READ_ONLY: Reason.SHARING,
    RecordState.TRASHED: Reason.IN_BIN,
}
"""States of a record in which the CRM refuses to delete it."""


_SET_ASIDE = 1000


def free_first(contracts: Iterable[Contract], enough: int) -> Iterator[Contract]:
    """Yield contracts in their order, but `enough` without a known obstacle before those with one.

    The first contracts of a run are a trial, and one that is known to be refused tries nothing. At most 1,000 wait.
    """
    waiting: list[Contract] = []
    for contract in contracts:
        if enough > 0 and contract.state in OF_STATE and len(waiting) < _SET_ASIDE:
            waiting.append(contract)
            continue
        yield contract
        enough -= contract.state not in OF_STATE
        if enough <= 0:
            yield from waiting
            waiting.clear()
    yield from waiting


@dataclass(frozen=True, slots=True)
class Deletability:
    """Whether this user may delete one contract, as far as the CRM tells before it is tried."""

    support: Support
    reason: Reason | None = None
    """Why not, where `support` is ABSENT."""
    hint: str = ""
    """What is missing and who can give it, where the adapter knows."""


def deletability(
    state: RecordState, step: Step, *, may: Mapping[Step, Support], why: Mapping[Step, str]
) -> Deletability:
    """Judge by what the user may do at all, then by where the contract stands."""
    right = may.get(step, Support.UNPROVEN)
    if right is Support.ABSENT:
        return Deletability(right, Reason.PERMISSION, why.get(step, ""))
    if reason := OF_STATE.get(state):
        return Deletability(Support.ABSENT, reason)
    return Deletability(Support.UNPROVEN if state is RecordState.UNKNOWN else right)
