"""Attacks on the SQLite file itself: through SQL with the triggers out of the way, and byte by byte."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from crm_bridge.errors import JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.storage import database
from tests.journal.lab import Corpus, Lab

STATEMENTS = {
    "entry edited": "UPDATE entry SET raw = CAST(replace(CAST(raw AS TEXT), 'trash', 'purge') AS BLOB) WHERE seq = 3",
    "line edited": "UPDATE lines SET raw = CAST(replace(CAST(raw AS TEXT), '0-b', '0-c') AS BLOB) WHERE seq = 3",
    "lines swapped": "UPDATE lines SET raw = (SELECT raw FROM lines WHERE seq = 4) WHERE seq = 3 AND "
    "(SELECT raw FROM lines WHERE seq = 4) <> raw OR seq = 1",
    "lines removed": "DELETE FROM lines WHERE seq = 3",
    "lines added": "INSERT INTO lines SELECT 0, raw FROM lines WHERE seq = 1",
    "lines added beyond the end": "INSERT INTO lines SELECT 500, raw FROM lines WHERE seq = 1",
    "lines moved": "UPDATE lines SET seq = 0 WHERE seq = 1",
    "entry removed": "DELETE FROM entry WHERE seq = 20",
    "last entry removed": "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)",
    "checkpoint removed": "DELETE FROM checkpoint WHERE size = 5",
    "last checkpoint removed": "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)",
    "checkpoint moved": "UPDATE checkpoint SET size = size + 500 WHERE size = (SELECT max(size) FROM checkpoint)",
    "checkpoint edited": "UPDATE checkpoint SET note = replace(note, '=', '+') WHERE size = 5",
    "frontier edited": "UPDATE checkpoint SET frontier = zeroblob(length(frontier)) WHERE size = 5",
    "all checkpoints removed": "DELETE FROM checkpoint",
    "name edited": "UPDATE meta SET value = 'x' WHERE name = 'uuid'",
    "name removed": "DELETE FROM meta",
    "tree node added": "INSERT INTO node (level, place, hash) VALUES (8, 0, zeroblob(32))",
    "format edited": "UPDATE meta SET value = '1' WHERE name = 'format'",
    "table dropped": "DROP TABLE preflight",
    "index added": "CREATE INDEX more ON entry (raw)",
    "view added": "CREATE VIEW more AS SELECT 1",
    "trigger dropped": "DROP TRIGGER entry_no_update",
    "table added": "CREATE TABLE other (x)",
    "column added": "ALTER TABLE entry ADD COLUMN more TEXT",
}


def tamper(path: Path, statement: str) -> None:
    """Run a statement as somebody who knows the schema: triggers dropped before, put back after."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        if not statement.startswith("DROP"):
            for name, _sql in triggers:
                db.execute(f"DROP TRIGGER {name}")
        db.execute(statement)
        if not statement.startswith("DROP"):
            for _name, sql in triggers:
                db.execute(sql)


def damaged_files(
    corpus: Corpus, folder: Path, randomness: random.Random, count: int
) -> tuple[int, int, Sequence[str]]:
    """Change one byte of the file at a time; return how many were caught, how many changed nothing, and what is wrong.

    A change may stay unnoticed only where it is in nobody's data: the export is then still the same.
    """
    target = Lab(folder / "damaged")
    target.home.mkdir(mode=0o700)
    path = target.home / database.FILE_NAME
    whole = (corpus.lab.home / database.FILE_NAME).read_bytes()
    export, keys = corpus.good.export, corpus.good.keys
    caught, harmless, wrong = 0, 0, []
    for place in sorted(randomness.sample(range(len(whole)), min(count, len(whole)))):
        damaged = bytearray(whole)
        damaged[place] ^= randomness.randrange(1, 256)
        path.write_bytes(damaged)
        path.chmod(0o600)
        try:
            good = check_journal(target.home, vkeys=keys, pin=corpus.good.pin).exit_code == 0
        except JournalError:
            good = False
        if not good:
            caught += 1
        elif target.export() == export:
            harmless += 1
        else:
            wrong.append(f"byte {place} of {path.name} changed the export")
    shutil.rmtree(target.home)
    return caught, harmless, wrong
