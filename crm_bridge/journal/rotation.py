"""Handing over from one signing key to the next, so that no crash and no second process loses the key in force.

The new key is kept under a name of its own before the entry that announces it, and moves to its place afterwards:
whichever step a crash cuts off, the key that the next entry needs is in the keyring.
"""

from __future__ import annotations

import random
import sqlite3

from crm_bridge import failpoints
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.format.note import Signer
from crm_bridge.journal.keys import SIGN, SIGN_NEXT, make_key, read_key, signer_for

ROTATE_OP = "key.rotate"


def prepare(keys: KeyStore, origin: str, randomness: random.Random) -> Signer:
    """Make the key that will take over, and keep it beside the one in force."""
    with failpoints.step("key.next"):
        return signer_for(origin, make_key(keys, SIGN_NEXT, randomness))


def finish(keys: KeyStore, origin: str, new: Signer) -> None:
    """Put the key that took over in its place, if it is still the one that waits."""
    waiting = read_key(keys, SIGN_NEXT)
    if waiting is not None and signer_for(origin, waiting).verifier == new.verifier:
        with failpoints.step("key.finish"):
            keys.set(SIGN, keys.get(SIGN_NEXT) or "")


def in_force(db: sqlite3.Connection, keys: KeyStore, origin: str, signer: Signer | None) -> Signer | None:
    """Return the signer to go on with: the waiting one if a hand-over to it was committed but never finished."""
    waiting = read_key(keys, SIGN_NEXT)
    row = db.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    if waiting is None or row is None:
        return signer
    next_signer = signer_for(origin, waiting)
    try:
        # The checkpoint of the hand-over bears both signatures; the waiting key never signs before it.
        return next_signer if Checkpoint.parse(row[0]).signed_by(next_signer.verifier) else signer
    except ValueError:
        return signer


def successor(db: sqlite3.Connection, keys: KeyStore, origin: str, signer: Signer, *, since: int) -> Signer:
    """Return the signer after the entries from `since` on: another process may have changed the key.

    Raises JournalError when it has, and the new key cannot be read.
    """
    raws = db.execute("SELECT raw FROM entry WHERE seq >= ? ORDER BY seq DESC", (since,))
    entry = next((entry for (raw,) in raws if (entry := Entry.parse(raw)).op == ROTATE_OP), None)
    if entry is None:
        return signer
    wanted = entry.body.get("new")
    for name in (SIGN, SIGN_NEXT):
        seed = read_key(keys, name)
        found = signer_for(origin, seed) if seed else None
        if found is not None and str(found.verifier) == wanted:
            if name == SIGN_NEXT:
                # The next hand-over needs the waiting place: what is in force must not be lost there.
                finish(keys, origin, found)
            return found
    raise JournalError(
        _("another process changed the signing key of the journal, and the new one cannot be read"),
        reason="key_missing",
        hint=_("unlock the keyring, then run the same command again"),
    )
