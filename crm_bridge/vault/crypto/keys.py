"""Keys of the vault: one master identity in the keyring, one identity per set, wrapped in the set's key slot."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pyrage

from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import BackupError, CredentialStoreError
from crm_bridge.files import fsync_folder
from crm_bridge.i18n import _
from crm_bridge.vault.crypto.seal import Identity, seal_bytes
from crm_bridge.vault.disk import read_file, write_file

MASTER_ITEM = "backup-identity"
SLOT = "key.age"
SHREDDED = "shredded.txt"
_SET_COMMENT = "# crm-bridge set "


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The identity that opens the key slots of all sets; it never encrypts contract data itself."""

    keys: KeyStore

    def is_there(self) -> bool:
        """Return whether the keyring has one."""
        return bool(self.keys.get(MASTER_ITEM))

    def load(self) -> Identity:
        """Return the identity. Raises BackupError when the keyring has none, CredentialStoreError when it is broken."""
        text = self.keys.get(MASTER_ITEM)
        if not text:
            raise BackupError(
                _("the key of the backups is not in the keyring of this computer"),
                reason="no_key",
                hint=_("bring the item {item} from the computer that made the backup").format(item=MASTER_ITEM),
            )
        return _parse(text)

    def load_or_create(self) -> Identity:
        """Return the identity; the first backup ever makes it, and reads it back before it is used."""
        if not self.is_there():
            self.keys.set(MASTER_ITEM, str(pyrage.x25519.Identity.generate()))
        return self.load()


def _parse(text: str) -> Identity:
    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError:
        raise CredentialStoreError(
            _("the keyring item {item} is not an age identity").format(item=MASTER_ITEM),
            hint=_("restore it from its copy; a new one cannot open the old backups"),
        ) from None


def new_identity() -> Identity:
    """Return a fresh identity for one set, from the operating system's randomness."""
    return pyrage.x25519.Identity.generate()


def write_slot(folder: Path, *, set_id: str, identity: Identity, master: Identity) -> None:
    """Wrap the identity of a set: an age identity file, which the stock `age -i` reads, sealed to the master."""
    text = f"{_SET_COMMENT}{set_id}\n{identity}\n"
    write_file(folder / SLOT, seal_bytes(text.encode("ascii"), identity=master))


def read_slot(folder: Path, *, set_id: str, master: Identity) -> Identity:
    """Open the key slot. Raises BackupError: shredded, missing, not for this master key, or of another set."""
    try:
        text = pyrage.decrypt(read_file(folder / SLOT), [master]).decode("ascii")
    except FileNotFoundError:
        raise _no_slot(folder, set_id) from None
    except (OSError, UnicodeDecodeError, pyrage.DecryptError) as error:
        raise BackupError(
            _("the key slot of set {set} does not open with the key in the keyring").format(set=set_id),
            reason="key_slot",
            hint=_("it is damaged, or was made with another master key"),
        ) from error
    lines = text.splitlines()
    if len(lines) != 2 or lines[0] != _SET_COMMENT + set_id:
        # Slots are bound to their set, so that swapping two of them is noticed and not merely useless.
        raise BackupError(
            _("the key slot in set {set} belongs to another set").format(set=set_id),
            reason="key_slot",
            hint=_("files of the vault were moved by hand; put them back"),
        )
    return _parse(lines[1])


def _no_slot(folder: Path, set_id: str) -> BackupError:
    if is_shredded(folder):
        return BackupError(
            _("set {set} was shredded: its key is destroyed").format(set=set_id),
            reason="shredded",
            hint=_("nobody can read it any more; `crm-bridge vault list` shows the other sets"),
        )
    return BackupError(
        _("the key slot of set {set} is missing").format(set=set_id),
        reason="key_slot",
        hint=_("bring the file {name} of the set back from a copy").format(name=SLOT),
    )


def is_shredded(folder: Path) -> bool:
    """Return whether the key of this set was destroyed on purpose."""
    return (folder / SHREDDED).is_file() and not (folder / SLOT).exists()


def destroy_slot(folder: Path, *, note: str) -> bool:
    """Overwrite and remove the key slot, and leave a note that it was on purpose. False: there was none."""
    slot = folder / SLOT
    if not (folder / SHREDDED).exists():
        # The note first: a crash in between leaves a set that is announced as shredded and can be shredded again.
        write_file(folder / SHREDDED, note.encode("utf-8"))
        fsync_folder(folder)
    if not slot.exists():
        return False
    with open(slot, "r+b", buffering=0) as file:
        file.write(b"\x00" * slot.stat().st_size)
        os.fsync(file.fileno())
    slot.unlink()
    fsync_folder(folder)
    return True
