"""Journals made for tampering: filled as a run fills them, copied as a thief copies them, exported."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from crm_bridge.clock import ManualClock
from crm_bridge.journal.checking.sources import line_count
from crm_bridge.journal.export import export_journal
from crm_bridge.journal.format.canonical import JsonValue, canonical
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.format.merkle import inclusion_path, leaf_hash, range_hash_of, root_of
from crm_bridge.journal.format.note import encode64
from crm_bridge.journal.pin import Pin
from crm_bridge.journal.store import Journal

CHECKPOINT = b'{"kind":"checkpoint",'


class PlainKeys(dict[str, str]):
    """A key store in memory."""

    def set(self, name: str, value: str) -> None:
        self[name] = value


@dataclass
class Lab:
    """One state directory and its keyring."""

    home: Path
    keys: PlainKeys = field(default_factory=PlainKeys)
    seed: int = 1

    def open(self) -> Journal:
        """Open the journal with a clock and randomness of its own."""
        self.seed += 1000
        return Journal.open(self.home, keys=self.keys, clock=ManualClock(), randomness=random.Random(self.seed))

    def copy(self, home: Path) -> Lab:
        """Copy the whole state directory and the keyring."""
        shutil.copytree(self.home, home)
        return Lab(home, PlainKeys(self.keys), self.seed)

    def export(self) -> bytes:
        """Return the export."""
        output = io.BytesIO()
        export_journal(self.home, output)
        return output.getvalue()


@dataclass(frozen=True)
class Case:
    """One attack: the export to check, what the checker knows, and the exit codes that may come out."""

    kind: str
    name: str
    export: bytes
    codes: tuple[int, ...]
    keys: tuple[str, ...] = ()
    pin: Pin | None = None
    checkpoints: tuple[str, ...] = ()
    receipts: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """A journal of 100 entries with a change of keys, older copies of it, and what was kept elsewhere."""

    good: Case
    lab: Lab
    before: Lab
    middle: Lab

    @property
    def lines(self) -> list[bytes]:
        """Return the lines of the export, header first."""
        return self.good.export.split(b"\n")[:-1]


def fill(journal: Journal, records: Iterable[int], *, word: str = "done") -> None:
    """Write four entries for every two contracts: backup, gate and intent in one batch, outcome."""
    where: dict[str, Any] = {"system": "zoho", "org": "o1", "module": "Contracts", "run": "R1"}
    for record in records:
        ids = [f"{record}", f"{record}-b"]
        lines: list[dict[str, JsonValue]] = [{"id": one} for one in ids]
        gates: list[dict[str, JsonValue]] = [
            {"id": one, "number": journal.keyed_digest("number", f"HT-{one}")} for one in ids
        ]
        journal.append([NewEntry("backup", **where, body={"bytes": 1200}, lines=[{**one, "合同": 1} for one in lines])])
        intent = NewEntry("intent", **where, body={"step": "trash", "attempt": 1}, lines=lines)
        journal.append([NewEntry("gate", **where, lines=gates), intent])
        done: dict[str, JsonValue] = {"step": "trash", "attempt": 1, "result": word}
        done["receipt"] = seal_of_receipt()
        journal.append([NewEntry("outcome", **where, body=done, lines=lines)])


RECEIPT_LINES = tuple(b'{"record":"%d"}' % number for number in range(100))


def seal_of_receipt() -> dict[str, JsonValue]:
    """Return what the entry at the end of a run says of the lines of its receipt: here of a hundred contracts."""
    leaves = [leaf_hash(line) for line in RECEIPT_LINES]
    digest = sha256(b"".join(line + b"\n" for line in RECEIPT_LINES)).hexdigest()
    return {"count": len(leaves), "root": root_of(leaves).hex(), "sha256": digest}


def end_of_run(**more: JsonValue) -> NewEntry:
    """Return an entry that seals the hundred lines."""
    return NewEntry("run.end", body={"receipt": seal_of_receipt(), **more})


def path_of(place: int) -> list[str]:
    """Return the path from one of the hundred lines to their root."""
    leaves = [leaf_hash(line) for line in RECEIPT_LINES]
    return [encode64(node) for node in inclusion_path(place, len(leaves), range_hash_of(leaves))]


def predicate_for(journal: Journal, seq: int, place: int = 57) -> dict[str, Any]:
    """Return what a receipt for one contract of a hundred says, sealed by one entry."""
    return {
        "run": "R1",
        "inclusion": journal.prove(seq).text(),
        "entry": journal.entry(seq).raw.decode(),
        "lines": seal_of_receipt(),
        "contract": {"line": RECEIPT_LINES[place].decode(), "place": place, "path": path_of(place)},
    }


def receipt_for(journal: Journal, seq: int) -> bytes:
    """Return a receipt for one contract of a hundred over one entry."""
    predicate: JsonValue = predicate_for(journal, seq)
    subject: JsonValue = [{"name": "R1.receipt.jsonl"}]
    statement: JsonValue = {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicate": predicate}
    return json.dumps(journal.sign_receipt(canonical(statement))).encode()


def make_corpus(folder: Path) -> Corpus:
    """Build the journal: 12 records, a change of keys, 6 more, another 6."""
    lab = Lab(folder / "journal")
    with lab.open() as journal:
        first = journal.vkey
        fill(journal, range(12))
        journal.append([NewEntry("note"), NewEntry("note")])
        old_head, old_receipt = journal.head(), receipt_for(journal, 8)
    before = lab.copy(folder / "before-rotation")
    with lab.open() as journal:
        journal.rotate_key()
        fill(journal, range(12, 18))
        second = journal.vkey
    middle = lab.copy(folder / "middle")
    with lab.open() as journal:
        fill(journal, range(18, 24))
        head, receipt = journal.head(), receipt_for(journal, 95)
    pin = Pin(head.size, head.root, journal.uuid)
    known: dict[str, Any] = {"checkpoints": (old_head.note, head.note), "receipts": (old_receipt, receipt)}
    good = Case("untouched", "everything known", lab.export(), (0,), (first, second), pin, **known)
    return Corpus(good, lab, before, middle)


def variant(good: Case, kind: str, name: str, lines: Sequence[bytes], *codes: int, **known: Any) -> Case:
    """Return a case over these lines that knows the keys, and `known` besides."""
    values = {"keys": good.keys} | known
    return Case(kind, name, b"".join(line + b"\n" for line in lines), codes, **values)


def roles(lines: Sequence[bytes]) -> list[str]:
    """Return the role of each line of an export: header, entry, line (of a contract) or seal."""
    found, left = ["header"], 0
    for line in lines[1:]:
        if left:
            found.append("line")
            left -= 1
        elif is_seal(line):
            found.append("seal")
        else:
            found.append("entry")
            left = line_count(line)
    return found


def is_seal(line: bytes) -> bool:
    """Return whether a line of an export is a checkpoint."""
    return line.startswith(CHECKPOINT)
