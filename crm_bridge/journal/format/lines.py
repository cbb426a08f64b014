"""The lines of an entry: one per contract, stored beside the entry and sealed by the root in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.canonical import JsonValue, canonical, canonical_flat
from crm_bridge.journal.format.merkle import root_of

MAX_LINES = 1_000_000


@dataclass(frozen=True, slots=True)
class LineSeal:
    """How an entry seals its lines: their number, their RFC 6962 root, the SHA-256 of them joined by newlines.

    The root proves one line, the digest checks all of them in one step.
    """

    count: int
    root: bytes
    digest: bytes

    @classmethod
    def of(cls, block: bytes) -> LineSeal:
        """Seal the lines of a block in their order."""
        leaves = [sha256(b"\x00" + line).digest() for line in block.split(b"\n")]
        return cls(len(leaves), root_of(leaves), sha256(block).digest())

    @classmethod
    def parse(cls, value: object) -> LineSeal | None:
        """Read what `as_json` wrote, null as None; raise ValueError for everything else."""
        if value is None:
            return None
        if not isinstance(value, dict) or value.keys() != {"count", "root", "sha256"}:
            raise ValueError("not a seal of lines")
        count, root, digest = value["count"], value["root"], value["sha256"]
        if type(count) is not int or not 0 < count <= MAX_LINES or not is_hash(root) or not is_hash(digest):
            raise ValueError("not a seal of lines")
        return cls(count, bytes.fromhex(root), bytes.fromhex(digest))

    def as_json(self) -> dict[str, JsonValue]:
        """Return the value that stands in the entry."""
        return {"count": self.count, "root": self.root.hex(), "sha256": self.digest.hex()}


def is_hash(text: object) -> bool:
    """Return whether this is a SHA-256 digest in hex."""
    return isinstance(text, str) and len(text) == 64 and not set(text) - set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Line:
    """One contract's line of an entry: what it says itself, and what the entry says of all its contracts.

    `place` counts from 0 within the entry.
    """

    record_id: str
    place: int
    own: Mapping[str, Any]
    common: Mapping[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """Return both; where they have a fact in common, the line's counts."""
        return {**self.common, **self.own}


def write_lines(lines: Sequence[Mapping[str, JsonValue]]) -> bytes:
    """Return the canonical bytes of the lines as a block; raise JournalError for one that the journal cannot hold."""
    return (canonical_flat(lines) if lines else b"") or b"\n".join(map(canonical, lines))


def split_block(block: bytes, seal: LineSeal) -> list[bytes]:
    """Return the lines of a stored block; raise ValueError unless they are exactly the sealed ones."""
    lines = block.split(b"\n")
    if len(lines) != seal.count or sha256(block).digest() != seal.digest:
        raise ValueError("not the lines that were sealed")
    return lines


def parse_line(raw: bytes) -> dict[str, Any]:
    """Read one line; raise ValueError unless it is an object with the id of a record."""
    try:
        value = json.loads(raw.decode())
    except RecursionError:
        raise ValueError("not a line") from None
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise ValueError("not a line")  # noqa: TRY004 - one kind of error for all that is no line
    return value


def parse_lines(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Read lines that were compared with their seal; raise ValueError as `parse_line` does. All in one step."""
    try:
        values = json.loads(b"[" + b",".join(lines) + b"]")
    except RecursionError:
        raise ValueError("not lines") from None
    if len(values) != len(lines) or not all(type(one) is dict and type(one.get("id")) is str for one in values):
        raise ValueError("not lines")
    return values  # type: ignore[no-any-return]


def damaged_lines(seq: int) -> JournalError:
    """Return the error for lines that are not those that their entry sealed."""
    return JournalError(
        _("the lines of journal entry {seq} are not the ones that were sealed").format(seq=seq),
        reason="journal_unverified",
        hint=_("run `crm-bridge journal check`; only `journal check` and `journal export` work on it"),
    )
