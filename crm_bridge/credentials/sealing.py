"""AES-GCM under a key that is derived from a connection's long-lived secrets."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_SIZE = 12


class Sealer:
    """Seals small texts. Without the secrets a sealed text is worth nothing; with others it does not open."""

    def __init__(self, secrets: Sequence[str], *, purpose: str) -> None:
        """`purpose` separates the keys of different uses of the same secrets (RFC 5869, info)."""
        # Length before each: ("ab", "c") and ("a", "bc") are different secrets.
        material = b"".join(len(one.encode()).to_bytes(8, "big") + one.encode() for one in secrets)
        derive = HKDF(SHA256(), length=32, salt=sha256(b"crm-bridge").digest(), info=purpose.encode())
        self._cipher = AESGCM(derive.derive(material))
        self._purpose = purpose.encode()

    def seal(self, text: str) -> str:
        """Return nonce and ciphertext as base64."""
        nonce = os.urandom(_NONCE_SIZE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), self._purpose)).decode("ascii")

    def open(self, sealed: str) -> str | None:
        """Return the text, or None if it was sealed with other secrets or was changed."""
        try:
            data = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(data[:_NONCE_SIZE], data[_NONCE_SIZE:], self._purpose).decode()
        except (InvalidTag, ValueError):
            return None
