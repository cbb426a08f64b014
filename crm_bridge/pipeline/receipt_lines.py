"""The lines of a receipt: one per contract, read from the journal in two passes that hold no line."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.lifecycle import EventKind, Status
from crm_bridge.domain.receipt import ReceiptLine, line_bytes
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.format.lines import parse_line
from crm_bridge.journal.format.merkle import Frontier, leaf_hash
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import Fold, history, last_step

_KEPT_LINES = 20_000
_NOWHERE = -1


class _Places:
    """Where in the journal each contract's last event of one kind stands: eight bytes a contract."""

    def __init__(self) -> None:
        self._seqs, self._places = array("i"), array("i")

    def note(self, number: int, seq: int, place: int) -> None:
        while len(self._seqs) <= number:
            self._seqs.append(_NOWHERE)
            self._places.append(_NOWHERE)
        self._seqs[number], self._places[number] = seq, place

    def of(self, number: int) -> tuple[int, int] | None:
        if number >= len(self._seqs) or self._seqs[number] == _NOWHERE:
            return None
        return self._seqs[number], self._places[number]


class ReceiptLines:
    """The lines of a run's receipt, in the order in which its contracts first appear in the journal."""

    def __init__(self, journal: Journal, run: str, *, until: int | None = None) -> None:
        """Fold the run up to the entry `until`, or to its last one."""
        self._journal = journal
        self._fold = Fold(last_step(journal, run))
        self._numbers: dict[str, int] = {}
        self._attempts = array("i")
        self._backup, self._intent, self._answer, self._seen = _Places(), _Places(), _Places(), _Places()
        self._entries: dict[int, tuple[Entry, list[bytes]]] = {}
        for told in history(journal, run):
            if until is not None and told.entry.seq > until:
                break
            self._fold.take(told.line.record_id, told.event)
            self._note(told.line.record_id, told.event.kind, told.entry.seq, told.line.place)

    def __len__(self) -> int:
        """Return the number of contracts."""
        return len(self._numbers)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the line of every contract."""
        return (self._line(record_id, number) for record_id, number in self._numbers.items())

    def statuses(self) -> Mapping[str, Status]:
        """Return where every contract stands at the end of the fold, in the order of the lines."""
        return self._fold.statuses

    def number_of(self, record_id: str) -> int | None:
        """Return the place of a contract's line, None for a contract that is not in the run."""
        return self._numbers.get(record_id)

    def _note(self, record_id: str, kind: EventKind, seq: int, place: int) -> None:
        number = self._numbers.setdefault(record_id, len(self._numbers))
        if number == len(self._attempts):
            self._attempts.append(0)
        if kind is EventKind.BACKED_UP:
            self._backup.note(number, seq, place)
        elif kind is EventKind.INTENDED:
            self._attempts[number] += 1
            self._intent.note(number, seq, place)
        elif kind.value.startswith(("outcome.", "reconcile.")):
            self._answer.note(number, seq, place)
        elif kind.value.startswith("verify."):
            self._seen.note(number, seq, place)

    def _line(self, record_id: str, number: int) -> bytes:
        status = self._fold.statuses[record_id]
        backup, intent, answer, seen = (
            self._facts(places.of(number)) for places in (self._backup, self._intent, self._answer, self._seen)
        )
        last = answer or intent or seen or backup
        return line_bytes(
            ReceiptLine(
                record_id,
                status.outcome.value,
                status.evidence.value if status.evidence else "",
                self._attempts[number],
                status.why.value if status.why else "",
                status.code,
                backup={name: backup[name] for name in ("set", "file", "sha256")} if backup else None,
                intent_at=_text(intent, "ts"),
                sent_at=_text(answer, "sent_at"),
                answered_at=_text(answer, "ts"),
                request_id=_text(answer, "request_id"),
                seen_at=_text(seen, "ts"),
                control=_text(seen, "control"),
                program=_text(last, "program"),
                adapter=_text(last, "adapter"),
            )
        )

    def _facts(self, where: tuple[int, int] | None) -> Mapping[str, Any] | None:
        if where is None:
            return None
        seq, place = where
        if seq not in self._entries:
            self._make_room()
            entry = self._journal.entry(seq)
            self._entries[seq] = entry, self._journal.raw_lines(entry)
        entry, lines = self._entries[seq]
        return {"ts": entry.ts, "program": entry.program, **entry.body, **parse_line(lines[place])}

    def _make_room(self) -> None:
        """Let go of the entries that were read first: backups have thousands of lines, others hundreds."""
        while sum(len(lines) for _entry, lines in self._entries.values()) > _KEPT_LINES:
            del self._entries[next(iter(self._entries))]


def _text(facts: Mapping[str, Any] | None, name: str) -> str:
    return str(facts.get(name) or "") if facts else ""


def seal_of(lines: Iterable[bytes]) -> dict[str, JsonValue]:
    """Return the seal that the entry at the end of a run has for them: count, RFC 6962 root, SHA-256 of the file."""
    frontier, digest = Frontier(), hashlib.sha256()
    for line in lines:
        frontier.add(leaf_hash(line))
        digest.update(line + b"\n")
    return {"count": frontier.size, "root": frontier.root().hex(), "sha256": digest.hexdigest()}
