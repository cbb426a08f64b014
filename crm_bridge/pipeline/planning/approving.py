"""Approving a plan: the signature of a second person behind its foot, and the gate that asks for it at every door."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.domain.planning.approval import Approval, ApprovalRule, Member
from crm_bridge.domain.planning.plan import PlanHead, Totals
from crm_bridge.errors import ConfirmationError
from crm_bridge.i18n import _
from crm_bridge.journal.format.dsse import pae
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.planning.plan_seal import APPROVAL
from crm_bridge.pipeline.planning.plan_sharing import extend_plan
from crm_bridge.pipeline.planning.team import fingerprint, read_team


@dataclass(frozen=True, slots=True)
class JudgedApproval:
    """One approval behind a plan, and why it does not count; empty where it does."""

    name: str
    """Of the member; the key's fingerprint where it is nobody's."""
    key: str
    at: str
    expires: str
    problem: str


def approve_plan(
    file: PlanFile, key: Ed25519PrivateKey, *, now: datetime, hours: float | None, output: Path
) -> Approval:
    """Sign a plan and write it with the approval to `output`; it holds for so many hours, else as long as the plan."""
    head, public = file.plan.head, key.public_key().public_bytes_raw().hex()
    ends = head.expires_at if hours is None else min(head.expires_at, now + timedelta(hours=hours))
    moment = now.replace(microsecond=0)
    approval = Approval(file.plan.digest, public, moment, ends.replace(microsecond=0))
    signature = base64.b64encode(key.sign(_signed(approval))).decode()
    extend_plan(file, output, {"schema": APPROVAL, "statement": approval.as_json(), "signature": signature})
    return approval


def _signed(approval: Approval) -> bytes:
    return pae(APPROVAL, canonical_bytes(approval.as_json()))


def collect_approvals(file: PlanFile, copies: list[PlanFile], output: Path) -> int:
    """Write a plan with the approvals of its copies to `output`; return how many were new. Raises ConfirmationError."""
    known = [*file.trailers]
    for copy in copies:
        if copy.plan.digest != file.plan.digest:
            raise ConfirmationError(
                _("{path} is a copy of another plan").format(path=copy.path), reason="other_plan_approved"
            )
        known += [one for one in copy.trailers if one["schema"] == APPROVAL and one not in known]
    added = known[len(file.trailers) :]
    extend_plan(file, output, *added)
    return len(added)


def judged(
    file: PlanFile, team: Mapping[str, Member] | None, *, now: datetime, own_key: str
) -> Iterator[JudgedApproval]:
    """Yield each approval with what is wrong with it; `own_key` is that of the machine that carries plans out.

    Without a team (elsewhere) nothing is said about whose key it is.
    """
    members = {one.key: one for one in (team or {}).values()}
    for trailer in (one for one in file.trailers if one["schema"] == APPROVAL):
        try:
            approval = Approval.from_json(trailer["statement"])
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(approval.key))
            public.verify(base64.b64decode(trailer["signature"], validate=True), _signed(approval))
        except (InvalidSignature, KeyError, TypeError, ValueError, AttributeError):
            yield JudgedApproval("?", "", "", "", _("its signature is wrong"))
            continue
        member = members.get(approval.key)
        problem = approval.problem(file.plan.digest, file.plan.head.made_at, now=now)
        if team is not None:
            problem = problem or _stranger(member, approval.key, file, own_key)
        at, expires = approval.as_json()["at"], approval.as_json()["expires"]
        mark = fingerprint(approval.key)
        yield JudgedApproval(member.name if member else mark, mark, str(at), str(expires), problem)


def _stranger(member: Member | None, key: str, file: PlanFile, own_key: str) -> str:
    if member is None:
        return _("the key is nobody's of the team")
    if key == own_key or (member.user and member.user == file.plan.head.author):
        return _("nobody approves a plan of their own")
    return ""


def needed(rules: Iterable[ApprovalRule], head: PlanHead, totals: Totals) -> tuple[ApprovalRule, ...]:
    """Return the rules that ask for a second person for a plan."""
    return tuple(
        rule
        for rule in rules
        if rule.applies(step=head.step.value, origin=head.origin, count=totals.count, amounts=totals.amounts)
    )


def missing(rules: tuple[ApprovalRule, ...], approvals: list[JudgedApproval]) -> list[ApprovalRule]:
    """Return the rules that the approvals which count do not fulfil; each member counts once."""
    names = frozenset(one.name for one in approvals if not one.problem)
    return [rule for rule in rules if rule.counted(names) < rule.needed]


def check_approvals(context: RunContext, file: PlanFile) -> list[JsonValue]:
    """Return the fingerprints of the keys that approved a plan, for the journal. Raises ConfirmationError."""
    rules = needed(context.rules.approvals, file.plan.head, file.plan.totals)
    if not rules:
        return []
    team = read_team(context.home, context.journal)
    approvals = [*judged(file, team, now=context.clock.now(), own_key=context.own_approver())]
    if lacking := missing(rules, approvals):
        needs = (_("this plan needs an approval: {rule}").format(rule=rule.text()) for rule in lacking)
        wrong = (f"{one.name}: {one.problem}" for one in approvals if one.problem)
        raise ConfirmationError(
            "; ".join([*needs, *wrong]),
            reason="approval_missing",
            hint=_("a colleague approves it with `crm-bridge approve FILE`; see `crm-bridge approvals list FILE`"),
        )
    return [*sorted({one.key for one in approvals if not one.problem})]


def facts_of(approvals: list[JudgedApproval]) -> list[dict[str, Any]]:
    """Return approvals as JSON."""
    return [
        {"name": one.name, "key": one.key, "at": one.at, "expires": one.expires, "problem": one.problem or None}
        for one in approvals
    ]
