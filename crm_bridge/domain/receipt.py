"""A receipt: what was observed about every contract of a run, as an in-toto statement. A pure function of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.i18n import N_

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:crm-bridge:deletion-receipt:1"

NOT_COVERED = (
    N_("backups that the CRM's vendor keeps"),
    N_("exports, reports and mails that left the CRM before"),
    N_("other systems that were given a copy of the record"),
    N_("this installation's own backup, until it is shredded"),
)
"""What no receipt can speak about; printed on every one."""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What the journal says about one contract of the run. Times are the journal's texts."""

    record_id: str
    outcome: str
    evidence: str | None
    attempts: int
    reason: str = ""
    code: str = ""
    backup_set: str = ""
    backup_file: str = ""
    backup_sha256: str = ""
    intent_at: str = ""
    answered_at: str = ""
    seen_at: str = ""
    control: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What the journal says about the run as a whole."""

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
    complete: bool
    entry: int
    """Sequence number of the journal entry that ends the run; the inclusion proof is of this entry."""
    inclusion: str
    """The proof, as C2SP tlog-proof text."""
    entry_text: str
    """The entry itself, so that the proof can be checked without the journal."""


def statement_bytes(facts: ReceiptFacts, lines: Sequence[ReceiptLine]) -> bytes:
    """Return the in-toto statement of a run in canonical form: a line per contract, a subject per saved one.

    Contracts are written one by one: as JSON values, those of a large run would take ten times their text.
    """
    prefix = f"{facts.system}/{facts.org}/{facts.module}"
    # Inside a text the quotation marks would be escaped: each key stands once in the bytes.
    start, rest = canonical_bytes(_frame(facts)).split(_CONTRACTS)
    middle, end = rest.split(_SUBJECTS)
    contracts = b",".join(canonical_bytes(_line(line)) for line in lines)
    subjects = b",".join(canonical_bytes(_subject(prefix, line)) for line in lines if line.backup_sha256)
    return b"".join((start, _CONTRACTS, contracts, middle, _SUBJECTS, subjects, end))


_CONTRACTS, _SUBJECTS = b'"contracts":[', b'"subject":['


def _frame(facts: ReceiptFacts) -> dict[str, JsonValue]:
    not_covered: list[JsonValue] = list(NOT_COVERED)
    return {
        "_type": STATEMENT_TYPE,
        "subject": [],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
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
            "complete": facts.complete,
            "contracts": [],
            "notCovered": not_covered,
            "entryIndex": facts.entry,
            "entry": facts.entry_text,
            "inclusion": facts.inclusion,
        },
    }


def _subject(prefix: str, line: ReceiptLine) -> dict[str, JsonValue]:
    return {"name": f"{prefix}/{line.record_id}", "digest": {"sha256": line.backup_sha256}}


def _line(line: ReceiptLine) -> dict[str, JsonValue]:
    full: dict[str, JsonValue] = {
        "record": line.record_id,
        "outcome": line.outcome,
        "evidence": line.evidence,
        "attempts": line.attempts,
        "reason": line.reason,
        "code": line.code,
        "backup": {"set": line.backup_set, "file": line.backup_file} if line.backup_set else None,
        "intentAt": line.intent_at,
        "answeredAt": line.answered_at,
        "seenAt": line.seen_at,
        "control": line.control,
    }
    return {key: value for key, value in full.items() if value not in ("", None)}
