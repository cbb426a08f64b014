"""Event callbacks: signed, encrypted bodies in an outbox, until somebody takes or delivers them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from crm_bridge_fxiaoke.emulator.state.state import Table, World

EVENT_KEY = base64.b64encode(hashlib.sha256(b"sandbox event key").digest()).decode()
"""The key of the subscription, as an administrator would copy it out of the console."""


def tell(world: World, table: Table, key: str, event: str) -> None:
    """Put the callback of a change into the outbox, where the tenant subscribed to it."""
    if world.switches.events == "off" or (world.switches.events == "no_void" and event == "invalid"):
        return
    plain = {"apiName": table.schema.name, "eventType": event, "dataId": key}
    world.outbox.append(body(world, plain))


def body(world: World, plain: dict[str, str]) -> dict[str, Any]:
    """Return the body of a callback for `plain`."""
    told = {
        "timestamp": world.now_ms(),
        "nonce": f"{world.randomness.getrandbits(64):016x}",
        "messageId": f"{world.randomness.getrandbits(128):032x}",
        "enterpriseAccount": world.ea,
        "encryptedContent": encrypt(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(), EVENT_KEY),
    }
    return {"signature": signature(told, EVENT_KEY), **told}


def signature(told: dict[str, Any], key: str) -> str:
    """Return the SHA-1 over the parts in the vendor's order; `retryTimes` counts only where it is there."""
    names = ("timestamp", "nonce", "messageId", "retryTimes", "enterpriseAccount", "encryptedContent")
    text = "".join(str(told[name]) for name in names if name in told) + key
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the vendor's algorithm


def encrypt(plain: bytes, key: str) -> str:
    """Encrypt as the vendor does: AES-CBC, PKCS padding, the key's first 16 bytes as the start value."""
    raw = base64.b64decode(key)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    secret = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return base64.b64encode(secret).decode()
