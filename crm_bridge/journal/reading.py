"""Reading an open journal: entries in order, checkpoints, proofs, open intents."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.checkpoint import ORIGIN_PREFIX, Checkpoint
from crm_bridge.journal.entry import Entry
from crm_bridge.journal.merkle import inclusion_path
from crm_bridge.journal.opening import Opened
from crm_bridge.journal.proof import InclusionProof
from crm_bridge.journal.transactions import Transactions
from crm_bridge.journal.tree import StoredTree

_PAGE = 256


class Reader:
    """What can be asked of an open journal without writing. Safe to share between threads."""

    def __init__(self, opened: Opened) -> None:
        """Read what was opened."""
        self._opened = opened
        self._file = Transactions(opened.db)
        self._guard = threading.RLock()

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
        self,
        *,
        plan: str | None = None,
        run: str | None = None,
        record_id: str | None = None,
        op: str | None = None,
        after_seq: int = -1,
    ) -> Iterator[Entry]:
        """Yield the entries that fit every filter, in order, a page at a time; appending meanwhile is allowed."""
        filters = {"plan": plan, "run": run, "record_id": record_id, "op": op}
        chosen = {name: value for name, value in filters.items() if value is not None}
        # The second condition lets SQLite use the partial index.
        clauses = "".join(f" AND {name} = ? AND {name} <> ''" for name in chosen)
        query = f"SELECT raw FROM entry WHERE seq > ?{clauses} ORDER BY seq LIMIT {_PAGE}"  # noqa: S608 - fixed names
        while True:
            with self._guard:
                rows = self._file.rows(query, (after_seq, *chosen.values()))
            page = [Entry.parse(raw) for (raw,) in rows]
            yield from page
            if len(page) < _PAGE:
                return
            after_seq = page[-1].seq

    def entry(self, seq: int) -> Entry:
        """Return one entry; raise JournalError when there is none."""
        with self._guard:
            rows = self._file.rows("SELECT raw FROM entry WHERE seq = ?", (seq,))
        if not rows:
            raise JournalError(_("there is no journal entry {seq}").format(seq=seq), reason="no_entry")
        return Entry.parse(rows[0][0])

    def open_intents(self) -> tuple[Entry, ...]:
        """Return the intents that have no outcome yet, in order: what a resumed run must settle by looking."""
        with self._guard:
            rows = self._file.rows("SELECT seq FROM open_intent ORDER BY seq")
        return tuple(self.entry(seq) for (seq,) in rows)

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
