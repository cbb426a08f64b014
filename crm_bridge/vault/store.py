"""The vault: a folder of backup sets, each with a key of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crm_bridge.clock import Clock, new_id
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import BackupError, UsageError
from crm_bridge.files import ensure_private_folder, fsync_folder
from crm_bridge.i18n import _
from crm_bridge.locks import is_held
from crm_bridge.vault.backup_set import BackupSet
from crm_bridge.vault.check import CheckReport, check_set
from crm_bridge.vault.crypto.keys import MASTER_ITEM, MasterKey, is_shredded
from crm_bridge.vault.crypto.seal import Identity, Sealed
from crm_bridge.vault.crypto.shred import ShredReport, shred_set
from crm_bridge.vault.disk import remove_folder
from crm_bridge.vault.format.bag import payload_bytes, read_info
from crm_bridge.vault.format.header import SetHeader
from crm_bridge.vault.writer import INCOMPLETE, SetWriter, created_text, incomplete_of

ATTACHMENT_CAP = 256 * 1024 * 1024
_SET_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class SetSummary:
    """Summary of a set that needs no key. `keep_until` is the last day on which it must be kept."""

    set_id: str
    created: str
    connection: str
    run: str
    plan: str
    count: int
    bytes: int
    complete: bool
    shredded: bool
    keep_until: date | None


class Vault:
    """Write-once backup sets in `folder`. Every method reads the disk: nothing is remembered between calls."""

    def __init__(
        self,
        folder: Path,
        *,
        keys: KeyStore,
        clock: Clock,
        randomness: random.Random,
        attachment_cap: int = ATTACHMENT_CAP,
    ) -> None:
        """Use a folder that is ours alone; it is made, 0700, by the first backup. `attachment_cap` is in bytes."""
        self._folder = folder
        self._master = MasterKey(keys)
        self._clock = clock
        self._randomness = randomness
        self._cap = attachment_cap

    @property
    def folder(self) -> Path:
        """Return where the sets lie."""
        return self._folder

    def begin(self, *, run: str, plan: str, connection: str, schema: bytes, info: Mapping[str, str]) -> SetWriter:
        """Start the set of a run, and remove what an interrupted attempt of the same run left behind.

        `run`, `plan` and `connection` stay readable without the key, and so does `info["keep_until"]` (an ISO
        date); `schema` and the rest of `info` are sealed. Raises BackupError, CredentialStoreError, UsageError.
        """
        ensure_private_folder(self._folder, error=BackupError)
        self._sweep(run)
        master = self._master_for_writing()
        set_id = new_id(self._clock, self._randomness)
        created = created_text(self._clock.now())
        nothing = Sealed("", 0, "", 0)
        header = SetHeader(set_id, run, plan, connection, created, 0, 0, nothing, (), dict(info))
        return SetWriter(
            self._folder / set_id,
            header=header,
            labels=_labels(header),
            schema=schema,
            master=master,
            attachment_cap=self._cap,
        )

    def _master_for_writing(self) -> Identity:
        """Return the master identity; the first set of a vault makes it, a later one never."""
        if self._master.is_there() or not any(one.complete and not one.shredded for one in self.sets()):
            return self._master.load_or_create()
        # A new key would hide that nobody can open the older sets any more.
        raise BackupError(
            _("the key of the backups is not in the keyring, and {folder} holds sets that need it").format(
                folder=self._folder
            ),
            reason="no_key",
            hint=_("bring back the item {item}; if it is lost for good, move that folder aside").format(
                item=MASTER_ITEM
            ),
        )

    def _sweep(self, run: str) -> None:
        for left in list(incomplete_of(self._folder)):
            whose = read_info(left).get("Crm-Bridge-Run")
            # A writer that died before it could say whose set it is, or while it wrote that anew, left it to nobody.
            if whose == run or (whose is None and not is_held(left)):
                remove_folder(left)

    def open(self, set_id: str) -> BackupSet:
        """Open a complete set. Raises BackupError: not there, shredded, damaged, or of another master key."""
        return BackupSet(self._path(set_id), master=self._master.load())

    def sets(self) -> Iterator[SetSummary]:
        """Yield every set in the order of their making, incomplete ones last; no key is needed."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            if _SET_ID.fullmatch(path.name) and path.is_dir():
                yield _summary(path, complete=True)
        for path in incomplete_of(self._folder):
            yield _summary(path, complete=False)

    def expired(self, today: date) -> Iterator[SetSummary]:
        """Yield the complete sets whose last day has passed: what a prune may remove."""
        for summary in self.sets():
            if summary.complete and summary.keep_until is not None and summary.keep_until < today:
                yield summary

    def check(self, set_id: str) -> CheckReport:
        """Re-read, decrypt and compare a whole set; damage is a finding. Raises BackupError when it is not there."""
        path = self._path(set_id)
        try:
            master = self._master.load()
        except BackupError:
            master = None
        return check_set(path, master=master)

    def shred(self, set_id: str) -> ShredReport:
        """Destroy the key of a set for good, and say what that cannot reach. Doing it twice is fine."""
        return shred_set(self._path(set_id), at=created_text(self._clock.now()))

    def remove(self, set_id: str) -> None:
        """Remove a set, its key first. Whether it may go is the caller's decision."""
        path = self._path(set_id)
        shred_set(path, at=created_text(self._clock.now()))
        doomed = path.with_name(path.name + INCOMPLETE)
        # Out of the list in one step: a crash half-way leaves a leftover, not half a set.
        path.rename(doomed)
        fsync_folder(self._folder)
        remove_folder(doomed)

    def _path(self, set_id: str) -> Path:
        path = self._folder / set_id
        if not _SET_ID.fullmatch(set_id) or path.is_symlink() or not path.is_dir():
            raise BackupError(
                _("there is no backup set {set}").format(set=set_id),
                reason="no_set",
                hint=_("`crm-bridge vault list` shows the sets"),
            )
        return path


def _labels(header: SetHeader) -> dict[str, str]:
    """Return what bag-info.txt says: coordinates and dates, never a word from a record."""
    keep_until = header.info.get("keep_until", "")
    if keep_until:
        _date(keep_until)
    labels = {
        "Bag-Software-Agent": "crm-bridge",
        "Bagging-Date": header.created[:10],
        "External-Identifier": header.set,
        "Crm-Bridge-Created": header.created,
        "Crm-Bridge-Run": header.run,
        "Crm-Bridge-Plan": header.plan,
        "Crm-Bridge-Connection": header.connection,
        "Crm-Bridge-Keep-Until": keep_until,
    }
    return {label: value for label, value in labels.items() if value}


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(_("keep_until must be a date such as 2027-01-31, not {text!r}").format(text=text)) from None


def _summary(path: Path, *, complete: bool) -> SetSummary:
    info = read_info(path)
    count = info.get("Crm-Bridge-Count", "")
    try:
        keep_until = date.fromisoformat(info.get("Crm-Bridge-Keep-Until", ""))
    except ValueError:
        keep_until = None
    return SetSummary(
        set_id=path.name.removesuffix(INCOMPLETE),
        created=info.get("Crm-Bridge-Created", ""),
        connection=info.get("Crm-Bridge-Connection", ""),
        run=info.get("Crm-Bridge-Run", ""),
        plan=info.get("Crm-Bridge-Plan", ""),
        count=int(count) if count.isdecimal() else 0,
        bytes=payload_bytes(info),
        complete=complete,
        shredded=is_shredded(path),
        keep_until=keep_until,
    )
