"""How connections, CRMs and what they need are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@dataclass
class ConnectionRowDocument:
    """One connection in a list."""

    name: str
    adapter: str
    origins: list[str]


@document("connections/1", "`connections list`")
@dataclass
class ConnectionsDocument:
    """All connections."""

    connections: list[ConnectionRowDocument]


@document("connection/1", "`connections add`, `connections edit`, `connections remove`")
@dataclass
class ConnectionDocument:
    """One connection that was added or removed."""

    name: str
    file: str
    removed: bool | None = None
    adapter: str | None = None
    origins: list[str] | None = None


@document("profile/1", "`connections show`, `connections test`")
@dataclass
class ProfileDocument:
    """Who is signed in, where, and what may be done there."""

    name: str
    user_id: str
    user: str
    org_id: str
    org: str
    environment: str
    module: str
    module_label: str
    may: dict[str, str]
    fields: dict[str, Any]
    field_map: dict[str, str | None]
    relations: list[dict[str, Any]]
    assumptions: list[str]
    warnings: list[str]
    calls_left: int | None
    calls_at_once: int
    ok: bool | None = None


@document("adapters/1", "`adapters`")
@dataclass
class AdaptersDocument:
    """Which CRMs there are."""

    adapters: list[dict[str, str]]


@document("adapter/1", "`adapters show`")
@dataclass
class AdapterDocument:
    """What one CRM can do, with sources."""

    name: str
    title: str
    about: str
    capabilities: dict[str, dict[str, str]]
    limits: dict[str, Any]
    side_effects: list[dict[str, str]]
    returns: dict[str, dict[str, dict[str, str]]]
    secrets: list[dict[str, Any]]
    errors: list[dict[str, str]]
    open_questions: list[dict[str, Any]]


@dataclass
class DoctorCheckDocument:
    """One check: ok, warning or problem."""

    check: str
    level: str
    says: str
    hint: str


@document("doctor/1", "`doctor`")
@dataclass
class DoctorDocument:
    """What a connection needs."""

    connection: str | None
    worst: str
    checks: list[DoctorCheckDocument]
