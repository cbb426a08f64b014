"""Opening a journal: find or create the file, read the keys, check the tail, prove that writing works."""

from __future__ import annotations

import random
import sqlite3
import uuid as uuids
from dataclasses import dataclass
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.clock import Clock
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal import rotation
from crm_bridge.journal.format.checkpoint import ORIGIN_PREFIX
from crm_bridge.journal.format.entry import NewEntry, Stamp
from crm_bridge.journal.format.merkle import Frontier
from crm_bridge.journal.format.note import Signer
from crm_bridge.journal.keys import (
    HMAC,
    SIGN,
    PersonalDigests,
    make_key,
    read_key,
    require_key,
    signer_for,
)
from crm_bridge.journal.pin import read_pin
from crm_bridge.journal.storage import database
from crm_bridge.journal.storage.files import check_file, check_home, create_file, make_home, sync_directory
from crm_bridge.journal.storage.tail import Tail, load_tail, rolled_back, unverified
from crm_bridge.journal.storage.writing import insert_batch

START_OP = "journal.start"


@dataclass(slots=True)
class Opened:
    """Parts of an open journal. `signer` is None for a reader without the key."""

    db: sqlite3.Connection
    uuid: str
    tail: Tail
    signer: Signer | None
    digests: PersonalDigests | None


def open_file(home: Path, *, pins: KeyStore, create: bool, read_only: bool) -> sqlite3.Connection:
    """Check the place and connect; a missing file is created only where `create` says so and no pin contradicts."""
    path = home / database.FILE_NAME
    writable = create and not read_only
    if writable:
        make_home(home)
    check_home(home)
    if not path.is_symlink() and not path.exists():
        if read_pin(pins) is not None:
            raise rolled_back(_("the file {path} is missing, but was there").format(path=path))
        if not writable:
            raise JournalError(
                _("there is no journal in {home}").format(home=home),
                reason="no_journal",
                hint=_("set --home to the right state directory; the first command that writes creates a journal"),
            )
        if create_file(path):
            sync_directory(home)
    check_file(path)
    return database.connect(path, read_only=read_only)


def open_for_writing(
    db: sqlite3.Connection, *, keys: KeyStore, pins: KeyStore, stamp: Stamp, randomness: random.Random, after: str = ""
) -> Opened:
    """Create what an empty file needs, check everything, and commit a real write; raise JournalError otherwise."""
    try:
        db.execute("BEGIN IMMEDIATE")
        if database.is_empty(db):
            _create(db, keys=keys, stamp=stamp, randomness=randomness, after=after)
        # A real write: BEGIN alone succeeds on media that refuse the commit.
        db.execute("INSERT OR REPLACE INTO preflight (id, session) VALUES (1, ?)", (stamp.session,))
        with failpoints.step("journal.open"):
            db.execute("COMMIT")
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise database.translate(error) from None
    uuid = read_uuid(db)
    origin = ORIGIN_PREFIX + uuid
    signer = signer_for(origin, require_key(keys, SIGN))
    pin = read_pin(pins)
    if (later := rotation.in_force(db, keys, origin, signer)) is not None and later is not signer:
        signer = later
        rotation.finish(keys, origin, signer)
    tail = load_tail(db, origin=origin, key=signer.verifier, pin=pin)
    hmac_key = read_key(keys, HMAC) or make_key(keys, HMAC, randomness)
    return Opened(db, uuid, tail, signer, PersonalDigests(hmac_key))


def open_for_reading(db: sqlite3.Connection, *, keys: KeyStore, pins: KeyStore) -> Opened:
    """Check the tail with whatever keys can be read; nothing is written anywhere."""
    if database.is_empty(db):
        raise JournalError(
            _("the journal is empty"), reason="no_journal", hint=_("set --home to the right state directory")
        )
    uuid = read_uuid(db)
    origin = ORIGIN_PREFIX + uuid
    seed, hmac_key = read_key(keys, SIGN), read_key(keys, HMAC)
    signer = signer_for(origin, seed) if seed else None
    signer = rotation.in_force(db, keys, origin, signer)
    tail = load_tail(db, origin=origin, key=signer.verifier if signer else None, pin=read_pin(pins))
    return Opened(db, uuid, tail, signer, PersonalDigests(hmac_key) if hmac_key else None)


def read_uuid(db: sqlite3.Connection) -> str:
    """Return the journal's uuid; raise JournalError when the file is not a journal as we create it."""
    try:
        if not database.schema_is_ours(db):
            raise JournalError(
                _("the tables or triggers of the journal were changed"),
                reason="schema_changed",
                hint=_("run `crm-bridge journal check`"),
            )
        meta = dict(db.execute("SELECT name, value FROM meta"))
        if meta.keys() != {"uuid", "format"} or meta["format"] != database.FORMAT:
            raise unverified(_("it does not say which journal it is"))
        uuid: str = meta["uuid"]
    except sqlite3.Error as error:
        raise database.translate(error) from None
    return uuid


def make_stamp(clock: Clock, *, boot: str, session: str, os_user: str, ts: str) -> Stamp:
    """Return the stamp of a batch whose seal is not known yet."""
    return Stamp(ts, boot, int(clock.monotonic() * 1000), session, os_user, 0, "")


def _create(db: sqlite3.Connection, *, keys: KeyStore, stamp: Stamp, randomness: random.Random, after: str) -> None:
    database.create_schema(db)
    uuid = str(uuids.UUID(int=randomness.getrandbits(128), version=4))
    origin = ORIGIN_PREFIX + uuid
    signer = signer_for(origin, read_key(keys, SIGN) or make_key(keys, SIGN, randomness))
    digests = PersonalDigests(read_key(keys, HMAC) or make_key(keys, HMAC, randomness))
    db.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", [("uuid", uuid), ("format", database.FORMAT)])
    body = {"uuid": uuid, "vkey": str(signer.verifier), "hmac": digests.key_id, "after": after}
    insert_batch(db, Tail(Frontier()), [NewEntry(START_OP, body=body)], stamp, origin=origin, signers=(signer,))
