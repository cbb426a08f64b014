"""A run as scripts and screens get it: what became of each contract, its receipt, values that stay."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.lifecycle import FOLLOW_UP, Evidence, Outcome, Status
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import OF_OUTCOME, ExitCode, weightiest
from crm_bridge.i18n import _
from crm_bridge.overwriting import check_replaceable
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.receipt import IssuedReceipt, envelope_text, is_receipt, payload_of, write_lines
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.spi.spec import ErrorRow, row_of

if TYPE_CHECKING:
    from crm_bridge.domain.restoring.forecast import Forecast
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep


_SETTLED = (Outcome.REMOVED, Outcome.RESTORED)
_MOST_KEPT = 10_000
"""Contracts that a run holds in memory; of more it reads them again from the state directory."""


@dataclass(frozen=True, slots=True)
class RunItem:
    """What became of one contract."""

    contract: Contract
    """As the plan keeps it."""
    outcome: Outcome
    """What became of it."""
    evidence: Evidence | None
    """How well its removal was observed; None where it was not removed."""
    attempts: int
    """How often its deletion was sent."""
    reason: Reason | None = None
    """Why it is not removed, or by whom it was; None for a plain removal."""
    code: str = ""
    """The CRM's own code."""
    remark: str = ""
    """What we add, such as who has to approve, or which list could not be read; sealed with the run."""
    vendor_message: str = ""
    """The CRM's own sentence, quoted; sealed with the run, in no journal."""
    meaning: str = ""
    """What `code` means, from the adapter's error table; marked for translation."""
    advice: str = ""
    """What to do about it, from the same table; marked for translation."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that this contract deserves by itself."""
        return _exit_code(self.outcome, self.reason)

    @classmethod
    def of(cls, target: Target, status: Status, said: Annotation, rows: Sequence[ErrorRow]) -> RunItem:
        """Join a plan's target with where it stands, what was said about it, and what its code means."""
        row = row_of(rows, status.code, status.reason)
        return cls(
            target.contract(),
            status.outcome,
            status.evidence,
            status.attempt,
            status.why,
            status.code,
            said.remark,
            said.vendor_message,
            row.meaning if row else "",
            row.advice if row else "",
        )


def _exit_code(outcome: Outcome, reason: Reason | None) -> ExitCode:
    return weightiest((OF_OUTCOME[outcome], reason.rule.exit_code if reason else ExitCode.OK))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt with a line per contract. `restore` brings back what its run removed."""

    issued: IssuedReceipt = field(repr=False)
    path: Path | None = None
    """Where the state directory keeps it; None where it was only read."""
    _restore: Callable[[], list[RestoreStep]] | None = field(default=None, repr=False, compare=False)
    _readable: Callable[[], AbstractContextManager[IssuedReceipt]] | None = field(
        default=None, repr=False, compare=False
    )

    def _lent(self) -> AbstractContextManager[IssuedReceipt]:
        """Lend the receipt with lines that can be read, also after the bridge was closed."""
        return nullcontext(self.issued) if self._readable is None else self._readable()

    @property
    def envelope(self) -> Mapping[str, Any]:
        """Return the DSSE envelope: the signed statement, which binds the lines by their digest."""
        return self.issued.envelope

    def lines(self) -> Iterator[dict[str, Any]]:
        """Stream what the receipt says of each contract.

        >>> [line["outcome"] for line in run.receipt().lines()]
        ['removed']
        """
        with self._lent() as issued:
            yield from map(json.loads, issued)

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write the receipt to a file, and the lines of its contracts beside it under the name in the statement.

        A file that is there and no older receipt is overwritten with `force` only. Raises UsageError.

        >>> run.receipt().write(folder / "DSR-17.json")
        """
        check_replaceable(path, is_receipt, force=force)
        if self.issued.record_id is None:
            with self._lent() as issued:
                write_lines(path.parent, issued)
        path.write_bytes(envelope_text(self.envelope))

    @property
    def statement(self) -> dict[str, Any]:
        """Return the in-toto statement inside."""
        return payload_of(self.envelope)

    def restore(self) -> list[RestoreStep]:
        """Bring back every contract that the run removed.

        >>> last = crm.delete(numbers[3], confirm=lambda plan: plan.phrase)
        >>> [step.result for step in last.receipt().restore()]
        ['restored']
        """
        if self._restore is None:
            raise CrmBridgeError(
                _("this receipt was read without a connection"), hint=_("restore its run through a connection")
            )
        return self._restore()


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A run: what became of each contract by then. It can be read when the bridge is closed; the names are read anew.

    >>> run = crm.delete(numbers[4], confirm=lambda plan: plan.phrase)
    >>> [(item.outcome.value, item.evidence.value) for item in run]
    [('removed', 'E2')]
    >>> len(run), int(run.exit_code), run.not_removed
    (1, 0, ())
    """

    info: RunInfo
    """The run as a whole, as journaled."""
    counts: Counter[Outcome] = field(compare=False)
    """How many contracts have each outcome."""
    exit_code: ExitCode = field(compare=False)
    """What outcomes and reasons deserve; a doubt outweighs the reason of a stop."""
    _left: tuple[RunItem, ...] | None = field(compare=False)
    _items: Callable[[], Iterator[RunItem]] = field(compare=False)
    _receipt: Callable[[], Receipt] = field(compare=False)
    forecast: Forecast | None = field(default=None, compare=False)
    """What was promised of a way back when its plan was confirmed; None where the plan is not kept."""
    halted: CrmBridgeError | None = None
    """Why the run stopped early, if it did."""

    @classmethod
    def of(
        cls,
        info: RunInfo,
        statuses: Counter[Status],
        items: Callable[[], Iterator[RunItem]],
        receipt: Callable[[], Receipt],
        forecast: Forecast | None = None,
        halted: CrmBridgeError | None = None,
    ) -> Run:
        """Sum up how many contracts stand where. What our user deleted beside the plan is a doubt of its own."""
        counts, code = Counter[Outcome](), ExitCode.IN_DOUBT if info.outside else ExitCode.OK
        for status, number in statuses.items():
            counts[status.outcome] += number
            code = weightiest((code, _exit_code(status.outcome, status.why)))
        if halted is not None and code is not ExitCode.IN_DOUBT:
            code = halted.exit_code
        left = counts.total() - sum(counts[outcome] for outcome in _SETTLED)
        open_items = (item for item in items() if item.outcome not in _SETTLED)
        kept = tuple(islice(open_items, left)) if left <= _MOST_KEPT else None
        return cls(info, counts, code, kept, items, receipt, forecast, halted)

    @property
    def id(self) -> str:
        """Return the run's id."""
        return self.info.id

    def __iter__(self) -> Iterator[RunItem]:
        """Stream what became of each contract, in the order of the plan."""
        return self._items()

    def __len__(self) -> int:
        """Return the number of contracts."""
        return self.info.count

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {outcome.value}" for outcome, number in sorted(self.counts.items()))
        return f"Run({self.id}, {self.info.ref.connection}: {counts})"

    @property
    def not_removed(self) -> tuple[RunItem, ...]:
        """Return every contract that the run did not remove, with the reason."""
        if self._left is not None:
            return self._left
        return tuple(item for item in self if item.outcome not in _SETTLED)

    def follow_up(self) -> list[str]:
        """Return the ids of what the run left live in the CRM: held, refused, or not attempted.

        >>> run.follow_up()
        []
        """
        left = (item for item in self.not_removed if item.outcome in FOLLOW_UP)
        return [item.contract.id for item in left if item.reason is not Reason.LAST_STEP_MISSING]

    def receipt(self) -> Receipt:
        """Issue the receipt from the journal; issued again, it says the same.

        >>> run.receipt().statement["predicate"]["counts"]
        {'removed': 1}
        """
        return self._receipt()
