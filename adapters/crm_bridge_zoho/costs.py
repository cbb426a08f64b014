"""What each step of the journey costs at Zoho: calls and credits, from the module's metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from crm_bridge.domain.capabilities import Limits, Step
from crm_bridge.domain.planning.cost import CallCost, contracts_at_once
from crm_bridge_zoho.module.contract_module import ATTACHMENTS, NOTES, ContractModule
from crm_bridge_zoho.module.record_states import FIRST, IDS_A_CALL
from crm_bridge_zoho.reading.bins import PAGE as BIN_PAGE
from crm_bridge_zoho.reading.coql import credits_of
from crm_bridge_zoho.reading.hanging import FEWEST
from crm_bridge_zoho.reading.inbound import IDS_A_QUERY
from crm_bridge_zoho.reading.subform_rows import SubformRows
from crm_bridge_zoho.snapshotter import FULL_TEXT_IDS

QUERY_TIERS = ((200, 1), (1000, 2), (2000, 3))
"""Credits of a query by its LIMIT."""
QUERY = QUERY_TIERS[-1][1]
IDS_BESIDE_A_CONTROL = 49
"""Ids in a list of a query that proves itself, as long as nobody sets another length."""
READ_AGAIN = 100
"""Contracts that the core reads again together."""
IDS_A_CREDIT = 100
"""Mass delete costs one credit for so many records [users' reports; Zoho's table has no line for it]."""


def costs_of(contract_module: ContractModule, limits: Limits, queried: frozenset[str]) -> tuple[CallCost, ...]:
    """Return the calls of a plan in the order of the journey. `queried`: lists and subforms that queries take."""
    return (
        *_selecting(limits),
        *_copying(contract_module, limits.snapshot_batch, queried),
        *_reading_again(contract_module, queried),
        *_removing(limits),
        *_purging(limits),
    )


def _selecting(limits: Limits) -> Iterator[CallCost]:
    yield CallCost("sign-in and metadata", 0, times=6)
    yield CallCost("count", 0)
    yield CallCost("select", limits.find_page, QUERY, tiers=QUERY_TIERS)
    yield CallCost("locks, approvals, processes", IDS_A_CALL, first=FIRST)


def _copying(contract_module: ContractModule, batch: int, queried: frozenset[str]) -> Iterator[CallCost]:
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
    around = [name for name in (NOTES, ATTACHMENTS) if name in lists]
    yield from _copying_rows(sorted(columns.by_id), around, queried)


def _copying_rows(by_id: Sequence[str], around: Sequence[str], queried: frozenset[str]) -> Iterator[CallCost]:
    """Yield what the lists around contracts cost, and the fields that only a read by id shows."""
    subforms = set(by_id) & queried
    for name in (*sorted(subforms), *(name for name in around if name in queried)):
        price = credits_of(SubformRows.limit) if name in subforms else 1
        yield CallCost(f"whether queries take {name}, and the control itself", 0, times=2, least=FEWEST)
        yield CallCost(f"find a control for {name}", 0, price, least=FEWEST)
        if name in subforms:
            yield CallCost("metadata of rows", 0, times=2)
        yield CallCost(f"look for {name}", IDS_BESIDE_A_CONTROL, price, least=FEWEST)
    unknown = [name for name in around if name not in queried]
    if each := bool(set(by_id) - queried) + len(unknown):
        yield CallCost("back up rows, notes and lists of files", 1, times=each, least=FEWEST)
    if each := bool(by_id) + len(around):
        yield CallCost("the same for few contracts", 1, times=each, most=FEWEST - 1)


def _reading_again(contract_module: ContractModule, queried: frozenset[str]) -> Iterator[CallCost]:
    """Yield what is read once more before the first step of a deletion for good, a hundred contracts at a time."""
    for cost in _copying(contract_module, READ_AGAIN, queried):
        if cost.contracts:
            at_most = min(cost.contracts, READ_AGAIN)
            yield replace(cost, what=f"{cost.what} again", contracts=at_most, step=Step.PURGE)


def _removing(limits: Limits) -> Iterator[CallCost]:
    yield CallCost("the first contracts", 0, times=5)
    for fast in (False, True):
        batch = limits.batch(Step.TRASH, fast=fast)
        for final in Step:
            looked_at = contracts_at_once(limits, Step.TRASH, final=final, fast=fast)
            yield CallCost("last look", looked_at, QUERY, tiers=QUERY_TIERS, fast=fast, step=final)
        price = -(-batch // IDS_A_CREDIT) if fast else 1
        tiers = tuple((at, at // IDS_A_CREDIT) for at in range(IDS_A_CREDIT, batch, IDS_A_CREDIT)) if fast else ()
        yield CallCost("delete", batch, price, tiers=tiers, fast=fast)
    yield from _verifying(limits, None)


def _verifying(limits: Limits, step: Step | None) -> Iterator[CallCost]:
    yield CallCost("verify", limits.locate_batch, step=step)
    yield CallCost("look into the bin", BIN_PAGE, step=step)
    yield CallCost("a page of the bin read twice", limits.locate_batch if step is None else BIN_PAGE, step=step)


def _purging(limits: Limits) -> Iterator[CallCost]:
    step = Step.PURGE
    yield CallCost("the first contracts", 0, times=8, step=step)
    yield CallCost(
        "last look", contracts_at_once(limits, Step.PURGE, final=Step.PURGE), QUERY, tiers=QUERY_TIERS, step=step
    )
    yield CallCost("look into the bin", limits.purge_batch, step=step)
    yield CallCost("delete for good", limits.purge_batch, step=step)
    yield from _verifying(limits, step)
    yield CallCost("list of deletions", limits.purge_batch, 2, step=step)
