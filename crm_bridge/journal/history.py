"""The journal's history, derived by hashing every entry again: what a run relies on is read from here.

The file is believed only as far as its bytes lead to the sealed root. Nothing that the file keeps beside the entries
answers which plans were used, which runs ended or which intents are open.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from crm_bridge.journal.format.entry import Entry, is_intent, is_outcome
from crm_bridge.journal.format.merkle import Frontier, leaf_hash
from crm_bridge.journal.format.outline import Outline, outline
from crm_bridge.journal.storage.tail import Tail, unverified


class History:
    """An index over re-hashed entries, in memory: places by op, run and plan, and attempts that were never closed."""

    def __init__(self, *, thorough: bool) -> None:
        """Begin empty; `thorough` also checks lines, checkpoints and tree nodes, as a writer must."""
        self.thorough = thorough
        self._frontier = Frontier()
        self._after = ""
        self._places: dict[str, dict[str, array[int]]] = {"op": {}, "run": {}, "plan": {}}
        self._unclosed: Counter[tuple[str, str]] = Counter()

    @property
    def size(self) -> int:
        """Return the number of entries that were hashed."""
        return self._frontier.size

    def extend(self, db: sqlite3.Connection, tail: Tail) -> None:
        """Hash the entries up to `tail`; raise JournalError unless they lead to its root."""
        beside = _Beside(db, self.size, tail.size) if self.thorough else None
        rows = db.execute("SELECT seq, raw FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", (self.size, tail.size))
        add = self._frontier.add
        for seq, raw in rows:
            if seq != self.size:
                raise unverified()
            about = outline(raw)
            if beside and (about.seal_after != self._after or not seq):
                beside.check_seal(self._frontier, about.seal_after)
            completed = add(leaf_hash(raw))
            if beside:
                beside.check(seq, about.lines_digest, completed)
            self._index(seq, about)
        if beside:
            beside.check_end(tail)
        if self._frontier.root() != tail.frontier.root():
            raise unverified()

    def add(self, entry: Entry) -> None:
        """Take in an entry that this process just wrote."""
        self._frontier.add(leaf_hash(entry.raw))
        self._index(entry.seq, Outline.of(entry))

    def places(self, **wanted: str | None) -> Iterator[int]:
        """Return the places, in order, of the entries that have all wanted values (`op`, `run`, `plan`)."""
        chosen = [self._places[name].get(value, ()) for name, value in wanted.items() if value is not None]
        if not chosen:
            return iter(range(self.size))
        shortest = min(chosen, key=len)
        others = [frozenset(places) for places in chosen if places is not shortest]
        return (seq for seq in shortest if all(seq in places for places in others))

    def unclosed(self) -> Iterator[tuple[str, str]]:
        """Return (run, family) wherever more attempts were opened than closed."""
        return (key for key, count in self._unclosed.items() if count)

    def _index(self, seq: int, about: Outline) -> None:
        self._after = about.seal_after
        for name, value in (("op", about.op), ("run", about.run), ("plan", about.plan)):
            if not value:
                continue
            known = self._places[name]
            if (places := known.get(value)) is None:
                places = known[value] = array("I")
            places.append(seq)
        if about.lines and (is_intent(about.op) or is_outcome(about.op)):
            family = about.op.rpartition(".")[0]
            self._unclosed[about.run, family] += about.lines if is_intent(about.op) else -about.lines


class _Beside:
    """Rows stored beside the entries, read in step with them: lines, checkpoints, tree nodes."""

    def __init__(self, db: sqlite3.Connection, start: int, size: int) -> None:
        self._db = db
        # Bounded: another process may append meanwhile.
        self._lines = db.execute("SELECT seq, raw FROM lines WHERE seq >= ? AND seq < ? ORDER BY seq", (start, size))
        self._seals = db.execute(
            "SELECT size, note, frontier FROM checkpoint WHERE size >= ? AND size <= ? ORDER BY size", (start, size)
        )

    def check_seal(self, frontier: Frontier, seal_after: str) -> None:
        """Compare the checkpoint before an entry with the digest in it, and with the tree so far."""
        if not frontier.size:
            if seal_after:
                raise unverified()
            return
        size, note, stored = self._seals.fetchone() or (0, "", b"")
        if (size, stored) != (frontier.size, frontier.to_bytes()) or sha256(note.encode()).hexdigest() != seal_after:
            raise unverified()

    def check(self, seq: int, lines_digest: str, completed: list[tuple[int, int, bytes]]) -> None:
        """Compare the lines of an entry with its seal, and stored tree nodes with the computed ones."""
        if lines_digest:
            place, block = self._lines.fetchone() or (-1, b"")
            if place != seq or sha256(block).hexdigest() != lines_digest:
                raise unverified()
        for level, place, node in completed:
            row = self._db.execute("SELECT hash FROM node WHERE level = ? AND place = ?", (level, place)).fetchone()
            if row != (node,):
                raise unverified()

    def check_end(self, tail: Tail) -> None:
        """Raise JournalError if there are lines or checkpoints that no entry accounts for."""
        last = self._seals.fetchone()
        if (last[0] if last else 0) != tail.size or self._lines.fetchone() or self._seals.fetchone():
            raise unverified()
