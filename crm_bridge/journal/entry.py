"""Journal entries: what a caller wants to write, and what was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.canonical import JsonValue, canonical

VERSION = 1
FIRST_PREV = "0" * 64

ENTRY_KEYS = frozenset(
    {"actor", "attempt", "body", "boot", "module", "mono_ms", "op", "org", "plan", "prev", "record_id", "run", "seal"}
    | {"seq", "session", "system", "ts", "v"}
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller wants to write. `body` holds text, whole numbers, true, false, null, lists, objects: no floats.

    `op` names the event. An op whose last word is `intent` opens an attempt, one whose last word is `outcome` closes
    the attempt with the same system, org, record_id, attempt and `body["step"]`.
    """

    op: str
    system: str = ""
    org: str = ""
    module: str = ""
    record_id: str = ""
    plan: str = ""
    run: str = ""
    attempt: int = 0
    crm_user: str = ""
    body: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """What an intent and its outcome have in common: one step of one attempt on one record."""

    family: str
    system: str
    org: str
    record_id: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where and when a batch is written: the fields that the journal adds. `ts` is UTC with milliseconds."""

    ts: str
    boot: str
    mono_ms: int
    session: str
    os_user: str
    seal_size: int
    seal_after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written. `raw` are the exact bytes; every other field was read from them.

    `seq` counts from 0, `prev` is the hex SHA-256 of the entry before, `mono_ms` means something only within one
    `boot`, `seal_size` is the size of the checkpoint that sealed it, `seal_after` the digest of the one before that.
    """

    seq: int
    prev: str
    ts: str
    boot: str
    mono_ms: int
    session: str
    os_user: str
    crm_user: str
    op: str
    system: str
    org: str
    module: str
    record_id: str
    plan: str
    run: str
    attempt: int
    body: Mapping[str, Any]
    seal_size: int
    seal_after: str
    raw: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """Read an entry from its bytes; raise JournalError when they are not an entry of version 1."""
        try:
            value = json.loads(raw.decode())
            if not isinstance(value, dict) or value.keys() != ENTRY_KEYS or value["v"] != VERSION:
                raise ValueError
            actor, seal = value["actor"], value["seal"]
            entry = cls(
                seq=value["seq"],
                prev=value["prev"],
                ts=value["ts"],
                boot=value["boot"],
                mono_ms=value["mono_ms"],
                session=value["session"],
                os_user=actor["os_user"],
                crm_user=actor["crm_user_id"],
                op=value["op"],
                system=value["system"],
                org=value["org"],
                module=value["module"],
                record_id=value["record_id"],
                plan=value["plan"],
                run=value["run"],
                attempt=value["attempt"],
                body=value["body"],
                seal_size=seal["size"],
                seal_after=seal["after"],
                raw=raw,
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            raise JournalError(_("these bytes are not a journal entry"), reason="bad_entry") from None
        return entry

    @property
    def digest(self) -> str:
        """Return the hex SHA-256 of the bytes, as the next entry's `prev` carries it."""
        return sha256(self.raw).hexdigest()

    @property
    def opens(self) -> AttemptKey | None:
        """Return the attempt that this entry opens, if it is an intent."""
        return self._attempt() if is_intent(self.op) else None

    @property
    def closes(self) -> AttemptKey | None:
        """Return the attempt that this entry closes, if it is an outcome."""
        return self._attempt() if is_outcome(self.op) else None

    def _attempt(self) -> AttemptKey:
        step = self.body.get("step", "")
        family = self.op.rpartition(".")[0]
        return AttemptKey(
            family, self.system, self.org, self.record_id, step if isinstance(step, str) else "", self.attempt
        )


def is_intent(op: str) -> bool:
    """Say whether an op opens an attempt: `intent`, or a name ending in `.intent`."""
    return op.rpartition(".")[2] == "intent"


def is_outcome(op: str) -> bool:
    """Say whether an op closes an attempt: `outcome`, or a name ending in `.outcome`."""
    return op.rpartition(".")[2] == "outcome"


def write_entry(draft: Draft, stamp: Stamp, *, seq: int, prev: str) -> Entry:
    """Return the entry for `draft` at place `seq`, with its canonical bytes."""
    raw = canonical(
        {
            "actor": {"crm_user_id": draft.crm_user, "os_user": stamp.os_user},
            "attempt": draft.attempt,
            "body": draft.body,
            "boot": stamp.boot,
            "module": draft.module,
            "mono_ms": stamp.mono_ms,
            "op": draft.op,
            "org": draft.org,
            "plan": draft.plan,
            "prev": prev,
            "record_id": draft.record_id,
            "run": draft.run,
            "seal": {"after": stamp.seal_after, "size": stamp.seal_size},
            "seq": seq,
            "session": stamp.session,
            "system": draft.system,
            "ts": stamp.ts,
            "v": VERSION,
        }
    )
    return Entry(
        seq=seq,
        prev=prev,
        ts=stamp.ts,
        boot=stamp.boot,
        mono_ms=stamp.mono_ms,
        session=stamp.session,
        os_user=stamp.os_user,
        crm_user=draft.crm_user,
        op=draft.op,
        system=draft.system,
        org=draft.org,
        module=draft.module,
        record_id=draft.record_id,
        plan=draft.plan,
        run=draft.run,
        attempt=draft.attempt,
        body=draft.body,
        seal_size=stamp.seal_size,
        seal_after=stamp.seal_after,
        raw=raw,
    )


def timestamp(moment: datetime) -> str:
    """Write a moment as the journal does: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
