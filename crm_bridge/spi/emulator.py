"""The seam of an emulator: a CRM as a function of a request, holding its own state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from crm_bridge.domain.snapshot import Snapshot
    from crm_bridge.spi.adapter import Profile

LoadedValue = str | Decimal | date | datetime


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request as the server sees it: path and raw query apart, header names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def params(self) -> dict[str, str]:
        """Return the query parameters; the last one of a repeated name wins."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One HTTP answer: status, headers in the order they are sent, body bytes."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def of_json(
        cls, value: object, status: int = 200, content_type: str = "application/json;charset=UTF-8"
    ) -> WireResponse:
        """Return a JSON answer in UTF-8."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, (("Content-Type", content_type),), body)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of an emulator's ledger: what was asked, what was answered, what changed. No secrets."""

    seq: int
    at: str
    method: str
    path: str
    query: str
    status: int
    code: str
    effects: tuple[Effect, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the line for `GET /__sandbox__/ledger`."""
        return {
            "seq": self.seq,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "code": self.code,
            "effects": [{"kind": e.kind, "module": e.module, "id": e.id, "actor": e.actor} for e in self.effects],
        }


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of state: `kind` is trashed, purged, restored, created, updated, attached, workflow."""

    kind: str
    module: str
    id: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class LoadedContract:
    """One row of an export: its line, values by meaning (only those that the file holds), texts of other columns."""

    line: int
    values: Mapping[str, LoadedValue]
    extra: Mapping[str, str]

    def text(self, meaning: str) -> str:
        """Return a value that is text; empty where the file holds none."""
        value = self.values.get(meaning)
        return value if isinstance(value, str) else ""


class Emulator(Protocol):
    """The seam of an adapter's stand-in, for the sandbox and the exam."""

    base_url: str

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request as the vendor would. Thread-safe; never raises for bad input."""
        ...

    def ledger(self) -> Sequence[LedgerEntry]:
        """Return every request and its effects since the start, oldest first. `handle` writes it."""
        ...

    def ready(self) -> Mapping[str, str]:
        """Return what any client needs to sign in here: the vendor's block of the sandbox's ready file."""
        ...

    def connection(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the settings and the secrets of a crm_bridge connection to this emulator."""
        ...

    def load(self, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> Sequence[str]:
        """Replace the seeded contracts by those of an export; `extra_columns` become fields of their own.

        Returns what the stand-in had to take differently, in words: ids of another shape, numbers that come twice.
        """
        ...

    def control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Act as somebody else at the CRM, or move its switches (`POST /__sandbox__/control`).

        Every emulator knows `edit` {id, field, value}, `delete` {id, actor}, `restore` {id}, `lock` {id},
        `add` {id, what, text} (a note, file, line, invoice, envelope or signed_copy of a contract), `contracts`
        {} -> {ids}, `record` {id} -> the stored record with its place, `advance` {seconds}, `switch` {name, value}; a
        vendor may add more.
        """
        ...


@runtime_checkable
class Adopting(Protocol):
    """An emulator that can take over a live schema, so that a restore can be rehearsed in it."""

    def adopt(self, profile: Profile, snapshots: Sequence[Snapshot]) -> Sequence[str]:
        """Copy the schema of `profile`, and create the users and records that the snapshots refer to.

        Returns what could not be taken over, by field or module name: the rehearsal says that it did not cover it.
        """
        ...
