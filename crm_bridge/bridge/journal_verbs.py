"""The journal of a state directory: opened when first used, checked, exported, given a new key, begun anew."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from crm_bridge.bridge.environment import Environment
    from crm_bridge.journal.checking.external_evidence import ReceiptFile
    from crm_bridge.journal.checking.findings import JournalFindings
    from crm_bridge.journal.pin import Pin
    from crm_bridge.journal.store import Journal

JOURNAL_FOLDER = "journal"


class JournalEvidence(TypedDict, total=False):
    """What a journal must agree with: public keys, a pin (`SIZE:ROOT`), checkpoints and receipts, or files of them."""

    vkeys: Sequence[str]
    pin: Pin | str | None
    checkpoints: Sequence[str | Path]
    receipts: Sequence[str | bytes | Path | ReceiptFile]


def check_journal_file(
    source: Path,
    *,
    vkeys: Sequence[str] = (),
    pin: Pin | str | None = None,
    checkpoints: Sequence[str | Path] = (),
    receipts: Sequence[str | bytes | Path | ReceiptFile] = (),
) -> JournalFindings:
    """Recompute a journal file, an export or a folder with a journal, and compare it with what is given.

    A pin is `SIZE:ROOT`; paths are files with a checkpoint or a receipt. Needs no state directory.
    """
    from crm_bridge.journal.checking.check import check_journal
    from crm_bridge.journal.checking.external_evidence import ReceiptFile
    from crm_bridge.journal.pin import Pin

    return check_journal(
        source,
        vkeys=vkeys,
        pin=Pin.parse(pin) if isinstance(pin, str) else pin,
        # What is no text is no checkpoint either: a finding, not an error.
        checkpoints=[
            c.read_text(encoding="utf-8", errors="replace") if isinstance(c, Path) else c for c in checkpoints
        ],
        receipts=[ReceiptFile.read(r) if isinstance(r, Path) else r for r in receipts],
    )


class JournalVerbs:
    """The journal of a state directory; nothing here signs in."""

    env: Environment
    reading: bool

    @property
    def home(self) -> Path:
        """Return the state directory."""
        return self.env.home

    def _only_readable(self, folder: Path) -> bool:
        """Return whether a command that only reads stands before a folder that cannot be written to."""
        return self.reading and folder.exists() and not os.access(folder, os.W_OK)

    @cached_property
    def journal(self) -> Journal:
        """Open the journal, creating it and its keys when missing. Raises JournalError, CredentialStoreError."""
        from crm_bridge.bridge.setup.kept import compare_with_receipts
        from crm_bridge.files import ensure_private_folder
        from crm_bridge.journal.store import Journal

        env, folder = self.env, self.home / JOURNAL_FOLDER
        read_only = self._only_readable(folder)
        journal = Journal.open(
            folder if read_only else ensure_private_folder(folder),
            keys=env.keys,
            pins=env.pins,
            clock=env.clock,
            randomness=env.randomness,
            read_only=read_only,
        )
        try:
            compare_with_receipts(journal, self.home / "receipts")
        except BaseException:
            journal.close()
            raise
        return journal

    @contextmanager
    def reading_journal(self) -> Iterator[Journal]:
        """Lend the journal; once the bridge was closed, it is opened for as long as the block runs."""
        known = "journal" in self.__dict__
        try:
            yield self.journal
        finally:
            if not known:
                self.journal.close()
                del self.__dict__["journal"]

    def check_journal(
        self,
        *,
        vkeys: Sequence[str] = (),
        pin: Pin | str | None = None,
        checkpoints: Sequence[str | Path] = (),
        receipts: Sequence[str | bytes | Path | ReceiptFile] = (),
    ) -> JournalFindings:
        """Recompute the journal; without `vkeys` and `pin`, compare it with the key and the pin of this installation.

        The journal is not opened for it: one that does not verify can still be checked.

        >>> int(bridge.check_journal().exit_code)
        0
        """
        from crm_bridge.journal.known import own_vkey
        from crm_bridge.journal.pin import read_pin

        folder, keys = self.home / JOURNAL_FOLDER, self.env.keys
        own = own_vkey(folder, keys)
        return check_journal_file(
            folder,
            vkeys=vkeys or ((own,) if own else ()),
            pin=pin or read_pin(self.env.pins),
            checkpoints=checkpoints,
            receipts=receipts,
        )

    def export_journal(self, output: Path, *, force: bool = False) -> tuple[int, str]:
        """Write the journal's export to a file; return the number of entries and the public key, empty if unknown.

        The journal is not opened for it: one that does not verify can still be handed to somebody who looks. A file
        that is there and no older export is overwritten with `force` only.

        >>> count, vkey = bridge.export_journal(folder / "journal.jsonl")
        >>> count > 0
        True
        """
        from crm_bridge.files import replaced_file
        from crm_bridge.journal.export import export_journal, is_export
        from crm_bridge.journal.known import own_vkey
        from crm_bridge.overwriting import check_replaceable

        check_replaceable(output, is_export, force=force)
        folder = self.home / JOURNAL_FOLDER
        with replaced_file(output) as file:
            count = export_journal(folder, file)
        return count, own_vkey(folder, self.env.keys)

    def journal_keys(self) -> tuple[str, ...]:
        """Return every public key that this installation's journal has had, as far as one handed over to the next.

        Recomputes the journal; of one that does not verify only the key in the keyring is believed.
        """
        from crm_bridge.journal.checking.findings import CheckCode
        from crm_bridge.journal.known import own_vkey

        found = self.check_journal()
        if found.exit_code in (0, CheckCode.OPEN_INTENTS):
            return found.keys
        own = own_vkey(self.home / JOURNAL_FOLDER, self.env.keys)
        return (own,) if own else ()

    def rotate_journal_key(self) -> tuple[int, str, str]:
        """Hand over to a new signing key; return the entry that says so, the old public key and the new one."""
        old = self.journal.vkey
        entry = self.journal.rotate_key()
        return entry.seq, old, self.journal.vkey

    def renew_journal(self, head: str) -> tuple[str, str, list[Path]]:
        """Set aside a journal that cannot be opened, and begin one that names its head: `SIZE:ROOT` or a checkpoint.

        Return the new origin, its public key, and the files that were set aside. Raises JournalError.
        """
        from crm_bridge.journal.renewal import start_new_journal

        env, folder = self.env, self.home / JOURNAL_FOLDER
        with start_new_journal(
            folder, keys=env.keys, pins=env.pins, clock=env.clock, randomness=env.randomness, after=head
        ) as journal:
            origin, vkey = journal.origin, journal.vkey
        return origin, vkey, sorted(folder.glob("journal-until-*.sqlite3"))
