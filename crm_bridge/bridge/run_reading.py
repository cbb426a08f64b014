"""A run as the journal tells it, with the names that its kept plan holds; readable after the bridge was closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crm_bridge.bridge.run_result import Receipt, Run, RunItem
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.target import Target
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.pipeline.annotations import Annotations
from crm_bridge.pipeline.entries import statuses
from crm_bridge.pipeline.planning.plan_file import PlanFile, open_plan
from crm_bridge.pipeline.receipt import IssuedReceipt, issue_receipt, write_receipt
from crm_bridge.pipeline.runs import RunInfo, find_run

if TYPE_CHECKING:
    from crm_bridge.bridge.state_directory import StateDirectory
    from crm_bridge.columns import FactColumn
    from crm_bridge.domain.lifecycle import Status
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.spi.spec import ErrorRow


def read_run(
    bridge: StateDirectory,
    info: RunInfo,
    *,
    file: PlanFile | None = None,
    places: FactColumn[Status] | None = None,
    halted: CrmBridgeError | None = None,
    restore: Callable[[], list[RestoreStep]] | None = None,
) -> Run:
    """Return a run; with `restore`, receipts are kept and can restore.

    `file` is its plan and `places` where its contracts stand, for whom has read them already.
    Without the plan there are no names, and no contracts that nothing has happened to yet.
    """
    kept = bridge.home / "plans" / f"{info.ref.plan}.plan"
    if file is None and kept.exists():
        file = open_plan(kept, journal=bridge.journal, digest=info.ref.plan)
    known = statuses(bridge.journal, info.id) if places is None else places
    rows, said = _errors_of(info.system), Annotations(kept.parent, info.id, bridge.journal)

    def items() -> Iterator[RunItem]:
        nameless = (Target(ContractRef(info.module, record_id), "") for record_id in sorted(known))
        for target in file.targets() if file else nameless:
            record_id = target.ref.id
            yield RunItem.of(target, known[record_id], said.of(record_id), rows)

    def receipt() -> Receipt:
        with bridge.reading_journal() as journal:
            issued = issue_receipt(journal, find_run(journal, info.id), numbers=known.numbers)
            path = write_receipt(bridge.receipts, info.id, issued) if restore else None

        @contextmanager
        def readable() -> Iterator[IssuedReceipt]:
            with bridge.reading_journal() as now:
                yield issued if now is journal else issue_receipt(now, find_run(now, info.id))

        return Receipt(issued, path, restore, readable)

    counts = known.counts(file.plan.count if file else len(known))
    return Run.of(info, counts, items, receipt, file.plan.head.forecast if file else None, halted)


def _errors_of(system: str) -> Sequence[ErrorRow]:
    """Return what an adapter's codes mean; nothing where it is not installed: a run can be looked at without it."""
    from crm_bridge.registry import load_adapter

    try:
        return load_adapter(system).errors
    except UsageError:
        return ()
