"""What each step of the journey costs at Zoho: calls and credits, from the module's metadata."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crm_bridge.domain.capabilities import Limits, Step
from crm_bridge.domain.planning.cost import CallCost
from crm_bridge.domain.planning.pace import contracts_at_once
from crm_bridge_zoho.module.contract_module import ATTACHMENTS, NOTES, ContractModule
from crm_bridge_zoho.module.record_states import FIRST, IDS_A_CALL
from crm_bridge_zoho.reading.bins import PAGE as BIN_PAGE
from crm_bridge_zoho.reading.inbound import IDS_A_QUERY
from crm_bridge_zoho.snapshotter import FULL_TEXT_IDS

QUERY_TIERS = ((200, 1), (1000, 2), (2000, 3))
"""Credits of a query by its LIMIT."""
QUERY = QUERY_TIERS[-1][1]
READ_AGAIN = 100
"""Contracts that the core reads again together."""
IDS_A_CREDIT = 100
"""Mass delete costs one credit for so many records [users' reports; Zoho's table has no line for it]."""


def costs_of(contract_module: ContractModule, limits: Limits) -> tuple[CallCost, ...]:
    """Return the calls of a plan in the order of the journey."""
    return (
        *_selecting(limits),
        *_copying(contract_module, limits.snapshot_batch),
        *_reading_again(contract_module),
        *_removing(limits),
        *_purging(limits),
    )


def _selecting(limits: Limits) -> Iterator[CallCost]:
    yield CallCost("sign-in and metadata", 0, times=6)
    yield CallCost("count", 0)
    yield CallCost("select", limits.find_page, QUERY, tiers=QUERY_TIERS)
    yield CallCost("locks, approvals, processes", IDS_A_CALL, first=FIRST)


def _copying(contract_module: ContractModule, batch: int) -> Iterator[CallCost]:
    columns = contract_module.columns
    yield CallCost(
        "back up",
        batch,
        QUERY,
        times=1 + len(columns.slices),
        tiers=QUERY_TIERS,
    )
    if columns.rich_texts:
        yield CallCost("back up long texts", FULL_TEXT_IDS)
    lists = {one.api_name: one for one in contract_module.related if one.module and one.type != "multiselectlookup"}
    pointing = len({one.module for name, one in lists.items() if name not in (NOTES, ATTACHMENTS)})
    if pointing:
        yield CallCost("metadata of related modules", 0, times=pointing)
        yield CallCost("back up links", IDS_A_QUERY, QUERY, times=pointing, tiers=QUERY_TIERS)
    each = bool(columns.by_id) + sum(name in lists for name in (NOTES, ATTACHMENTS))
    if each:
        yield CallCost("back up rows, notes and lists of files", 1, times=each)


def _reading_again(contract_module: ContractModule) -> Iterator[CallCost]:
    """Yield what is read once more before the first step of a deletion for good, a hundred contracts at a time."""
    for cost in _copying(contract_module, READ_AGAIN):
        if cost.contracts:
            at_most = min(cost.contracts, READ_AGAIN)
            yield replace(cost, what=f"{cost.what} again", contracts=at_most, step=Step.PURGE)


def _removing(limits: Limits) -> Iterator[CallCost]:
    yield CallCost("the first contracts", 0, times=5)
    for fast in (False, True):
        batch = limits.batch(Step.TRASH, fast=fast)
        looked_at = contracts_at_once(limits, Step.TRASH, final=Step.TRASH, fast=fast)
        yield CallCost("last look", looked_at, QUERY, tiers=QUERY_TIERS, fast=fast)
        price = -(-batch // IDS_A_CREDIT) if fast else 1
        tiers = tuple((at, at // IDS_A_CREDIT) for at in range(IDS_A_CREDIT, batch, IDS_A_CREDIT)) if fast else ()
        yield CallCost("delete", batch, price, tiers=tiers, fast=fast)
    yield from _verifying(limits, None)


def _verifying(limits: Limits, step: Step | None) -> Iterator[CallCost]:
    yield CallCost("verify", limits.locate_batch, step=step)
    yield CallCost("look into the bin", BIN_PAGE, step=step)
    yield CallCost("a page of the bin read twice", limits.locate_batch, step=step)


def _purging(limits: Limits) -> Iterator[CallCost]:
    step = Step.PURGE
    yield CallCost("the first contracts", 0, times=6, step=step)
    yield CallCost(
        "last look", contracts_at_once(limits, Step.PURGE, final=Step.PURGE), QUERY, tiers=QUERY_TIERS, step=step
    )
    yield CallCost("look into the bin", limits.purge_batch, step=step)
    yield CallCost("delete for good", limits.purge_batch, step=step)
    yield from _verifying(limits, step)
    yield CallCost("list of deletions", BIN_PAGE, 2, step=step)
