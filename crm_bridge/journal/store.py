"""The journal: append-only, sealed at every commit, one SQLite file per state directory."""

from __future__ import annotations

import getpass
import random
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crm_bridge.clock import Clock, boot_id, new_id
from crm_bridge.errors import CredentialStoreError, JournalError
from crm_bridge.i18n import _
from crm_bridge.journal import database, dsse, opening
from crm_bridge.journal.ballast import Ballast
from crm_bridge.journal.checkpoint import ORIGIN_PREFIX, Checkpoint
from crm_bridge.journal.entry import Draft, Entry, Stamp, is_intent, is_outcome, timestamp
from crm_bridge.journal.keys import SIGN, SIGN_NEXT, KeyStore, make_key, signer_for
from crm_bridge.journal.leases import Leases
from crm_bridge.journal.merkle import inclusion_path
from crm_bridge.journal.note import Signer
from crm_bridge.journal.pin import Pin, write_pin
from crm_bridge.journal.proof import InclusionProof
from crm_bridge.journal.tail import follow, rolled_back, sealed_size
from crm_bridge.journal.transactions import Transactions
from crm_bridge.journal.tree import StoredTree
from crm_bridge.journal.writing import insert_batch

PIN_OUTCOMES = 50
PIN_SECONDS = 60.0
ROTATE_OP = "key.rotate"

_PAGE = 256


class Journal:
    """The audit journal of one state directory. Safe to share between threads; one object per process is enough.

    Whatever `append` returned is on disk, sealed by a signed checkpoint. Nothing is ever changed or removed.
    """

    def __init__(
        self,
        home: Path,
        opened: opening.Opened,
        *,
        clock: Clock,
        randomness: random.Random,
        keys: KeyStore,
        pins: KeyStore,
        stamp: Stamp,
        ballast: Ballast | None,
    ) -> None:
        """Use `Journal.open`."""
        self._opened = opened
        self._file = Transactions(opened.db)
        self._tail = opened.tail
        self._clock, self._randomness = clock, randomness
        self._keys, self._pins = keys, pins
        self._stamp = stamp
        self._ballast = ballast
        self._leases = Leases(home)
        self.path = home / database.FILE_NAME
        self._guard = threading.RLock()
        self._pinned_at = clock.monotonic()
        self._unpinned_outcomes = 0
        self.pin_stale = False

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        keys: KeyStore,
        clock: Clock,
        randomness: random.Random,
        pins: KeyStore | None = None,
        create: bool = True,
        read_only: bool = False,
        ballast: Ballast | None = None,
        after: str = "",
    ) -> Journal:
        """Open the journal of a state directory, creating file and keys where they are missing and `create` is set.

        Checks the place, SQLite's settings, the schema, the head pin (kept in `pins`, by default in `keys`) and the
        entries since the pin, then commits a real write. `read_only` writes nothing, needs no keys and cannot append.
        `after` is the last checkpoint of a journal that this new one continues. Raises JournalError, whose reason
        says why nothing may be done: rolled_back, journal_unverified, journal_read_only, key_missing, unsafe_place...
        """
        pins = keys if pins is None else pins
        db = opening.open_file(home, pins=pins, create=create, read_only=read_only)
        try:
            stamp = opening.make_stamp(
                clock,
                boot=boot_id(),
                session=new_id(clock, randomness),
                os_user=_os_user(),
                ts=timestamp(clock.now()),
            )
            if read_only:
                opened = opening.open_for_reading(db, keys=keys, pins=pins)
                held = None
            else:
                opened = opening.open_for_writing(
                    db, keys=keys, pins=pins, stamp=stamp, randomness=randomness, after=after
                )
                held = ballast or Ballast(home)
                held.hold(randomness)
        except BaseException:
            db.close()
            raise
        journal = cls(home, opened, clock=clock, randomness=randomness, keys=keys, pins=pins, stamp=stamp, ballast=held)
        journal._begin_session()
        return journal

    def _begin_session(self) -> None:
        if self._ballast is None:
            return
        if not self._opened.digests_recorded and self._opened.digests:
            self.append([Draft(opening.HMAC_OP, body={"hmac": self._opened.digests.key_id})])
        self.pin()

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

    @property
    def session(self) -> str:
        """Return the id of this opening of the journal; every entry written carries it."""
        return self._stamp.session

    @property
    def ballast_ready(self) -> bool:
        """Say whether space for outcomes is held back. Without it no new intent is accepted."""
        return self._ballast is not None and self._ballast.ready

    def __repr__(self) -> str:
        """Name the journal; keys stay out."""
        return f"Journal({self.origin!r}, size={self._tail.size})"

    def append(self, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Write all drafts in one transaction under one checkpoint; they are on disk when this returns.

        Raises JournalBusyError or JournalError when nothing was written; reason `disk_full`, `intent_open`,
        `bad_entry`, ... After reason `commit_uncertain` the journal is closed: nobody knows whether the entries are
        there. `outcome_not_recorded`: the disk stayed full even without the ballast.
        """
        if not drafts:
            return ()
        with self._guard:
            self._refuse_intents_without_ballast(drafts)
            try:
                entries = self._write(drafts, (self._signer(),))
            except JournalError as error:
                if error.reason not in ("disk_full", "journal_read_only") or not any(is_outcome(d.op) for d in drafts):
                    raise
                entries = self._write_from_ballast(drafts, error)
            self._after_commit(drafts)
        return entries

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

    def sign_receipt(self, payload: bytes) -> dict[str, Any]:
        """Return the DSSE envelope of a deletion receipt, signed by the journal key."""
        return dsse.sign(dsse.RECEIPT_TYPE, payload, self._signer())

    def rotate_key(self) -> Entry:
        """Hand over to a new signing key: one `key.rotate` entry, sealed by both keys."""
        with self._guard:
            old = self._signer()
            # Kept under another name first: whichever step a crash cuts off, the key that is needed next is kept.
            new = signer_for(self.origin, make_key(self._keys, SIGN_NEXT, self._randomness))
            body = {"old": str(old.verifier), "new": str(new.verifier)}
            (entry,) = self._write([Draft(ROTATE_OP, body=body)], (old, new))
            self._keys.set(SIGN, self._keys.get(SIGN_NEXT) or "")
            self._opened.signer = new
            self.pin()
        return entry

    def lease(self, run: str, system: str, org: str, record_ids: Sequence[str]) -> tuple[str, ...]:
        """Reserve records for `run`; return the ids that another live run holds. Empty means that all are leased.

        A run is alive while some process holds its lock; a killed run's leases are free. Raises JournalBusyError when
        another process is executing the same run.
        """
        with self._guard, self._file.write() as db:
            return self._leases.take(db, run, system, org, record_ids, since=timestamp(self._clock.now()))

    def release(self, run: str) -> None:
        """Give up every lease of `run`."""
        with self._guard, self._file.write() as db:
            self._leases.drop(db, run)
            self._leases.unlock(run)

    def pin(self) -> None:
        """Write size and root of the head to the pin store. A failure sets `pin_stale` and is tried again later."""
        with self._guard:
            if self._ballast is None:
                return
            self._pinned_at, self._unpinned_outcomes = self._clock.monotonic(), 0
            try:
                # Another process may have appended and pinned more: a pin never goes back.
                self._catch_up(self._file.connection)
                if checkpoint := self._tail.checkpoint:
                    write_pin(self._pins, Pin(checkpoint.size, checkpoint.root, self.uuid))
            except Exception:  # noqa: BLE001 - whatever a keyring raises, the deletion path must not depend on it
                self.pin_stale = True
            else:
                self.pin_stale = False

    def close(self) -> None:
        """Pin the head and let go of the file; closing twice is harmless."""
        with self._guard:
            if self._file.open:
                self.pin()
            self._leases.close()
            self._file.close()

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _write(self, drafts: Sequence[Draft], signers: Sequence[Signer]) -> tuple[Entry, ...]:
        with self._file.write() as db:
            self._catch_up(db)
            stamp = opening.make_stamp(
                self._clock,
                boot=self._stamp.boot,
                session=self.session,
                os_user=self._stamp.os_user,
                ts=timestamp(self._clock.now()),
            )
            entries, tail = insert_batch(db, self._tail, drafts, stamp, origin=self.origin, signers=signers)
        self._tail = tail
        return entries

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Take in what another process appended, after checking that it extends what we know."""
        size = sealed_size(db)
        if size < self._tail.size:
            raise rolled_back(_("it became shorter while it was open"))
        if size > self._tail.size:
            self._tail = follow(db, self._tail, origin=self.origin, key=self._signer().verifier)

    def _write_from_ballast(self, drafts: Sequence[Draft], full: JournalError) -> tuple[Entry, ...]:
        try:
            if self._ballast is not None and self._ballast.release():
                return self._write(drafts, (self._signer(),))
        except JournalError as error:
            if error.reason not in ("disk_full", "journal_read_only"):
                raise
        raise JournalError(
            _("the outcome of the last call could not be written: {why}").format(why=full.message),
            reason="outcome_not_recorded",
            hint=_("free some space, then `crm-bridge resume`: the open step is settled by looking"),
        )

    def _refuse_intents_without_ballast(self, drafts: Sequence[Draft]) -> None:
        if any(is_intent(draft.op) for draft in drafts) and not self.ballast_ready:
            raise JournalError(
                _("no space is held back for outcomes, so nothing new is started"),
                reason="disk_full",
                hint=_("free some space, then `crm-bridge resume`"),
            )

    def _after_commit(self, drafts: Sequence[Draft]) -> None:
        self._unpinned_outcomes += sum(is_outcome(draft.op) for draft in drafts)
        late = self._clock.monotonic() - self._pinned_at >= PIN_SECONDS
        # Never between an intent and its call: a keyring write can be slow.
        if (late or self._unpinned_outcomes >= PIN_OUTCOMES) and not any(is_intent(draft.op) for draft in drafts):
            self.pin()

    def _signer(self) -> Signer:
        if self._ballast is None:
            raise JournalError(
                _("the journal is open for reading only"), reason="journal_read_only", hint=_("open it for writing")
            )
        if self._opened.signer is None:
            raise CredentialStoreError(_("the journal's signing key cannot be read"), reason="key_missing")
        return self._opened.signer


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
