"""Starting a new journal where the old one can no longer be used: `journal renew --after OLD_HEAD`."""

from __future__ import annotations

import random
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.clock import Clock, new_id
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.note import NoteError
from crm_bridge.journal.keys import PIN
from crm_bridge.journal.pin import Pin
from crm_bridge.journal.storage import database
from crm_bridge.journal.storage.files import sync_directory
from crm_bridge.journal.store import Journal


def start_new_journal(
    home: Path,
    *,
    keys: KeyStore,
    clock: Clock,
    randomness: random.Random,
    after: str,
    pins: KeyStore | None = None,
) -> Journal:
    """Set the journal file aside, under a name of its own, and open a new one that names the old one's head.

    `after` is what is known of the old journal: its last checkpoint, or `SIZE:ROOT`. It becomes part of the first
    entry, so that nobody can say there was nothing before. Nothing is removed. Raises JournalError where the old one
    can still be opened: a good journal is continued, not replaced.
    """
    if not _is_head(after):
        raise JournalError(
            _("a new journal must name the head of the old one"),
            reason="no_old_head",
            hint=_("give the last checkpoint that you have with --after, or the pin as SIZE:ROOT"),
        )
    _refuse_good_one(home, keys=keys, clock=clock, randomness=randomness, pins=pins)
    path = home / database.FILE_NAME
    mark = new_id(clock, randomness)
    with failpoints.step("journal.aside"):
        for suffix in ("", "-journal"):
            old = path.with_name(path.name + suffix)
            if old.exists():
                old.rename(path.with_name(f"journal-until-{mark}.sqlite3{suffix}"))
        sync_directory(home)
    (keys if pins is None else pins).set(PIN, "")
    return Journal.open(home, keys=keys, clock=clock, randomness=randomness, pins=pins, after=after)


def _is_head(text: str) -> bool:
    try:
        Checkpoint.parse(text)
    except NoteError:
        try:
            Pin.parse(text)
        except JournalError:
            return False
    return True


def _refuse_good_one(
    home: Path, *, keys: KeyStore, clock: Clock, randomness: random.Random, pins: KeyStore | None
) -> None:
    try:
        found = Journal.open(home, keys=keys, clock=clock, randomness=randomness, pins=pins, read_only=True)
    except JournalError as error:
        if error.reason not in ("unsafe_place", "network_file_system", "sqlite_too_old", "journal_busy"):
            return
        raise
    found.close()
    raise JournalError(
        _("the journal can be opened: there is no reason to replace it"),
        reason="journal_good",
        hint=_("`crm-bridge journal check` says what is wrong with it, if anything"),
    )
