"""Delivering event callbacks: POST to a receiver on this machine, its answer checked, one retry as the vendor does."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from crm_bridge.i18n import _
from crm_bridge.transport.origins import is_loopback
from crm_bridge_fxiaoke.emulator.control.events import EVENT_KEY, signature

PATIENCE = 3.0
"""Seconds until a receiver that has not answered is asked once more."""
Body = Mapping[str, Any]


def deliver(events: Sequence[Body], url: str) -> list[dict[str, Any]]:
    """Send each body and say by message whether it was acknowledged; ValueError for an address elsewhere."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise ValueError(_("events are delivered to http addresses of this machine only"))
    told = []
    for event in events:
        attempts, heard = 1, _sent(url, event)
        if not heard:
            again = {**event, "retryTimes": 1}
            again["signature"] = signature({name: one for name, one in again.items() if name != "signature"}, EVENT_KEY)
            attempts, heard = 2, _sent(url, again)
        told.append({"messageId": event["messageId"], "acknowledged": heard, "attempts": attempts})
    return told


def _sent(url: str, event: Body) -> bool:
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PATIENCE)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request("POST", path, json.dumps(event).encode(), {"Content-Type": "application/json"})
        answer = line.getresponse()
        return answer.status == 200 and acknowledges(answer.read(65536))
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def acknowledges(body: bytes) -> bool:
    """Return whether an answer is the encrypted word `success`; its signature counts where there is one."""
    try:
        told = json.loads(body)
        secret = str(told["encryptedResult"])
        text = f"{told.get('timestamp', '')}{told.get('nonce', '')}{secret}{EVENT_KEY}"
        signed = "signature" not in told or told["signature"] == hashlib.sha1(text.encode()).hexdigest()  # noqa: S324
        return signed and decrypt(secret, EVENT_KEY) == b"success"
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def decrypt(secret: str, key: str) -> bytes:
    """Undo `events.encrypt`; ValueError for what it did not make."""
    raw = base64.b64decode(key)
    decryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    padded = decryptor.update(base64.b64decode(secret)) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()
