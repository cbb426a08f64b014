"""Transactions that either happened, did not happen, or end the use of the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from crm_bridge import failpoints
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.storage import database


class Transactions:
    """The open file of one journal. After an uncertain commit it is closed for good."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Take over an open connection."""
        self._db: sqlite3.Connection | None = db
        self._lost: sqlite3.Error | None = None
        """Why the file was closed for good, if it was."""

    @property
    def open(self) -> bool:
        """Return whether the file can still be used."""
        return self._db is not None

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection; raise JournalError once it is closed, with the reason that closed it."""
        if self._db is None and self._lost is not None:
            raise database.uncertain(self._lost)
        if self._db is None:
            raise JournalError(_("the journal is closed"), reason="journal_closed", hint=_("open it again"))
        return self._db

    def rows(self, query: str, values: Sequence[str | int] = ()) -> list[Any]:
        """Return all rows of a query."""
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise database.translate(error) from None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one durable transaction; on any error nothing is written.

        The exception is reason `commit_uncertain`: then nobody knows, and the file is closed.
        """
        db, committing = self.connection, False
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            committing = True
            with failpoints.step("journal.commit"):
                db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._abandon(error, committing=committing) from None
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from writing while the block runs; the file stays as it is, nothing is synced."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise database.translate(error) from None
        try:
            yield
        finally:
            self._roll_back()

    def close(self) -> None:
        """Let go of the file."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _abandon(self, error: sqlite3.Error, *, committing: bool) -> JournalError:
        code = database.primary_code(error)
        harmless = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL)
        if (harmless or (not committing and code != sqlite3.SQLITE_IOERR)) and self._roll_back():
            return database.translate(error)
        # fsync is not tried again: a second one can report success after the data was dropped.
        self.close()
        self._lost = error
        return database.uncertain(error)

    def _roll_back(self) -> bool:
        try:
            if self._db is not None and self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True
