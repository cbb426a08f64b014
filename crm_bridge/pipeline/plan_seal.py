"""The seal of a plan file: AES-GCM under a key that only this installation's journal can derive."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import ConfirmationError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal

HEAD, NOTES, FOOT = "head", "crm-bridge.plan-notes/1", "crm-bridge.plan-foot/1"
_NONCE = 12


class Seal:
    """Seals small JSON values of one plan, each bound to its place in the file."""

    def __init__(self, journal: Journal, plan_id: str, randomness: random.Random | None = None) -> None:
        """Derive the key of the plan from the journal's."""
        self._box = AESGCM(bytes.fromhex(journal.keyed_digest("plan-seal", plan_id)))
        self._randomness = randomness or random.SystemRandom()

    def close(self, value: Mapping[str, JsonValue], about: str) -> str:
        """Return the sealed text of a value that belongs to `about`."""
        nonce = self._randomness.randbytes(_NONCE)
        return base64.b64encode(nonce + self._box.encrypt(nonce, canonical_bytes(dict(value)), about.encode())).decode()

    def open(self, sealed: str, about: str) -> dict[str, Any]:
        """Return the value. Raises ConfirmationError unless it was sealed for exactly this place."""
        try:
            data = base64.b64decode(sealed, validate=True)
            if base64.b64encode(data).decode() != sealed:  # the last digit has bits that decoding ignores
                raise altered()
            opened: dict[str, Any] = json.loads(self._box.decrypt(data[:_NONCE], data[_NONCE:], about.encode()))
        except (ValueError, InvalidTag) as problem:
            raise altered() from problem
        return opened


def place_of(index: int, ref: ContractRef, digest: str) -> str:
    """Return what the seal of a row is bound to: where it stands, and everything of it that stands in clear."""
    return canonical_bytes([index, ref.module, ref.id, digest]).decode()


def altered() -> ConfirmationError:
    """Return the error that anything but the untouched file of this installation is."""
    return ConfirmationError(
        _("the plan file is not the one that was made: it was edited, cut or made by another installation"),
        reason="plan_altered",
        hint=_("plan again; nothing was sent"),
    )
