"""Reading an open journal: entries in order, checkpoints, proofs, open intents."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from bisect import bisect
from collections.abc import Iterable, Iterator

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.canonical import canonical
from crm_bridge.journal.format.checkpoint import ORIGIN_PREFIX, Checkpoint
from crm_bridge.journal.format.entry import GATE_OP, AttemptKey, Entry, is_intent, is_outcome
from crm_bridge.journal.format.lines import Line, damaged_lines, parse_lines, split_block
from crm_bridge.journal.format.merkle import inclusion_path
from crm_bridge.journal.format.note import Signer
from crm_bridge.journal.format.proof import InclusionProof
from crm_bridge.journal.history import History
from crm_bridge.journal.opening import Opened
from crm_bridge.journal.storage import database
from crm_bridge.journal.storage.tail import follow, rolled_back, sealed_size
from crm_bridge.journal.storage.transactions import Transactions
from crm_bridge.journal.storage.tree import StoredTree

_PAGE = 256


class Reader(ABC):
    """Everything that can be asked of an open journal without writing. Safe to share between threads.

    Answers come from entries that were hashed again and led to the sealed root; JournalError is raised otherwise.
    """

    def __init__(self, opened: Opened) -> None:
        """Read what was opened."""
        self._opened = opened
        self._tail = opened.tail
        self._file = Transactions(opened.db)
        self._guard = threading.RLock()
        self._history: History | None = None
        self._open_attempts: dict[AttemptKey, tuple[int, int]] | None = None

    @property
    def uuid(self) -> str:
        """Return the journal's uuid; its checkpoints have the origin `crm-bridge/<uuid>`."""
        return self._opened.uuid

    @property
    def origin(self) -> str:
        """Return the name under which checkpoints are signed."""
        return ORIGIN_PREFIX + self._opened.uuid

    @property
    def vkey(self) -> str:
        """Return the public key in force as a C2SP vkey; empty for a reader without the keyring."""
        signer = self._opened.signer
        return str(signer.verifier) if signer else ""

    def entries(
        self, *, plan: str | None = None, run: str | None = None, op: str | None = None, after_seq: int = -1
    ) -> Iterator[Entry]:
        """Yield the entries that fit every filter, in order; appending meanwhile is allowed."""
        with self._guard:
            places = list(self._believed().places(plan=plan, run=run, op=op))
        for start in range(bisect(places, after_seq), len(places), _PAGE):
            page = places[start : start + _PAGE]
            marks = ",".join("?" * len(page))
            query = f"SELECT raw FROM entry WHERE seq IN ({marks}) ORDER BY seq"  # noqa: S608 - question marks
            with self._guard:
                rows = self._file.rows(query, page)
            yield from (Entry.parse(raw) for (raw,) in rows)

    def entry(self, seq: int) -> Entry:
        """Return one entry; raise JournalError when there is none."""
        with self._guard:
            rows = self._file.rows("SELECT raw FROM entry WHERE seq = ?", (seq,))
        if not rows:
            raise JournalError(_("there is no journal entry {seq}").format(seq=seq), reason="no_entry")
        return Entry.parse(rows[0][0])

    def lines(self, entry: Entry) -> Iterator[Line]:
        """Yield the lines of an entry, in order; raise JournalError unless they are exactly the sealed ones."""
        for place, own in enumerate(parse_lines(self.raw_lines(entry))):
            yield Line(own["id"], place, own, entry.body)

    def raw_lines(self, entry: Entry) -> list[bytes]:
        """Return the bytes of an entry's lines; raise JournalError unless they are exactly the sealed ones."""
        if entry.lines is None:
            return []
        with self._guard:
            rows = self._file.rows("SELECT raw FROM lines WHERE seq = ?", (entry.seq,))
        try:
            return split_block(rows[0][0], entry.lines)
        except (IndexError, ValueError):
            raise damaged_lines(entry.seq) from None

    def events(
        self, *, plan: str | None = None, run: str | None = None, op: str | None = None, after_seq: int = -1
    ) -> Iterator[tuple[Entry, Line]]:
        """Yield every line of the entries that fit, each with its entry, in order."""
        for entry in self.entries(plan=plan, run=run, op=op, after_seq=after_seq):
            for line in self.lines(entry):
                yield entry, line

    def gates_of(self, name: str) -> Iterator[tuple[Entry, Line]]:
        """Yield the lines of gates that name a contract by its id or by the keyed digest of its number, in order.

        Only entries whose bytes hold the name are parsed: a million contracts take less than a second.
        """
        with self._guard:
            gates = list(self._believed().places(op=GATE_OP))
        quoted = canonical(name)
        for seq in gates:
            with self._guard:
                rows = self._file.rows("SELECT raw FROM lines WHERE seq = ?", (seq,))
            if rows and quoted in rows[0][0]:
                entry = self.entry(seq)
                yield from (
                    (entry, line) for line in self.lines(entry) if name in (line.record_id, line.facts.get("number"))
                )

    def open_intents(self) -> tuple[tuple[Entry, Line], ...]:
        """Return the intents without an outcome, in order, each line with its entry: a resume settles them."""
        with self._guard:
            self._believed()
            places = sorted(self._open().values())
        found = []
        for seq, place in places:
            entry = self.entry(seq)
            found.append((entry, next(line for line in self.lines(entry) if line.place == place)))
        return tuple(found)

    def _believed(self, *, thorough: bool = False) -> History:
        """Return the history up to the sealed end; raise JournalError when the bytes do not lead to the sealed root."""
        db = self._file.connection
        try:
            self._catch_up(db)
            if self._history is None or (thorough and not self._history.thorough):
                history, self._open_attempts = History(thorough=thorough), None
            else:
                history = self._history
            start = history.size
            if start != self._tail.size:
                history.extend(db, self._tail)
        except database.ERRORS as error:
            raise database.translate(error) from None
        self._history = history
        if self._open_attempts is not None and start != history.size:
            for entry in self.entries(after_seq=start - 1):
                self._track(entry, self.lines(entry))
        return history

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Take in what another process appended, after checking that it extends what we know."""
        size = sealed_size(db)
        if size < self._tail.size:
            raise rolled_back(_("it became shorter while it was open"))
        if size > self._tail.size:
            signer = self._signer_after(db)
            self._tail = follow(db, self._tail, origin=self.origin, key=signer.verifier if signer else None)
            self._opened.signer = signer

    @abstractmethod
    def _signer_after(self, db: sqlite3.Connection) -> Signer | None:
        """Return the signer in force after what another process appended; None where its key cannot be read."""

    def _open(self) -> dict[AttemptKey, tuple[int, int]]:
        """Return the attempts without an outcome, derived from the lines of runs where more were opened than closed."""
        if self._open_attempts is None:
            self._open_attempts = {}
            for run, family in self._believed().unclosed():
                for entry in self.entries(run=run):
                    if entry.op.rpartition(".")[0] == family:
                        self._track(entry, self.lines(entry))
        return self._open_attempts

    def _track(self, entry: Entry, lines: Iterable[Line]) -> None:
        """Note the attempts that the lines of an entry open or close."""
        opened, opens = self._open_attempts, is_intent(entry.op)
        if opened is None or not (opens or is_outcome(entry.op)):
            return
        for place, key in enumerate(entry.attempts_of(line.facts for line in lines)):
            if opens:
                opened[key] = (entry.seq, place)
            else:
                opened.pop(key, None)

    def head(self) -> Checkpoint:
        """Return the last checkpoint: size, root, signed note."""
        with self._guard:
            size = self._file.rows("SELECT max(size) FROM checkpoint")[0][0]
            return self.checkpoint(size)

    def checkpoint(self, size: int) -> Checkpoint:
        """Return the checkpoint that was sealed at `size` entries; raise JournalError when there is none."""
        with self._guard:
            rows = self._file.rows("SELECT note FROM checkpoint WHERE size = ?", (size,))
        if not rows:
            raise JournalError(_("there is no checkpoint for {size} entries").format(size=size), reason="no_checkpoint")
        return Checkpoint.parse(rows[0][0])

    def prove(self, seq: int, *, size: int | None = None) -> InclusionProof:
        """Return the audit path from entry `seq` to the checkpoint that sealed it, or to the one at `size`.

        The default stays the same however long the journal grows, so that a receipt can be issued again.
        """
        with self._guard:
            checkpoint = self.checkpoint(self.entry(seq).seal_size if size is None else size)
            if seq >= checkpoint.size:
                raise JournalError(_("there is no journal entry {seq}").format(seq=seq), reason="no_entry")
            path = inclusion_path(seq, checkpoint.size, StoredTree(self._file.connection).range_hash)
        return InclusionProof(seq, path, checkpoint)

    def keyed_digest(self, field: str, value: str) -> str:
        """Return hex HMAC-SHA256(key, field ‖ 0x00 ‖ NFC(value)): how personal values enter the journal."""
        if self._opened.digests is None:
            raise JournalError(
                _("the key for personal digests cannot be read"), reason="key_missing", hint=_("unlock the keyring")
            )
        return self._opened.digests.digest(field, value)
