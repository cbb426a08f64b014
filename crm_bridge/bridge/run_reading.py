"""A run as the journal tells it, with the names that its kept plan holds; readable after the bridge was closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crm_bridge.bridge.run_result import Receipt, Run, RunItem
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.plan import Target
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.pipeline.annotations import Annotations
from crm_bridge.pipeline.entries import statuses
from crm_bridge.pipeline.planning.plan_file import PlanFile, open_plan
from crm_bridge.pipeline.receipt import IssuedReceipt, issue_receipt, write_receipt
from crm_bridge.pipeline.runs import RunInfo, find_run

if TYPE_CHECKING:
    from crm_bridge.bridge.state_directory import StateDirectory
    from crm_bridge.journal.store import Journal
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.spi.spec import ErrorRow


def read_run(
    bridge: StateDirectory,
    info: RunInfo,
    *,
    file: PlanFile | None = None,
    halted: CrmBridgeError | None = None,
    restore: Callable[[], list[RestoreStep]] | None = None,
) -> Run:
    """Return a run; `file` is its plan where that was read already. With `restore`, receipts are kept and can restore.

    Without the plan there are no names, and no contracts that nothing has happened to yet.
    """
    kept = bridge.home / "plans" / f"{info.ref.plan}.plan"
    read_with, rows = bridge.journal, _errors_of(info.system)

    def plan(journal: Journal) -> PlanFile | None:
        if file is not None and journal is read_with:
            return file
        return open_plan(kept, journal=journal, digest=info.ref.plan) if kept.exists() else None

    def items() -> Iterator[RunItem]:
        with bridge.reading_journal() as journal:
            places, known = statuses(journal, info.id), plan(journal)
            said = Annotations(kept.parent, info.id, journal)
            nameless = (Target(ContractRef(info.module, record_id), "") for record_id in sorted(places))
            for target in known.targets() if known else nameless:
                record_id = target.ref.id
                yield RunItem.of(target, places[record_id], said.of(record_id), rows)

    def receipt() -> Receipt:
        with bridge.reading_journal() as journal:
            issued = issue_receipt(journal, find_run(journal, info.id))
            path = write_receipt(bridge.receipts, info.id, issued) if restore else None

        @contextmanager
        def readable() -> Iterator[IssuedReceipt]:
            with bridge.reading_journal() as now:
                yield issued if now is journal else issue_receipt(now, find_run(now, info.id))

        return Receipt(issued, path, restore, readable)

    return Run.of(info, items, receipt, halted)


def _errors_of(system: str) -> Sequence[ErrorRow]:
    """Return what an adapter's codes mean; nothing where it is not installed: a run can be looked at without it."""
    from crm_bridge.registry import load_adapter

    try:
        return load_adapter(system).errors
    except UsageError:
        return ()
