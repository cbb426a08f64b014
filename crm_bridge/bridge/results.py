"""What the bridge hands out: plans, runs, receipts, as objects that stream."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_bridge.domain.lifecycle import FOLLOW_UP, Evidence, Outcome, Standing
from crm_bridge.domain.plan import Card, DeletionPlan, PlanHead, Target
from crm_bridge.domain.plan_notes import PlanNotes
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import OF_OUTCOME, ExitCode, weightiest
from crm_bridge.i18n import _
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.plan_file import PlanFile
from crm_bridge.pipeline.receipt import IssuedReceipt, envelope_text, payload_of, write_lines
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.spi.spec import ErrorRow, row_of

if TYPE_CHECKING:
    from crm_bridge.pipeline.restore_plan import RestoreStep


@dataclass(frozen=True, slots=True)
class PlannedContract:
    """One contract of a plan or run, as people recognise it."""

    id: str
    module: str
    card: Card = field(repr=False)

    @classmethod
    def of(cls, target: Target) -> PlannedContract:
        """Take it out of a plan's target."""
        return cls(target.ref.id, target.ref.module, target.card)

    @property
    def number(self) -> str | None:
        """Return the contract number."""
        return self.card.number

    @property
    def title(self) -> str | None:
        """Return the title."""
        return self.card.title


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan on disk. `digest` is what a confirmation must name."""

    file: PlanFile

    @property
    def notes(self) -> PlanNotes:
        """Return what was noticed while planning: warnings, locks, ids not found, safety rules that it breaks."""
        return self.file.plan.notes

    @property
    def head(self) -> PlanHead:
        """Return everything but the contracts."""
        return self.file.plan.head

    @property
    def deletion_plan(self) -> DeletionPlan:
        """Return the immutable value behind it."""
        return self.file.plan

    @property
    def digest(self) -> str:
        """Return the plan's digest, 64 hex digits."""
        return self.file.plan.digest

    @property
    def count(self) -> int:
        """Return the number of contracts."""
        return self.file.plan.count

    @property
    def phrase(self) -> str:
        """Return the words that confirm this plan when typed."""
        return self.file.plan.phrase()

    @property
    def path(self) -> Path:
        """Return where the plan is kept."""
        return self.file.path

    def __iter__(self) -> Iterator[PlannedContract]:
        """Stream the contracts of the plan."""
        return (PlannedContract.of(target) for target in self.file.targets())

    def summary(self) -> str:
        """Return a few plain lines about the plan: what, where, how much, until when."""
        head = self.head
        lines = [
            f"{self.count} x {head.module} @ {head.connection} ({head.environment}), {head.step.value}",
            self.file.plan.totals.money(),
            f"{head.made_at.isoformat(timespec='minutes')} .. {head.expires_at.isoformat(timespec='minutes')}",
            f"digest {self.digest}",
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class RunItem:
    """What became of one contract."""

    contract: PlannedContract
    outcome: Outcome
    evidence: Evidence | None
    attempts: int
    reason: Reason | None = None
    code: str = ""
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
        return weightiest((OF_OUTCOME[self.outcome], self.reason.rule.exit_code if self.reason else ExitCode.OK))

    @classmethod
    def of(cls, target: Target, standing: Standing, said: Annotation, rows: Sequence[ErrorRow]) -> RunItem:
        """Join a plan's target with where it stands, what was said about it, and what its code means."""
        row = row_of(rows, standing.code, standing.reason)
        return cls(
            PlannedContract.of(target),
            standing.outcome,
            standing.evidence,
            standing.attempt,
            standing.reason,
            standing.code,
            said.remark,
            said.vendor_message,
            row.meaning if row else "",
            row.advice if row else "",
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt with a line per contract. `restore` brings back what its run removed."""

    issued: IssuedReceipt = field(repr=False)
    path: Path | None = None
    _restore: Callable[[], list[RestoreStep]] | None = field(default=None, repr=False, compare=False)

    @property
    def envelope(self) -> Mapping[str, Any]:
        """Return the DSSE envelope: the signed statement, which binds the lines by their digest."""
        return self.issued.envelope

    def lines(self) -> Iterator[dict[str, Any]]:
        """Stream what the receipt says of each contract."""
        return (json.loads(line) for line in self.issued)

    def write(self, path: Path) -> None:
        """Write the receipt to a file, and the lines of its contracts beside it under the name in the statement."""
        if self.issued.record_id is None:
            write_lines(path.parent, self.issued)
        path.write_bytes(envelope_text(self.envelope))

    @property
    def statement(self) -> dict[str, Any]:
        """Return the in-toto statement inside."""
        return payload_of(self.envelope)

    def restore(self) -> list[RestoreStep]:
        """Bring back every contract that the run removed."""
        if self._restore is None:
            raise CrmBridgeError(
                _("this receipt was read without a connection"), hint=_("restore its run through a connection")
            )
        return self._restore()


@dataclass(frozen=True, slots=True)
class Run:
    """A run, read from the journal: iterate over it for what became of each contract."""

    info: RunInfo
    _items: Callable[[], Iterator[RunItem]] = field(repr=False, compare=False)
    _receipt: Callable[[], Receipt] = field(repr=False, compare=False)
    halted: CrmBridgeError | None = None
    """Why the run stopped early, if it did."""

    @property
    def id(self) -> str:
        """Return the run's id."""
        return self.info.id

    def __iter__(self) -> Iterator[RunItem]:
        """Stream what became of each contract, in the order of the plan."""
        return self._items()

    def counts(self) -> Counter[Outcome]:
        """Return how many contracts have each outcome."""
        return Counter(item.outcome for item in self)

    def follow_up(self) -> list[str]:
        """Return the ids of what the run left in the CRM: held, refused, or not attempted."""
        return [item.contract.id for item in self if item.outcome in FOLLOW_UP]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that outcomes and reasons deserve; a doubt outweighs the reason of a stop."""
        code = weightiest(item.exit_code for item in self)
        return self.halted.exit_code if self.halted is not None and code is not ExitCode.IN_DOUBT else code

    def receipt(self) -> Receipt:
        """Issue the receipt from the journal; issued again, it says the same."""
        return self._receipt()
