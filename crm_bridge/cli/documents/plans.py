"""How plans are written, with what each way back returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.contracts import CardDocument
from crm_bridge.cli.documents.registry import document


@dataclass
class ForecastRowDocument:
    """What becomes of one thing on each way back."""

    kind: str
    thing: str
    label: str
    untrash: str
    recreate: str
    untrash_note: str
    recreate_note: str


@dataclass
class ForecastDocument:
    """What each way back will bring back."""

    untrash: str
    recreate: str
    bin_days: int | None
    until: str | None
    rows: list[ForecastRowDocument]


@dataclass
class CapsDocument:
    """How much one plan may be."""

    max_contracts: int | None
    max_leaves: int | None
    max_share: int | None
    share_from: int
    max_per_customer: int | None
    max_amount: dict[str, Any]


@document("plan-outline/1", "`plan show` without the plan's key")
@dataclass
class PlanOutlineDocument:
    """As much of another installation's plan as stands in clear."""

    digest: str
    count: int
    connection: str
    step: str
    rule: str
    origin: str
    made_at: str
    expires_at: str
    ids: list[str]


@document("plan/1", "`plan`, `plan show`, `delete` before it is confirmed")
@dataclass
class PlanDocument:
    """An immutable plan."""

    digest: str
    count: int
    phrase: str
    file: str
    id: str
    connection: str
    adapter: str
    org: str
    module: str
    user: str
    environment: str
    step: str
    automations: bool
    fast: bool
    made_at: str
    boot: str
    mono_ms: int
    expires_at: str
    assumptions: list[str]
    facts: dict[str, Any] | None
    side_effects: list[str]
    rule: str
    origin: str
    forecast: ForecastDocument
    where: str
    reason: str
    author: str
    amounts: dict[str, str]
    notes: dict[str, Any]
    predicted: dict[str, Any] | None = None
    rehearsal: dict[str, Any] | None = None
    contracts: list[CardDocument] | None = None


@dataclass
class OddityDocument:
    """One reason why a contract is not like the others of its plan."""

    rule: str
    message: str


@document("outlier/1", "`plan outliers` (a line each)")
@dataclass
class OutlierDocument:
    """A contract of a plan that is not like the others."""

    id: str
    number: str | None
    acknowledged: bool
    reasons: list[OddityDocument]


@document("objection/1", "`object`")
@dataclass
class ObjectionDocument:
    """An objection, and whether it holds the contract."""

    id: str
    number: str
    held: bool
    deadline: str
