"""Journal entries: what a caller wants to write, and what was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.canonical import JsonValue, canonical
from crm_bridge.journal.format.lines import LineSeal

VERSION = 2
FIRST_PREV = "0" * 64
HMAC_OP = "key.hmac"
GATE_OP = "gate"

ENTRY_KEYS = frozenset(
    {"actor", "body", "boot", "lines", "module", "mono_ms", "op", "org", "plan", "prev", "run", "seal", "seq"}
    | {"session", "system", "ts", "v"}
)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that a caller wants to write. Values are text, whole numbers, true, false, null, lists, objects.

    `op` names the kind of event, `lines` hold one object per contract with its `id`, `body` everything that is true of
    all of them. An op whose last word is `intent` opens an attempt per line, one whose last word is `outcome` closes
    the attempt with the same system, org, id, `step` and `attempt`.
    """

    op: str
    system: str = ""
    org: str = ""
    module: str = ""
    plan: str = ""
    run: str = ""
    crm_user: str = ""
    body: Mapping[str, JsonValue] = field(default_factory=dict)
    lines: Sequence[Mapping[str, JsonValue]] = ()
    noted: Stamp | None = None
    """Of the moment when it was handed over, where it waits for the next commit."""


class AttemptKey(NamedTuple):
    """The facts that an intent and its outcome have in common: one step of one attempt on one record."""

    family: str
    system: str
    org: str
    record_id: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """Place and time of a batch: the fields that the journal adds. `ts` is UTC with milliseconds."""

    ts: str
    boot: str
    mono_ms: int
    session: str
    os_user: str
    seal_size: int
    seal_after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A written entry. `raw` are the exact bytes; every other field was read from them.

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
    program: str
    crm_user: str
    op: str
    system: str
    org: str
    module: str
    plan: str
    run: str
    body: Mapping[str, Any]
    lines: LineSeal | None
    seal_size: int
    seal_after: str
    raw: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """Read an entry from its bytes; raise JournalError when they are not an entry of this version."""
        try:
            value = json.loads(raw.decode())
            if not isinstance(value, dict) or value.keys() != ENTRY_KEYS or value["v"] != VERSION:
                raise ValueError
            actor, seal = value["actor"], value["seal"]
            return cls(
                seq=value["seq"],
                prev=value["prev"],
                ts=value["ts"],
                boot=value["boot"],
                mono_ms=value["mono_ms"],
                session=value["session"],
                os_user=actor["os_user"],
                program=actor["program"],
                crm_user=actor["crm_user_id"],
                op=value["op"],
                system=value["system"],
                org=value["org"],
                module=value["module"],
                plan=value["plan"],
                run=value["run"],
                body=value["body"],
                lines=LineSeal.parse(value["lines"]),
                seal_size=seal["size"],
                seal_after=seal["after"],
                raw=raw,
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            raise JournalError(_("these bytes are not a journal entry"), reason="bad_entry") from None

    @property
    def digest(self) -> str:
        """Return the hex SHA-256 of the bytes, as the next entry's `prev` carries it."""
        return sha256(self.raw).hexdigest()

    def attempts_of(self, lines: Iterable[Mapping[str, Any]]) -> Iterator[AttemptKey]:
        """Yield the attempts that lines of this entry open or close."""
        return attempts_of(self.op, self.system, self.org, self.body, lines)


def attempts_of(
    op: str, system: str, org: str, body: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]
) -> Iterator[AttemptKey]:
    """Yield the attempt that each line opens or closes; a fact of the line wins over the same one of the body."""
    family = op.rpartition(".")[0]
    common = body.get("step"), body.get("attempt")
    for line in lines:
        step, attempt = line.get("step", common[0]), line.get("attempt", common[1])
        yield AttemptKey(
            family,
            system,
            org,
            str(line["id"]),
            step if isinstance(step, str) else "",
            attempt if type(attempt) is int else 0,
        )


def is_intent(op: str) -> bool:
    """Return whether an op opens attempts: `intent`, or a name ending in `.intent`."""
    return op.rpartition(".")[2] == "intent"


def is_outcome(op: str) -> bool:
    """Return whether an op closes attempts: `outcome`, or a name ending in `.outcome`."""
    return op.rpartition(".")[2] == "outcome"


def write_entry(
    new_entry: NewEntry, stamp: Stamp, seal: LineSeal | None, *, seq: int, prev: str, program: str
) -> Entry:
    """Return the entry for `new_entry` at place `seq`, with its canonical bytes."""
    raw = canonical(
        {
            "actor": {"crm_user_id": new_entry.crm_user, "os_user": stamp.os_user, "program": program},
            "body": new_entry.body,
            "boot": stamp.boot,
            "lines": seal.as_json() if seal else None,
            "module": new_entry.module,
            "mono_ms": stamp.mono_ms,
            "op": new_entry.op,
            "org": new_entry.org,
            "plan": new_entry.plan,
            "prev": prev,
            "run": new_entry.run,
            "seal": {"after": stamp.seal_after, "size": stamp.seal_size},
            "seq": seq,
            "session": stamp.session,
            "system": new_entry.system,
            "ts": stamp.ts,
            "v": VERSION,
        }
    )
    return Entry.parse(raw)


def timestamp(moment: datetime) -> str:
    """Write a moment as the journal does: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
