"""How restores are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@dataclass
class MeasuredDocument:
    """One contract compared with its backup."""

    fields: int
    rows: int
    files: int
    files_equal: int
    differences: list[dict[str, Any]]
    surprises: int


@dataclass
class RestoredDocument:
    """What became of one contract in a restore."""

    id: str
    route: str | None
    result: str
    new_id: str | None
    reason: str | None
    lost: list[str]
    until: str | None
    number: str | None
    measured: MeasuredDocument | None
    warning: str | None
    message: str | None
    same_number: list[str]


@document("restore/1", "`restore`")
@dataclass
class RestoreDocument:
    """A restore, with what was measured afterwards."""

    run_id: str
    dry_run: bool
    outcomes: list[RestoredDocument]
    measured: dict[str, int]


@document("relink/1", "`restore --relink`")
@dataclass
class RelinkDocument:
    """References of other records, pointed at contracts that came back."""

    run_id: str
    digest: str
    count: int
    applied: bool
    contracts: list[dict[str, Any]]
