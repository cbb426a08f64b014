"""A receipt: a small signed statement about a run, and a line per contract that it binds. A pure function of facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.i18n import N_

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:crm-bridge:deletion-receipt:2"

NOT_COVERED = (
    N_("backups that the CRM's vendor keeps"),
    N_("exports, reports and mails that left the CRM before"),
    N_("other systems that were given a copy of the record"),
    N_("this installation's own backup, until it is shredded"),
)
"""Everything that no receipt can speak about; printed on every one."""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One contract of a run as journaled. Times are the journal's texts."""

    record_id: str
    outcome: str
    evidence: str
    attempts: int
    reason: str = ""
    code: str = ""
    backup: Mapping[str, JsonValue] | None = None
    """Set, file and SHA-256 of the sealed file that holds the copy."""
    intent_at: str = ""
    sent_at: str = ""
    answered_at: str = ""
    request_id: str = ""
    """The vendor's name for the call, as it came with the answer."""
    seen_at: str = ""
    control: str = ""
    program: str = ""
    adapter: str = ""


def line_bytes(line: ReceiptLine) -> bytes:
    """Return the line of one contract in canonical form; facts that there are none of are left out."""
    full: dict[str, JsonValue] = {
        "record": line.record_id,
        "outcome": line.outcome,
        "evidence": line.evidence,
        "attempts": line.attempts,
        "reason": line.reason,
        "code": line.code,
        "backup": dict(line.backup) if line.backup else None,
        "intentAt": line.intent_at,
        "sentAt": line.sent_at,
        "answeredAt": line.answered_at,
        "requestId": line.request_id,
        "seenAt": line.seen_at,
        "control": line.control,
        "program": line.program,
        "adapter": line.adapter,
    }
    return canonical_bytes({key: value for key, value in full.items() if value not in ("", None)})


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """The run as a whole, as journaled."""

    run: str
    plan: str
    connection: str
    system: str
    org: str
    module: str
    crm_user: str
    step: str
    confirmed_by: str
    confirmed_how: str
    confirmed_at: str
    started_at: str
    ended_at: str
    policy: Mapping[str, JsonValue]
    """Keyed digest of the policy, the caps that were raised for the plan, and the rules that released contracts."""
    approvals: Sequence[JsonValue]
    """Fingerprints of the keys that approved the plan."""
    complete: bool
    counts: Mapping[str, JsonValue]
    lines: Mapping[str, JsonValue]
    """Count, root and SHA-256 of the lines, as the journal entry that ends the run sealed them."""
    entry: int
    """Sequence number of that entry; the inclusion proof is of this entry."""
    inclusion: str
    """The proof, as C2SP tlog-proof text."""
    entry_text: str
    """The entry itself, so that the proof can be checked without the journal."""


def lines_name(run: str) -> str:
    """Return the name of the file that holds the lines of a run's receipt."""
    return f"{run}.receipt.jsonl"


def statement_bytes(facts: ReceiptFacts, contract: Mapping[str, JsonValue] | None = None) -> bytes:
    """Return the in-toto statement of a run in canonical form.

    `contract` is the line of one contract with the path to the sealed root: then the receipt speaks of that one alone.
    """
    not_covered: list[JsonValue] = list(NOT_COVERED)
    predicate: dict[str, JsonValue] = {
        "run": facts.run,
        "plan": facts.plan,
        "connection": facts.connection,
        "system": facts.system,
        "org": facts.org,
        "module": facts.module,
        "crmUser": facts.crm_user,
        "step": facts.step,
        "confirmation": {"by": facts.confirmed_by, "how": facts.confirmed_how, "at": facts.confirmed_at},
        "startedAt": facts.started_at,
        "endedAt": facts.ended_at,
        "policy": dict(facts.policy),
        "approvals": list(facts.approvals),
        "complete": facts.complete,
        "counts": dict(facts.counts),
        "lines": dict(facts.lines),
        "notCovered": not_covered,
        "entryIndex": facts.entry,
        "entry": facts.entry_text,
        "inclusion": facts.inclusion,
    }
    if contract is not None:
        predicate["contract"] = dict(contract)
    subject: dict[str, JsonValue] = {"name": lines_name(facts.run), "digest": {"sha256": facts.lines["sha256"]}}
    return canonical_bytes(
        {"_type": STATEMENT_TYPE, "subject": [subject], "predicateType": PREDICATE_TYPE, "predicate": predicate}
    )
