"""How everything else is written: policies, notices, the demo, errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.plans import CapsDocument
from crm_bridge.cli.documents.registry import document


@document("notices/1", "`notify send --preview`")
@dataclass
class NoticesDocument:
    """Messages as they would be sent."""

    notices: list[dict[str, Any]]


@document("deliveries/1", "`notify send`, `notify test`, `notify list`")
@dataclass
class DeliveriesDocument:
    """What became of messages."""

    deliveries: list[dict[str, Any]]


@document("policy/1", "`policy show`")
@dataclass
class PolicyDocument:
    """The policy that holds for a connection."""

    connection: str
    digest: str
    name: str
    caps: CapsDocument
    holds: list[Any]
    retention: list[dict[str, Any]]
    ramp: list[int]
    noise: list[str]
    approvals: list[Any]
    problem: str
    protected_statuses: list[str]
    protected_owners: list[str]
    protected_customers: list[str]
    protected_names: list[str]
    min_age_days: int
    may_apply: list[str]
    may_purge: list[str]
    paper: list[str]
    paper_sources: Any
    no_paper: list[str]
    max_in_doubt_percent: int
    max_refused_percent: int
    bin_capacity: int | None
    min_undo_days: int
    plan_valid_hours: str
    max_attachment_mb: int
    rehearse_above: int


@document("policy-check/1", "`policy check`")
@dataclass
class PolicyCheckDocument:
    """What a policy names and the CRM does not know."""

    connection: str
    findings: list[Any]


@document("policy-explained/1", "`policy explain`")
@dataclass
class PolicyExplainedDocument:
    """Which rules hold one contract."""

    id: str
    number: str
    leaves: int
    held_by: list[Any]


@document("failpoints/1", "`debug failpoints`")
@dataclass
class FailpointsDocument:
    """Places where a test can stop the program."""

    failpoints: list[str]
    actions: list[str]


@document("demo/1", "`demo`")
@dataclass
class DemoDocument:
    """The whole journey on stand-ins."""

    home: str
    journeys: list[dict[str, Any]]


@document("error/1", "every command that fails, as the last line of standard error")
@dataclass
class ErrorDocument:
    """What happened and what to do next."""

    error: str
    reason: str
    message: str
    hint: str | None = None
    vendor_code: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    choices: list[dict[str, str]] | None = None
