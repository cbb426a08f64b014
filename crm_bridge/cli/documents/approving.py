"""How approvals of plans and those who give them are written."""

from __future__ import annotations

from dataclasses import dataclass

from crm_bridge.cli.documents.registry import document


@dataclass
class ApprovalDocument:
    """One approval; `problem` says why it does not count."""

    name: str
    key: str
    at: str
    expires: str
    problem: str | None


@document("approvals/1", "`approvals list`")
@dataclass
class ApprovalsDocument:
    """The approvals behind a plan, and the rules that are not fulfilled."""

    digest: str
    count: int
    approvals: list[ApprovalDocument]
    missing: list[str]


@document("approval-key/1", "`approvals key`")
@dataclass
class ApprovalKeyDocument:
    """What the author of a plan needs of an approver."""

    key: str
    fingerprint: str
    reader: str


@dataclass
class MemberDocument:
    """Someone who may approve plans."""

    name: str
    key: str
    reader: str
    user: str


@document("team/1", "`team list`")
@dataclass
class TeamDocument:
    """Everybody who may approve plans."""

    members: list[MemberDocument]
