"""The inside of a sealed batch: a header line, an index of JSON lines, then the raw bytes of the records.

A vendor's bytes are never parsed or re-serialised here: lengths frame them, so whatever came over the wire is
what a restore reads. docs/reference/vault-format.md describes the layout for readers without this code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import PartKind, Snapshot, SnapshotPart
from crm_bridge.vault.crypto.seal import Sealed

FORMAT = "crm-bridge.records/1"

# Made once: json.dumps with separators builds an encoder for every record.
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One attachment in the vault: what the CRM calls it (data, never a path), and our file that holds it."""

    id: str
    name: str = field(repr=False)
    source: str
    media_type: str
    file: str
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One line of a batch's index. `at` counts bytes from the end of the index; `parts` are (kind, name, length)."""

    ref: ContractRef
    digest: str
    at: int
    record: int
    parts: tuple[tuple[str, str, int], ...]
    files: tuple[StoredFile, ...]

    @property
    def length(self) -> int:
        """Return the bytes of record and parts, each with its newline."""
        return self.record + 1 + len(self.parts) + sum([part[2] for part in self.parts])


class Batch:
    """Snapshots that wait in memory to be sealed together."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: list[bytes] = []
        self._raw: list[bytes] = []
        self.bytes = 0

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self._rows)

    def add(self, snapshot: Snapshot, files: Sequence[StoredFile]) -> None:
        """Take one snapshot, whose attachments are stored already."""
        parts = tuple((part.kind.value, part.name, len(part.raw)) for part in snapshot.parts)
        row = IndexRow(snapshot.ref, snapshot.digest, self.bytes, len(snapshot.record), parts, tuple(files))
        self._rows.append(_row_line(row))
        self._raw += (snapshot.record, b"\n")
        for part in snapshot.parts:
            self._raw += (part.raw, b"\n")
        self.bytes += row.length

    def chunks(self) -> Iterator[bytes]:
        """Yield the batch as it is sealed."""
        index = b"".join(self._rows)
        header = {"format": FORMAT, "count": len(self._rows), "index": len(index), "raw": self.bytes}
        yield json.dumps(header).encode("ascii") + b"\n"
        yield index
        yield b"".join(self._raw)


def _row_line(row: IndexRow) -> bytes:
    value = {
        "module": row.ref.module,
        "id": row.ref.id,
        "digest": row.digest,
        "at": row.at,
        "record": row.record,
        "parts": row.parts,
        "attachments": [_file_value(file) for file in row.files],
    }
    return _encode(value).encode("ascii") + b"\n"


def _file_value(file: StoredFile) -> dict[str, Any]:
    # By hand: dataclasses.asdict copies everything deeply, at the price of a small attachment's encryption.
    sealed = file.sealed
    return {
        "id": file.id,
        "name": file.name,
        "source": file.source,
        "media_type": file.media_type,
        "file": file.file,
        "sealed": {
            "sha256": sealed.sha256,
            "bytes": sealed.bytes,
            "plain_sha256": sealed.plain_sha256,
            "plain_bytes": sealed.plain_bytes,
        },
    }


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A decrypted batch. `start` is where the raw bytes begin; `by_id` finds the rows."""

    plain: bytes = field(repr=False)
    start: int
    rows: tuple[IndexRow, ...]
    by_id: Mapping[str, IndexRow] = field(repr=False)

    def raw(self, row: IndexRow) -> tuple[bytes, tuple[SnapshotPart, ...]]:
        """Cut the record and its parts out of the stream, byte for byte."""
        position = self.start + row.at
        record = self.plain[position : position + row.record]
        position += row.record + 1
        parts: list[SnapshotPart] = []
        for kind, name, length in row.parts:
            parts.append(SnapshotPart(PartKind(kind), name, self.plain[position : position + length]))
            position += length + 1
        return record, tuple(parts)


def open_batch(plain: bytes) -> OpenBatch:
    """Read a decrypted batch. Raises ValueError, KeyError or TypeError for what our writer does not write."""
    header_end = plain.index(b"\n") + 1
    header = json.loads(plain[:header_end])
    start = header_end + header["index"]
    if header["format"] != FORMAT or len(plain) != start + header["raw"]:
        raise ValueError("not a batch of records")
    # One parse of one array: a parse per line costs more than the rows.
    lines = plain[header_end:start].rstrip(b"\n").replace(b"\n", b",")
    rows = tuple([_row(value) for value in json.loads(b"[" + lines + b"]")])
    position = 0
    for row in rows:
        if row.at != position:
            raise ValueError("the index does not fit the records")
        position += row.length
    if len(rows) != header["count"] or position != header["raw"]:
        raise ValueError("the index does not fit the records")
    return OpenBatch(plain, start, rows, {row.ref.id: row for row in rows})


def _row(value: Mapping[str, Any]) -> IndexRow:
    return IndexRow(
        ContractRef(value["module"], value["id"]),
        value["digest"],
        value["at"],
        value["record"],
        tuple([(kind, name, length) for kind, name, length in value["parts"]]),
        tuple([_file(stored) for stored in value["attachments"]]),
    )


def _file(value: Mapping[str, Any]) -> StoredFile:
    return StoredFile(**{**value, "sealed": Sealed(**value["sealed"])})
