"""The end of a journal: where the next entry goes, and the cheap check that the last ones are what was sealed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.entry import FIRST_PREV
from crm_bridge.journal.format.merkle import Frontier, leaf_hash
from crm_bridge.journal.format.note import NoteError, VerifierKey
from crm_bridge.journal.pin import Pin


@dataclass(frozen=True, slots=True)
class Tail:
    """The tree so far, the digest of the last entry, the last checkpoint."""

    frontier: Frontier
    prev: str = FIRST_PREV
    checkpoint: Checkpoint | None = None

    @property
    def size(self) -> int:
        """Return the number of entries."""
        return self.frontier.size

    @property
    def after(self) -> str:
        """Return the digest of the last checkpoint's note, empty before the first."""
        return self.checkpoint.digest if self.checkpoint else ""


def sealed_size(db: sqlite3.Connection) -> int:
    """Return the size of the last checkpoint, 0 when there is none."""
    size: int = db.execute("SELECT coalesce(max(size), 0) FROM checkpoint").fetchone()[0]
    return size


def load_tail(db: sqlite3.Connection, *, origin: str, key: VerifierKey | None, pin: Pin | None) -> Tail:
    """Return the tail after recomputing the tree since the pin, or since the last checkpoint but one.

    `key` None leaves the signature unchecked (a reader without the keyring). Raises JournalError with reason
    `rolled_back` when the pin says that there was more or something else, `journal_unverified` otherwise.
    """
    size = sealed_size(db)
    if pin is not None:
        _check_pin(pin, origin=origin, size=size)
    row = db.execute("SELECT max(size) FROM checkpoint WHERE size < ?", (size,)).fetchone()
    start = (row[0] or 0) if pin is None else min(pin.size, row[0] or 0)
    base = _stored_tail(db, start, origin=origin)
    pinned = _stored_tail(db, pin.size, origin=origin) if pin else base
    if pin and pin.size and pinned.frontier.root() != pin.root:
        raise rolled_back(_("its history is not the one that was pinned"))
    return follow(db, base, origin=origin, key=key)


def follow(db: sqlite3.Connection, base: Tail, *, origin: str, key: VerifierKey | None) -> Tail:
    """Return the tail after the entries beyond `base`; raise JournalError unless the last checkpoint seals them."""
    frontier, last = base.frontier.copy(), b""
    for (last,) in db.execute("SELECT raw FROM entry WHERE seq >= ? ORDER BY seq", (base.size,)):
        frontier.add(leaf_hash(last))
    if frontier.size == base.size:
        return base
    sealed = _stored_tail(db, frontier.size, origin=origin)
    checkpoint = sealed.checkpoint
    if checkpoint is None or checkpoint.root != frontier.root() or sealed.frontier.to_bytes() != frontier.to_bytes():
        raise unverified(_("the last entries are not the ones that were sealed"))
    if key is not None and not checkpoint.signed_by(key):
        raise unverified(_("the last checkpoint is not signed by the key of this journal"))
    return Tail(frontier, sha256(last).hexdigest(), checkpoint)


def rolled_back(why: str) -> JournalError:
    """Say that the journal is older than, or another than, the one that was pinned."""
    return JournalError(
        _("the journal was rolled back or replaced: {why}").format(why=why),
        reason="rolled_back",
        hint=_("run `crm-bridge journal check`; nothing is deleted until this is settled"),
    )


def _check_pin(pin: Pin, *, origin: str, size: int) -> None:
    if pin.uuid and not origin.endswith("/" + pin.uuid):
        raise rolled_back(_("the pin belongs to journal {uuid}").format(uuid=pin.uuid))
    if pin.size > size:
        raise rolled_back(_("it has {size} entries, the pin {pinned}").format(size=size, pinned=pin.size))


def _stored_tail(db: sqlite3.Connection, size: int, *, origin: str) -> Tail:
    """Read a checkpoint with its frontier as the state to go on from; they must belong together."""
    if size == 0:
        return Tail(Frontier())
    row = db.execute("SELECT note, frontier FROM checkpoint WHERE size = ?", (size,)).fetchone()
    last = db.execute("SELECT raw FROM entry WHERE seq = ?", (size - 1,)).fetchone()
    try:
        if row is None or last is None:
            raise ValueError
        checkpoint, frontier = Checkpoint.parse(row[0]), Frontier.from_bytes(size, row[1])
        if (checkpoint.origin, checkpoint.size, checkpoint.root) != (origin, size, frontier.root()):
            raise ValueError
    except (ValueError, NoteError):
        raise unverified(_("there is no good checkpoint for {size} entries").format(size=size)) from None
    return Tail(frontier, sha256(last[0]).hexdigest(), checkpoint)


def unverified(why: str = "") -> JournalError:
    """Return the error for a journal whose bytes do not lead to what was sealed."""
    why = why or _("entries, lines or checkpoints are not the ones that were sealed")
    return JournalError(
        _("the journal does not verify: {why}").format(why=why),
        reason="journal_unverified",
        hint=_("run `crm-bridge journal check`; only `journal check` and `journal export` work on it"),
    )
