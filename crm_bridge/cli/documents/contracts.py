"""How contracts and their files are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@dataclass
class CardDocument:
    """The fields by which people know a contract."""

    id: str
    number: str
    title: str
    customer: str
    status: str | None
    amount: str | None
    currency: str | None
    start: str | None
    end: str | None
    owner: str | None
    created: str | None
    modified: str | None


@dataclass
class SavedFileDocument:
    """A file of a contract."""

    id: str
    name: str
    size: int | None
    source: str


@document("contract/1", "`find` (a line each), `show`")
@dataclass
class ContractDocument(CardDocument):
    """A contract. From `may_be_deleted` on: `show` only."""

    state: str
    may_be_deleted: str | None = None
    obstacle: str | None = None
    who_can_help: str | None = None
    digest: str | None = None
    raw: dict[str, Any] | None = None
    parts: dict[str, int] | None = None
    attachments: list[SavedFileDocument] | None = None
