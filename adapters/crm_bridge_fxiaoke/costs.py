"""What each step of the journey costs at 纷享销客: calls, from what points at contracts. There are no credits here."""

from __future__ import annotations

from collections.abc import Iterator

from crm_bridge.domain.capabilities import Limits, Step
from crm_bridge.domain.planning.cost import CallCost, contracts_at_once
from crm_bridge_fxiaoke.discovery import Discovery
from crm_bridge_fxiaoke.reading.records import LIST_MOST
from crm_bridge_fxiaoke.settings import FxiaokeSettings

_SIGNING_IN = 3
"""The token, the acting user, the list of objects."""


def costs_of(discovery: Discovery, limits: Limits, settings: FxiaokeSettings) -> Iterator[CallCost]:
    """Yield the calls of a plan in the order of the journey; rows beyond a page and files come on top."""
    relations = discovery.relations()
    details = sum(one.detail for one in relations)
    around = 1 + len({one.object.name for one in relations})
    yield CallCost("sign-in and metadata", 0, 0, times=_SIGNING_IN + discovery.described)
    yield CallCost("select", limits.find_page, 0)
    if details:
        yield CallCost("count lines", 0, 0, times=details)
    yield CallCost("back up", LIST_MOST, 0, times=around)
    if settings.assumptions.snapshot_by == "get":
        yield CallCost("back up what only a read by id shows", 1, 0)
    yield CallCost("the first contracts, and deletions beside the plan", 0, 0, times=7)
    for final in Step:
        yield CallCost("last look", contracts_at_once(limits, Step.TRASH, final=final), 0, step=final)
    yield CallCost("void", limits.trash_ids_per_call or limits.trash_batch, 0)
    yield CallCost("verify", LIST_MOST - 1, 0)
    yield from _purging(limits, around, details)


def _purging(limits: Limits, around: int, details: int) -> Iterator[CallCost]:
    step = Step.PURGE
    yield CallCost("read again", LIST_MOST, 0, times=2 * around, step=step)
    if details:
        yield CallCost("count lines once more", 1, 0, times=2, step=step)
    yield CallCost("the first contracts", 0, 0, times=7, step=step)
    yield CallCost("last look in the bin", contracts_at_once(limits, step, final=step), 0, step=step)
    yield CallCost("delete for good", limits.purge_ids_per_call or limits.purge_batch, 0, step=step)
    yield CallCost("verify that it is gone", LIST_MOST - 1, 0, step=step)
