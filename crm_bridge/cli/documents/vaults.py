"""How backup sets and exports are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@document("backup/1", "`backup`")
@dataclass
class BackupDocument:
    """A set that was saved without deleting."""

    connection: str
    name: str
    set: str
    digest: str
    count: int
    attachments: int
    bytes: int
    keep_until: str
    verified: bool
    complete: bool
    unsaved: list[Any]
    missing: list[str]


@document("export/1", "`backup --format`")
@dataclass
class ExportDocument:
    """Contracts written to a file for people."""

    connection: str
    format: str
    file: str
    count: int
    complete: bool
    missing: list[str]


@dataclass
class SetRowDocument:
    """One backup set in a list."""

    set: str
    created: str
    connection: str
    run_id: str
    count: int
    bytes: int
    complete: bool
    shredded: bool
    keep_until: str | None


@document("vault/1", "`vault list`, `vault fetch`")
@dataclass
class VaultDocument:
    """Backup sets."""

    count: int
    sets: list[SetRowDocument]


@document("vault-set/1", "`vault show`")
@dataclass
class VaultSetDocument:
    """One backup set with its contracts."""

    set: str
    digest: str
    contracts: list[dict[str, Any]]
    created: str
    connection: str
    run_id: str
    count: int
    bytes: int
    complete: bool
    shredded: bool
    keep_until: str | None


@document("vault-check/1", "`vault check`")
@dataclass
class VaultCheckDocument:
    """Whether sets are whole."""

    ok: bool
    count: int
    sets: list[dict[str, Any]]


@document("vault-copy/1", "`vault copy`")
@dataclass
class VaultCopyDocument:
    """Sets that were copied to an object store."""

    count: int
    sets: list[Any]


@document("vault-plan/1", "`vault prune`, `vault shred`")
@dataclass
class VaultPlanDocument:
    """Sets that are to end, or have ended."""

    deed: str
    digest: str
    phrase: str
    count: int
    contracts: int
    sets: list[SetRowDocument]
    done: bool
    cannot_reach: list[str] | None = None
