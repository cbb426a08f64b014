"""The keys of the program itself: made once per installation, where people keep secrets, and named without a secret."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from crm_bridge.credentials.keys import KeyStore
from crm_bridge.credentials.secrets_dir import KEYS, SecretsDir
from crm_bridge.credentials.sources import SecretsFile
from crm_bridge.errors import CredentialStoreError, JournalError
from crm_bridge.files import ensure_private_folder, read_private, write_private
from crm_bridge.i18n import N_, _
from crm_bridge.journal.keys import HMAC, SIGN, make_key, read_key
from crm_bridge.vault.crypto.keys import MASTER_ITEM, MasterKey

PURPOSES: Mapping[str, str] = {
    SIGN: N_("signs the journal, plans and receipts"),
    HMAC: N_("digests of names and numbers in the journal"),
    MASTER_ITEM: N_("opens the backups"),
}


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One key: whether it is there, and something public that tells it from others."""

    name: str
    purpose: str
    store: str | None
    """The place that has it; None where none has."""
    public: str = ""
    """Public half or fingerprint: equal on two machines exactly if their keys are."""
    made: bool = False


def own_keys(keys: KeyStore, store: str) -> list[OwnKey]:
    """Describe the three keys. Raises CredentialStoreError for one that is damaged."""
    found = []
    for name, purpose in PURPOSES.items():
        public = _public(keys, name)
        found.append(OwnKey(name, purpose, store if public else None, public))
    return found


def _public(keys: KeyStore, name: str) -> str:
    if name == MASTER_ITEM:
        master = MasterKey(keys)
        return str(master.load().to_public()) if master.is_there() else ""
    key = read_key(keys, name)
    if key is None:
        return ""
    if name == HMAC:
        from crm_bridge.journal.keys import PersonalDigests

        return f"hmac:{PersonalDigests(key).key_id}"
    from crm_bridge.journal.format.note import Signer

    return f"ed25519:{sha256(Signer('crm-bridge', key).verifier.public).hexdigest()[:16]}"


def make_missing(keys: KeyStore, randomness: random.Random) -> tuple[str, ...]:
    """Make the keys that `keys` lacks; return their names."""
    made = []
    for name in PURPOSES:
        if name == MASTER_ITEM:
            master = MasterKey(keys)
            if master.is_there():
                continue
            master.load_or_create()
        elif read_key(keys, name) is None:
            make_key(keys, name, randomness)
        else:
            continue
        made.append(name)
    return tuple(made)


def refuse_strange_journal(folder: Path, keys: KeyStore) -> None:
    """Raise JournalError where a journal is there and none of its keys: new ones would not open it."""
    if any(folder.glob("*.sqlite*")) and not any(_public(keys, name) for name in PURPOSES):
        raise JournalError(
            _("this state directory has a journal, and none of its keys is here; nothing was made"),
            reason="keys_missing",
            hint=_("put the keys of this journal back; new ones cannot open it, nor its backups"),
        )


class KeysInFile:
    """The table `[keys]` of a secrets file that `keys init` may write; the rest of the file stays as it is."""

    def __init__(self, path: Path) -> None:
        """The file may be missing; then the first key makes it, with mode 0600."""
        self.name = f"file: {path.name}"
        self._path = path

    def get(self, name: str) -> str | None:
        """Return a key, or None."""
        if not self._path.exists():
            return None
        found = SecretsFile(self._path).key(name)
        return None if found is None else found.reveal()

    def set(self, name: str, value: str) -> None:
        """Add a key to the table."""
        text = read_private(self._path, error=CredentialStoreError).decode("utf-8") if self._path.exists() else ""
        line = f"{json.dumps(name)} = {json.dumps(value)}\n"
        header = re.search(r"^\[\s*keys\s*\][^\n]*\n?", text, re.MULTILINE)
        if header is None:
            text = f"{text.rstrip()}\n\n[keys]\n{line}".lstrip()
        else:
            before = text[: header.end()].rstrip("\n") + "\n"
            text = before + line + text[header.end() :]
        write_private(self._path, text.encode("utf-8"))


class KeysInDir:
    """Files `keys.NAME` of a secrets folder that `keys init` may write, to be handed to whatever mounts it."""

    def __init__(self, folder: Path) -> None:
        """The folder may be missing; then it is made, with mode 0700."""
        self._folder = folder
        if not folder.exists():
            ensure_private_folder(folder, error=CredentialStoreError)
        self._source = SecretsDir(folder)
        self.name = self._source.name

    def get(self, name: str) -> str | None:
        """Return a key, or None."""
        found = self._source.key(name)
        return None if found is None else found.reveal()

    def set(self, name: str, value: str) -> None:
        """Write a key."""
        write_private(self._folder / f"{KEYS}.{name}", f"{value}\n".encode())
