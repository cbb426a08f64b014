"""Removals: which deletions of this state directory a number or an id means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crm_bridge.domain.lifecycle import EventKind
from crm_bridge.errors import AmbiguousContractError, Choice, CrmBridgeError, UsageError
from crm_bridge.i18n import _
from crm_bridge.pipeline.runs import all_runs

if TYPE_CHECKING:
    from crm_bridge.bridge.state_directory import StateDirectory
    from crm_bridge.pipeline.runs import RunInfo


@dataclass(frozen=True, slots=True)
class Removal:
    """The newest run that went through the gate with one contract of one connection."""

    run: RunInfo
    record_id: str
    number: str | None = field(default=None, repr=False)


def removals(bridge: StateDirectory, wanted: str, *, connection: str | None = None) -> list[Removal]:
    """Return one removal for each contract with this id or number, the oldest first.

    Numbers are compared by their keyed digest: the journal does not hold them. A contract with that id is meant before
    those with such a number; the same contract through two connections is two, as each is restored through its own.
    """
    runs = {run.id: run for run in all_runs(bridge.journal)}
    found = [pair for pair in _passed(bridge, wanted) if connection in (None, runs[pair[0]].ref.connection)]
    if by_id := [pair for pair in found if pair[1] == wanted]:
        found = by_id
    newest = {(runs[run_id].ref.connection, record_id): run_id for run_id, record_id in found}
    return [
        Removal(runs[run_id], record_id, None if by_id else wanted) for (_name, record_id), run_id in newest.items()
    ]


def _passed(bridge: StateDirectory, wanted: str) -> Iterator[tuple[str, str]]:
    for name in (wanted, bridge.journal.keyed_digest("number", wanted)):
        for entry, line in bridge.journal.gates_of(name):
            if line.facts.get("event") == EventKind.GATE_PASSED.value:
                yield entry.run, line.record_id


def the_removal(bridge: StateDirectory, wanted: str, *, connection: str | None = None) -> Removal:
    """Return the one removal that a number or an id means. Raises UsageError, AmbiguousContractError."""
    found = removals(bridge, wanted, connection=connection)
    if not found:
        raise UsageError(
            _("there is no run {wanted}, and no run of this journal deleted a contract {wanted}").format(wanted=wanted),
            reason="unknown_record",
            hint=_("list the runs with `crm-bridge status --runs`"),
        )
    if len(found) > 1:
        several = len({one.run.ref.connection for one in found}) > 1
        raise AmbiguousContractError(
            _("{count} contracts {wanted} were deleted").format(count=len(found), wanted=wanted),
            candidates=tuple(one.record_id for one in found),
            choices=tuple(_choice(bridge, one) for one in found),
            hint=_("name connection and id: `crm-bridge restore CONNECTION ID`")
            if several
            else _("name one by its id: {ids}").format(ids=", ".join(one.record_id for one in found)),
        )
    return found[0]


def _choice(bridge: StateDirectory, removal: Removal) -> Choice:
    """Return what people recognise a removal by; without the kept plan there is no customer."""
    run, planned = removal.run, None
    try:
        plan = bridge.open_plan(bridge.home / "plans" / f"{run.ref.plan}.plan")
        planned = next((contract for contract in plan if contract.id == removal.record_id), None)
    except CrmBridgeError:
        pass
    number = (planned.number if planned else None) or removal.number
    customer = planned.customer if planned else None
    return Choice(run.ref.connection, removal.record_id, number, customer, run.started[:10])
