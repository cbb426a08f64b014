"""One batch of entries into the file: bytes, tree nodes, open attempts, and the checkpoint that seals them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.checkpoint import Checkpoint
from crm_bridge.journal.entry import AttemptKey, Draft, Entry, Stamp, write_entry
from crm_bridge.journal.merkle import leaf_hash
from crm_bridge.journal.note import Signer
from crm_bridge.journal.tail import Tail

_ATTEMPT = "system = ? AND org = ? AND record_id = ? AND attempt = ? AND step = ? AND family = ?"


def insert_batch(
    db: sqlite3.Connection,
    tail: Tail,
    drafts: Sequence[Draft],
    stamp: Stamp,
    *,
    origin: str,
    signers: Sequence[Signer],
) -> tuple[tuple[Entry, ...], Tail]:
    """Write the entries for `drafts` after `tail` inside the caller's transaction; return them and the new tail."""
    frontier, prev, seq = tail.frontier.copy(), tail.prev, tail.size
    sealed = replace(stamp, seal_size=seq + len(drafts), seal_after=tail.after)
    entries, nodes = [], []
    for draft in drafts:
        entry = write_entry(draft, sealed, seq=seq, prev=prev)
        nodes.extend(frontier.add(leaf_hash(entry.raw)))
        prev = sha256(entry.raw).hexdigest()
        seq += 1
        entries.append(entry)
    db.executemany(
        "INSERT INTO entry (seq, op, run, plan, record_id, raw) VALUES (?, ?, ?, ?, ?, ?)",
        [(e.seq, e.op, e.run, e.plan, e.record_id, e.raw) for e in entries],
    )
    if nodes:
        db.executemany("INSERT INTO node (level, place, hash) VALUES (?, ?, ?)", nodes)
    _track_attempts(db, entries)
    checkpoint = Checkpoint.sign(origin, frontier.size, frontier.root(), *signers)
    db.execute(
        "INSERT INTO checkpoint (size, note, frontier) VALUES (?, ?, ?)",
        (checkpoint.size, checkpoint.note, frontier.to_bytes()),
    )
    return tuple(entries), Tail(frontier, prev, checkpoint)


def _track_attempts(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    for entry in entries:
        if key := entry.opens:
            _open_attempt(db, key, entry.seq)
        elif key := entry.closes:
            db.execute(f"DELETE FROM open_intent WHERE {_ATTEMPT}", _values(key))  # noqa: S608 - a constant


def _open_attempt(db: sqlite3.Connection, key: AttemptKey, seq: int) -> None:
    try:
        db.execute(
            "INSERT INTO open_intent (system, org, record_id, attempt, step, family, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*_values(key), seq),
        )
    except sqlite3.IntegrityError:
        raise JournalError(
            _("an attempt on record {record} is still open").format(record=key.record_id),
            reason="intent_open",
            hint=_("settle it first with `crm-bridge resume`"),
        ) from None


def _values(key: AttemptKey) -> tuple[str, str, str, int, str, str]:
    return key.system, key.org, key.record_id, key.attempt, key.step, key.family
