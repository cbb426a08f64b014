"""The journal's keys: where they are kept, how they are made, what they compute."""

from __future__ import annotations

import base64
import binascii
import hmac
import random
import unicodedata
from hashlib import sha256

from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import CredentialStoreError, JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.note import Signer

SIGN = "journal-sign"
SIGN_NEXT = "journal-sign-next"
HMAC = "journal-hmac"
PIN = "journal-pin"

KEY_SIZE = 32


class PersonalDigests:
    """Keyed digests of personal values, so that a low-entropy value cannot be guessed from the journal."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes) -> None:
        """Take the 32-byte HMAC key; `key_id` names it without giving it away."""
        self._key = key
        self.key_id = sha256(b"crm-bridge journal-hmac\x00" + key).hexdigest()[:16]

    def __repr__(self) -> str:
        """Name the key only."""
        return f"PersonalDigests({self.key_id})"

    def __reduce__(self) -> str:
        """Refuse to be copied out of the process."""
        raise TypeError("a key cannot be pickled")

    def digest(self, field: str, value: str) -> str:
        """Return hex HMAC-SHA256(key, field ‖ 0x00 ‖ NFC(value))."""
        message = field.encode() + b"\x00" + unicodedata.normalize("NFC", value).encode()
        return hmac.digest(self._key, message, "sha256").hex()


def read_key(keys: KeyStore, name: str) -> bytes | None:
    """Return a 32-byte key, None when the store has none; raise CredentialStoreError when it is damaged."""
    text = keys.get(name)
    if not text:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_SIZE:
        raise CredentialStoreError(
            _("the stored key {name} is damaged").format(name=name),
            reason="key_damaged",
            hint=_("restore the keyring item from a copy; without it the journal cannot be continued"),
        )
    return key


def make_key(keys: KeyStore, name: str, randomness: random.Random) -> bytes:
    """Make a 32-byte key, keep it, read it back."""
    key = randomness.randbytes(KEY_SIZE)
    keys.set(name, base64.b64encode(key).decode())
    if read_key(keys, name) != key:
        raise CredentialStoreError(
            _("the key {name} was stored but does not read back").format(name=name),
            reason="key_not_kept",
            hint=_("check the keyring with `crm-bridge auth status`"),
        )
    return key


def require_key(keys: KeyStore, name: str) -> bytes:
    """Return a key that an existing journal needs; raise JournalError when it is not there."""
    key = read_key(keys, name)
    if key is None:
        raise JournalError(
            _("the key {name} of this journal cannot be read").format(name=name),
            reason="key_missing",
            hint=_("unlock the keyring, or sign in as the user who created this state directory"),
        )
    return key


def signer_for(origin: str, seed: bytes) -> Signer:
    """Return the signer that bears the journal's origin as its name."""
    return Signer(origin, seed)
