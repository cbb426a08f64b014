"""How receipts and what checks them are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from crm_bridge.cli.documents.registry import document


@document("receipt/2", "`receipt show` (one line, before those of the contracts)")
@dataclass
class ReceiptDocument:
    """The signed statement (in-toto)."""

    type: Annotated[str, Field(alias="_type")]
    predicateType: str  # noqa: N815 - in-toto's spelling
    predicate: dict[str, Any]
    subject: list[dict[str, Any]]


@document("receipt-line/1", "`receipt show` (a line per contract)")
@dataclass
class ReceiptLineDocument:
    """What a receipt says of one contract."""

    record: str
    outcome: str
    evidence: str | None
    attempts: int
    reason: str | None = None
    program: Any = None
    adapter: Any = None
    backup: Any = None
    control: Any = None
    intentAt: str | None = None  # noqa: N815 - as the signed line spells it
    sentAt: str | None = None  # noqa: N815
    answeredAt: str | None = None  # noqa: N815
    seenAt: str | None = None  # noqa: N815
    requestId: Any = None  # noqa: N815
    names: dict[str, str | None] | None = None


@document("receipt-withdrawal/1", "`receipt show` (a line per contract of which a later entry says something else)")
@dataclass
class ReceiptWithdrawalDocument:
    """A later entry that withdraws a line."""

    record_id: str
    entry: int
    at: str
    said: str
    now: str


@document("receipt-envelope/1", "`receipt issue`; with `--output` only `file`")
@dataclass
class ReceiptEnvelopeDocument:
    """The DSSE envelope of a receipt."""

    payloadType: str | None = None  # noqa: N815 - DSSE's spelling
    payload: str | None = None
    signatures: list[dict[str, str]] | None = None
    file: str | None = None


@dataclass
class OutcomeCountDocument:
    """How many contracts have one outcome and evidence."""

    outcome: str
    evidence: str | None
    count: int


@document("receipt-check/2", "`receipt verify`")
@dataclass
class ReceiptCheckDocument:
    """Whether a receipt is true; `lines` says whether they were compared."""

    signature: bool
    inclusion: bool
    entry: int
    journal: str
    keys: list[str]
    run: str
    contracts: int
    whole_run: bool
    lines: bool
    outcomes: list[OutcomeCountDocument]
