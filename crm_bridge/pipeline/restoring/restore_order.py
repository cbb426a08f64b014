"""The order of a restore: a record that others mention comes before them.

A new record's id is then known when others are given it, and a reference to a record that comes out of the bin is there
again when others are compared with their backup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.errors import CrmBridgeError
from crm_bridge.pipeline.entries import RESTORE_OUTCOME
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.pipeline.run_log import RunLog

_OWN = (PartKind.DETAIL, PartKind.EXTRA)


def parents_first(log: RunLog, steps: Sequence[RestoreStep]) -> list[RestoreStep]:
    """Return the steps so that no contract comes before one that its own content refers to.

    Contracts that refer to each other in a circle keep their order; relinking closes the circle.
    """
    if len(steps) < 2:
        return list(steps)
    wanted = {step.ref.id: step for step in steps}
    needs = {i: found for i in wanted if (found := _needs(log, i, wanted) - {i})}
    if not needs:
        return list(steps)
    return [wanted[i] for i in _sorted({i: needs.get(i, set()) for i in wanted})]


def _needs(log: RunLog, record_id: str, wanted: Mapping[str, object]) -> set[str]:
    try:
        snapshot = log.backup_set(log.backup_of(record_id).set_id).snapshot(record_id)
    except CrmBridgeError:
        # The bin gives back what the vault lost, or what no key opens; nobody can say then what it refers to.
        return set()
    try:
        return _mentioned(snapshot, wanted)
    except (ValueError, RecursionError):
        # A value of the backup cannot be read: that costs this contract its place in the order, and no other anything.
        return set()


def _mentioned(snapshot: Snapshot, wanted: Mapping[str, object]) -> set[str]:
    raws = [snapshot.record, *(part.raw for part in snapshot.parts if part.kind in _OWN)]
    return {text for raw in raws for text in _texts(json.loads(raw)) if text in wanted}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _sorted(needs: Mapping[str, set[str]]) -> list[str]:
    left = {i: set(mentioned) for i, mentioned in needs.items()}
    while True:
        try:
            return list(TopologicalSorter(left).static_order())
        except CycleError as circle:
            # Break the circle at one edge and try again; the reference is set by relinking.
            before, after = circle.args[1][0], circle.args[1][1]
            left[after].discard(before)


def known_ids(log: RunLog) -> dict[str, str]:
    """Return old id -> new id of everything that earlier restores made anew in this organisation."""
    found: dict[str, str] = {}
    for entry, line in log.context.journal.events(op=RESTORE_OUTCOME):
        moved = line.facts.get("ids")
        if (entry.system, entry.org) == (log.context.system, log.context.profile.org_id) and isinstance(moved, dict):
            found.update({old: str(new) for old, new in moved.items() if old != new})
    return found
