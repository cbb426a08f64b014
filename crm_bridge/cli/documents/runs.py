"""How runs are written, and what became of each contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.contracts import CardDocument
from crm_bridge.cli.documents.registry import document


@dataclass
class OutcomeDocument(CardDocument):
    """What became of one contract in a run."""

    outcome: str
    evidence: str | None
    attempts: int
    reason: str | None
    code: str | None
    remark: str | None
    advice: str | None
    vendor_message: str | None = None


@dataclass
class UndoDocument:
    """How a run is brought back, until when, and what will not be the same."""

    command: str
    route: str
    bin_until: str | None
    backup_until: str | None
    not_the_same: dict[str, str]
    not_the_same_from_backup: dict[str, str]


@dataclass
class OutsideDocument:
    """What our user deleted beside the plan while a run lasted."""

    count: int
    ids: list[str]


@document("run/1", "`apply`, `delete`, `status`, `resume`, `verify`")
@dataclass
class RunDocument:
    """A run, with what became of each contract."""

    run_id: str
    plan: str
    connection: str
    complete: bool
    counts: dict[str, int]
    outcomes: list[OutcomeDocument]
    deleted_outside: OutsideDocument | None
    receipt: str | None
    undo: UndoDocument | None
    halted: dict[str, Any] | None = None


@dataclass
class RunRowDocument:
    """One run in a list."""

    run_id: str
    connection: str
    started: str
    count: int
    step: str
    complete: bool
    plan: str


@document("runs/1", "`status --runs`")
@dataclass
class RunsDocument:
    """All runs of a state directory."""

    runs: list[RunRowDocument]
