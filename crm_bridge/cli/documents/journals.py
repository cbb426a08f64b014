"""How the journal and what checks it are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@document("journal-entry/1", "`journal list` (a line per contract)")
@dataclass
class JournalEntryDocument:
    """An entry, with the facts of one contract."""

    seq: int
    ts: str
    op: str
    run: str | None
    plan: str | None
    system: str | None
    org: str | None
    module: str | None
    record_id: str | None
    place: int | None
    attempt: int | None
    body: dict[str, Any]


@dataclass
class JournalFindingDocument:
    """One thing that is wrong with a journal."""

    code: int
    where: str
    what: str


@document("journal-check/1", "`journal check`")
@dataclass
class JournalCheckDocument:
    """What a journal is, and everything that is wrong with it."""

    code: int
    summary: str
    origin: str
    size: int
    root: str
    keys: list[str]
    key_was_given: bool
    findings: list[JournalFindingDocument]
    open_intents: list[dict[str, Any]]


@document("journal-export/1", "`journal export`")
@dataclass
class JournalExportDocument:
    """A journal that was written to a file."""

    entries: int
    file: str
    key: str


@document("journal-key/1", "`journal rotate-key`")
@dataclass
class JournalKeyDocument:
    """The key that took over."""

    entry: int
    old: str
    new: str


@document("journal-renewed/1", "`journal renew`")
@dataclass
class JournalRenewedDocument:
    """A new journal, and where the old one lies."""

    set_aside: list[str]


@document("deletions/1", "`journal reconcile CONNECTION`")
@dataclass
class DeletionsDocument:
    """The CRM's list of deletions beside the journal."""

    since: str
    counts: dict[str, int]
    complete: bool
    deletions: list[dict[str, Any]]
    remarks: list[str]


@document("review/1", "`review`")
@dataclass
class ReviewDocument:
    """What was deleted in a period, and what of it deserves a look."""

    first_entry: int
    last_entry: int
    since: str
    until: str
    signed_off_before: dict[str, Any] | None
    outcomes: dict[str, int]
    vault_checked: bool
    urgent: int
    runs: list[dict[str, Any]]
    concerns: list[dict[str, Any]]
    signed_off: dict[str, Any] | None = None


@document("watch/1", "`verify --watch`")
@dataclass
class WatchDocument:
    """What looks at runs found, days later."""

    runs: list[dict[str, Any]]


@document("timers/1", "`watch install`")
@dataclass
class TimersDocument:
    """Files that let the machine look every day."""

    kind: str
    files: dict[str, str]
    folder: str | None
