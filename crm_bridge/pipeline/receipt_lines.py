"""The lines of a receipt: one per contract, read from the journal in two passes that hold no line."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm_bridge.columns import FactColumn, WholeNumbers
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.lifecycle import EventKind
from crm_bridge.domain.receipt import ReceiptLine, line_bytes
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.format.lines import parse_line
from crm_bridge.journal.format.merkle import Frontier, leaf_hash
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import Fold, history, last_step

_KEPT_LINES = 10_000
_PLACE_BITS = 20
"""An entry has at most a million lines."""


class ReceiptLines:
    """The lines of a run's receipt, in the order in which its contracts first appear in the journal."""

    def __init__(
        self, journal: Journal, run: str, *, until: int | None = None, numbers: dict[str, int] | None = None
    ) -> None:
        """Fold the run up to the entry `until`, or to its last one; `numbers` are those of its contracts, if known."""
        self._journal = journal
        self._numbers = {} if numbers is None else numbers
        self._order = array("I")
        self._fold = Fold(last_step(journal, run), self._numbers)
        self._attempts = FactColumn(self._numbers, 0)
        # Where in the journal each contract's last event of one kind stands: entry and line, plus one.
        self._backup, self._intent, self._answer, self._seen = (WholeNumbers(self._numbers) for _kind in range(4))
        self._entries: dict[int, tuple[Entry, list[bytes]]] = {}
        for told in history(journal, run):
            if until is not None and told.entry.seq > until:
                break
            record_id, known = told.line.record_id, told.line.record_id in self._fold.statuses
            self._fold.take(record_id, told.event)
            self._note(record_id, told.event.kind, 1 + (told.entry.seq << _PLACE_BITS | told.line.place))
            if not known:
                self._order.append(self._numbers[record_id])

    def __len__(self) -> int:
        """Return the number of contracts."""
        return len(self._order)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the line of every contract."""
        ids = list(self._numbers)
        return (self._line(ids[number]) for number in self._order)

    def number_of(self, record_id: str) -> int | None:
        """Return the place of a contract's line, None for a contract that is not in the run."""
        return self._order.index(self._numbers[record_id]) if record_id in self._fold.statuses else None

    def _note(self, record_id: str, kind: EventKind, where: int) -> None:
        if kind is EventKind.BACKED_UP:
            self._backup[record_id] = where
        elif kind is EventKind.INTENDED:
            self._attempts[record_id] += 1
            self._intent[record_id] = where
        elif kind.value.startswith(("outcome.", "reconcile.")):
            self._answer[record_id] = where
        elif kind.value.startswith("verify."):
            self._seen[record_id] = where

    def _line(self, record_id: str) -> bytes:
        status = self._fold.statuses[record_id]
        backup, intent, answer, seen = (
            self._facts(places[record_id]) for places in (self._backup, self._intent, self._answer, self._seen)
        )
        last = answer or intent or seen or backup
        return line_bytes(
            ReceiptLine(
                record_id,
                status.outcome.value,
                status.evidence.value if status.evidence else "",
                self._attempts[record_id],
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

    def _facts(self, where: int) -> Mapping[str, Any] | None:
        if not where:
            return None
        seq, place = divmod(where - 1, 1 << _PLACE_BITS)
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
