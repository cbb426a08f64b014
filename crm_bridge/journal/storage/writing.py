"""One batch of entries into the file: bytes, lines, tree nodes, and the checkpoint that seals them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.entry import (
    AttemptKey,
    Entry,
    NewEntry,
    Stamp,
    attempts_of,
    is_intent,
    is_outcome,
    write_entry,
)
from crm_bridge.journal.format.lines import LineSeal, write_lines
from crm_bridge.journal.format.merkle import leaf_hash
from crm_bridge.journal.format.note import Signer
from crm_bridge.journal.storage.tail import Tail
from crm_bridge.version import VERSION

PROGRAM = f"crm_bridge/{VERSION}"

Attempts = Mapping[AttemptKey, tuple[int, int]]
"""Open attempts, each with the entry of its intent and the place of the line in it."""


@dataclass(slots=True)
class WrittenBatch:
    """A batch that was inserted: the entries, the new end, and which attempts it opened and closed."""

    entries: tuple[Entry, ...]
    tail: Tail
    opened: dict[AttemptKey, tuple[int, int]] = field(default_factory=dict)
    closed: set[AttemptKey] = field(default_factory=set)


def insert_batch(
    db: sqlite3.Connection,
    tail: Tail,
    new_entries: Sequence[NewEntry],
    stamp: Stamp,
    *,
    origin: str,
    signers: Sequence[Signer],
    attempts: Attempts | None = None,
) -> WrittenBatch:
    """Write the entries for `new_entries` after `tail` inside the caller's transaction.

    `attempts` are those open before; a second intent for one of them raises JournalError, and so does an outcome
    for an attempt that is not open.
    """
    frontier, prev, seq = tail.frontier.copy(), tail.prev, tail.size
    sealed = partial(replace, seal_size=seq + len(new_entries), seal_after=tail.after)
    now = sealed(stamp)
    made = WrittenBatch((), tail)
    entries, blocks, nodes = [], [], []
    for new_entry in new_entries:
        block = write_lines(new_entry.lines)
        noted = sealed(new_entry.noted) if new_entry.noted else now
        entry = write_entry(
            new_entry, noted, LineSeal.of(block) if block else None, seq=seq, prev=prev, program=PROGRAM
        )
        _track(made, new_entry, seq, attempts or {})
        nodes.extend(frontier.add(leaf_hash(entry.raw)))
        prev = sha256(entry.raw).hexdigest()
        entries.append(entry)
        if block:
            blocks.append((seq, block))
        seq += 1
    db.executemany("INSERT INTO entry (seq, raw) VALUES (?, ?)", [(entry.seq, entry.raw) for entry in entries])
    db.executemany("INSERT INTO lines (seq, raw) VALUES (?, ?)", blocks)
    db.executemany("INSERT INTO node (level, place, hash) VALUES (?, ?, ?)", nodes)
    checkpoint = Checkpoint.sign(origin, frontier.size, frontier.root(), *signers)
    db.execute(
        "INSERT INTO checkpoint (size, note, frontier) VALUES (?, ?, ?)",
        (checkpoint.size, checkpoint.note, frontier.to_bytes()),
    )
    made.entries, made.tail = tuple(entries), Tail(frontier, prev, checkpoint)
    return made


def _track(made: WrittenBatch, new_entry: NewEntry, seq: int, before: Attempts) -> None:
    """Note which attempts the lines of a new entry open or close; refuse what would not be an attempt."""
    opens = is_intent(new_entry.op)
    if not opens and not is_outcome(new_entry.op):
        return
    opened, closed = made.opened, made.closed
    keys = attempts_of(new_entry.op, new_entry.system, new_entry.org, new_entry.body, new_entry.lines)
    for place, key in enumerate(keys):
        is_open = key in opened or (key in before and key not in closed)
        if opens == is_open:
            raise _refusal(key, is_open=is_open)
        if is_open:
            closed.add(key)
            opened.pop(key, None)
        else:
            opened[key] = (seq, place)


def _refusal(key: AttemptKey, *, is_open: bool) -> JournalError:
    if is_open:
        return JournalError(
            _("an attempt on record {record} is still open").format(record=key.record_id),
            reason="intent_open",
            hint=_("settle it first with `crm-bridge resume`"),
        )
    return JournalError(
        _("there is no open attempt on record {record}").format(record=key.record_id), reason="no_intent"
    )
