"""The journal: append-only, sealed at every commit, one SQLite file per state directory."""

from __future__ import annotations

import getpass
import random
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crm_bridge.clock import Clock, boot_id, new_id
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import CredentialStoreError, JournalError
from crm_bridge.i18n import _
from crm_bridge.journal import opening, rotation
from crm_bridge.journal.format import dsse
from crm_bridge.journal.format.entry import HMAC_OP, Entry, NewEntry, Stamp, is_intent, is_outcome, timestamp
from crm_bridge.journal.format.note import Signer
from crm_bridge.journal.leases import Leases
from crm_bridge.journal.pin import NoPins, Pin, write_pin
from crm_bridge.journal.reading import Reader
from crm_bridge.journal.storage import database
from crm_bridge.journal.storage.ballast import Ballast
from crm_bridge.journal.storage.writing import WrittenBatch, insert_batch

PIN_OUTCOMES = 50
PIN_SECONDS = 60.0
MOST_DEFERRED = 1000


class Journal(Reader):
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
        super().__init__(opened)
        self._clock, self._randomness = clock, randomness
        self._keys, self._pins = keys, pins
        self._stamp = stamp
        self._ballast = ballast
        self._leases = Leases(home)
        self._deferred: list[NewEntry] = []
        self.path = home / database.FILE_NAME
        self._digest_key_named = False
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
        journal.pin()
        return journal

    @property
    def session(self) -> str:
        """Return the id of this opening of the journal; every entry written carries it."""
        return self._stamp.session

    @property
    def rollback_is_detected(self) -> bool:
        """Return whether a pin of the head is kept outside this journal's folder."""
        return not isinstance(self._pins, NoPins)

    @property
    def ballast_ready(self) -> bool:
        """Return whether space for outcomes is held back. Without it no new intent is accepted."""
        return self._ballast is not None and self._ballast.ready

    def __repr__(self) -> str:
        """Name the journal; keys stay out."""
        return f"Journal({self.origin!r}, size={self._tail.size})"

    def append(self, new_entries: Sequence[NewEntry]) -> tuple[Entry, ...]:
        """Write all new entries in one transaction under one checkpoint; they are on disk when this returns.

        Entries that were deferred are written before them; `()` writes just those.
        Raises JournalBusyError or JournalError when nothing was written; reason `disk_full`, `intent_open`,
        `bad_entry`, ... After reason `commit_uncertain` the journal is closed: nobody knows whether the entries are
        there. `outcome_not_recorded`: the disk stayed full even without the ballast.
        """
        with self._guard:
            new_entries = [*self._deferred, *new_entries]
            if not new_entries:
                return ()
            self._refuse_intents_without_ballast(new_entries)
            # Nothing is written on a journal that does not check; hashing it again must not keep others from writing.
            if self._history is None or not self._history.thorough:
                self._believed(thorough=True)
            self._name_digest_key()
            try:
                entries = self._write(new_entries)
            except JournalError as error:
                if error.reason not in ("disk_full", "journal_read_only") or not any(
                    is_outcome(d.op) for d in new_entries
                ):
                    raise
                entries = self._write_from_ballast(new_entries, error)
            written, self._deferred = len(self._deferred), []
            self._after_commit(new_entries)
        return entries[written:]

    def defer(self, new_entries: Sequence[NewEntry]) -> None:
        """Have entries written with the next ones, as of now. A process that dies before loses them: only for what is
        looked at again then, and decides nothing until the next `append`.
        """
        with self._guard:
            self._deferred += [replace(one, noted=self._stamp_now()) for one in new_entries]
            if len(self._deferred) >= MOST_DEFERRED:
                self.append(())

    def sign_receipt(self, payload: bytes) -> dict[str, Any]:
        """Return the DSSE envelope of a deletion receipt, signed by the journal key."""
        return dsse.sign(dsse.RECEIPT_TYPE, payload, self._signer(writes=False))

    def rotate_key(self) -> Entry:
        """Hand over to a new signing key: one `key.rotate` entry, sealed by both keys."""
        with self._guard:
            self._believed(thorough=True)
            with self._file.write() as db:
                self._believed(thorough=True)
                old = self._signer()
                new = rotation.prepare(self._keys, self.origin, self._randomness)
                body = {"old": str(old.verifier), "new": str(new.verifier)}
                made = self._insert(db, [NewEntry(rotation.ROTATE_OP, body=body)], (old, new))
            # From here on the old key is outside its range, whatever becomes of the keyring.
            self._take_in(made)
            self._opened.signer = new
            rotation.finish(self._keys, self.origin, new)
            self.pin()
        return made.entries[0]

    def lease(self, run: str, system: str, org: str, record_ids: Iterable[str]) -> tuple[str, ...]:
        """Reserve records for `run`; return the ids that another live run holds. Empty means that all are leased.

        A run is alive while some process holds its lock; a killed run's leases are free. Raises JournalBusyError when
        another process is executing the same run.
        """
        with self._guard, self._file.alone():
            return self._leases.take(run, system, org, record_ids)

    def release(self, run: str) -> None:
        """Give up every lease of `run`. In a journal that was closed meanwhile they end with the process."""
        with self._guard:
            if not self._file.open:
                self._leases.close()
                return
            with self._file.alone():
                self._leases.drop(run)

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

    def _write(self, new_entries: Sequence[NewEntry]) -> tuple[Entry, ...]:
        with self._file.write() as db:
            self._believed(thorough=True)
            made = self._insert(db, new_entries, (self._signer(),))
        self._take_in(made)
        return made.entries

    def _name_digest_key(self) -> None:
        """Journal which key makes keyed digests from now on, where the journal names another one."""
        if self._digest_key_named or self._opened.digests is None:
            return
        named = self.entry(max(self._believed().places(op=HMAC_OP), default=0))
        if named.body.get("hmac") != self._opened.digests.key_id:
            self._write([NewEntry(HMAC_OP, body={"hmac": self._opened.digests.key_id})])
        self._digest_key_named = True

    def _insert(
        self, db: sqlite3.Connection, new_entries: Sequence[NewEntry], signers: Sequence[Signer]
    ) -> WrittenBatch:
        tracked = any(is_intent(new_entry.op) or is_outcome(new_entry.op) for new_entry in new_entries)
        attempts = self._open() if tracked else {}
        return insert_batch(
            db, self._tail, new_entries, self._stamp_now(), origin=self.origin, signers=signers, attempts=attempts
        )

    def _stamp_now(self) -> Stamp:
        return replace(self._stamp, ts=timestamp(self._clock.now()), mono_ms=int(self._clock.monotonic() * 1000))

    def _take_in(self, made: WrittenBatch) -> None:
        """Extend what is known by what was just committed."""
        self._tail = made.tail
        for entry in made.entries:
            if self._history is not None:
                self._history.add(entry)
        if self._open_attempts is not None:
            for key in made.closed:
                self._open_attempts.pop(key, None)
            self._open_attempts.update(made.opened)

    def _signer_after(self, db: sqlite3.Connection) -> Signer | None:
        signer = self._opened.signer
        return signer and rotation.successor(db, self._keys, self.origin, signer, since=self._tail.size)

    def _write_from_ballast(self, new_entries: Sequence[NewEntry], full: JournalError) -> tuple[Entry, ...]:
        try:
            if self._ballast is not None and self._ballast.release():
                return self._write(new_entries)
        except JournalError as error:
            if error.reason not in ("disk_full", "journal_read_only"):
                raise
        raise JournalError(
            _("the outcome of the last call could not be written: {why}").format(why=full.message),
            reason="outcome_not_recorded",
            hint=_("free some space, then `crm-bridge resume`: the open step is settled by looking"),
        )

    def _refuse_intents_without_ballast(self, new_entries: Sequence[NewEntry]) -> None:
        if any(is_intent(new_entry.op) for new_entry in new_entries) and not self.ballast_ready:
            raise JournalError(
                _("no space is held back for outcomes, so nothing new is started"),
                reason="disk_full",
                hint=_("free some space, then `crm-bridge resume`"),
            )

    def _after_commit(self, new_entries: Sequence[NewEntry]) -> None:
        self._unpinned_outcomes += sum(len(new_entry.lines) for new_entry in new_entries if is_outcome(new_entry.op))
        late = self._clock.monotonic() - self._pinned_at >= PIN_SECONDS
        # Never between an intent and its call: a keyring write can be slow.
        if (late or self._unpinned_outcomes >= PIN_OUTCOMES) and not any(
            is_intent(new_entry.op) for new_entry in new_entries
        ):
            self.pin()

    def _signer(self, *, writes: bool = True) -> Signer:
        if writes and self._ballast is None:
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
