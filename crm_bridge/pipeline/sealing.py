"""Sealing: small JSON values under a key that only this installation's journal can derive."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.journal.store import Journal

_NONCE = 12


def seal_key(journal: Journal, purpose: str, name: str) -> str:
    """Derive a key from the journal's; `purpose` and `name` keep the sealed values of two files apart."""
    return journal.keyed_digest(purpose, name)


class ValueSeal:
    """AES-GCM with a key of its own for each purpose and name."""

    def __init__(self, key: str, randomness: random.Random | None = None) -> None:
        """Take 64 hex digits: those that `seal_key` derives, or a colleague gave for one file."""
        self._box = AESGCM(bytes.fromhex(key))
        self._randomness = randomness or random.SystemRandom()

    def close(self, value: Mapping[str, JsonValue], about: str) -> str:
        """Return a value sealed; it opens only with the same `about`."""
        nonce = self._randomness.randbytes(_NONCE)
        return base64.b64encode(nonce + self._box.encrypt(nonce, canonical_bytes(dict(value)), about.encode())).decode()

    def open(self, sealed: str, about: str) -> dict[str, Any]:
        """Return the value. Raises ValueError when anything about it was altered."""
        data = base64.b64decode(sealed, validate=True)
        if base64.b64encode(data).decode() != sealed:  # the last digit has bits that decoding ignores
            raise ValueError("not canonical")
        try:
            opened: dict[str, Any] = json.loads(self._box.decrypt(data[:_NONCE], data[_NONCE:], about.encode()))
        except InvalidTag as problem:
            raise ValueError("altered") from problem
        return opened
