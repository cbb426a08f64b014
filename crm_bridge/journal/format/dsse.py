"""DSSE envelopes (github.com/secure-systems-lab/dsse): a payload, its type, signatures over both."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format.note import Signer, VerifierKey

RECEIPT_TYPE = "application/vnd.crm-bridge.deletion-receipt+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding, the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signer: Signer) -> dict[str, Any]:
    """Return the envelope as JSON data; `keyid` is the journal key's vkey name and id."""
    signature = base64.b64encode(signer.sign(pae(payload_type, payload))).decode()
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key_id(signer.verifier), "sig": signature}],
    }


def verify(
    envelope: Mapping[str, Any], vkeys: Sequence[VerifierKey | str], *, payload_type: str = RECEIPT_TYPE
) -> bytes:
    """Return the payload once one of `vkeys` signed it as `payload_type`; raise JournalError otherwise.

    The reason is `receipt_malformed`, `receipt_type`, `receipt_unknown_key` (no such key is known) or
    `receipt_signature` (a known key's signature is wrong).
    """
    kind, payload, signatures = _take_apart(envelope)
    message = pae(kind, payload)
    keys = [key if isinstance(key, VerifierKey) else VerifierKey.parse(key) for key in vkeys]
    # The key id only says which key to try first; whatever it says, a signature by a trusted key is a signature.
    if not any(key.verifies(message, signature) for _id, signature in signatures for key in keys):
        if any(named == key_id(key) for named, _sig in signatures for key in keys):
            raise _refused(_("the signature of the receipt is wrong"), "receipt_signature")
        raise _refused(_("the receipt is not signed by a known key"), "receipt_unknown_key")
    if kind != payload_type:
        raise _refused(_("the envelope holds something else than expected"), "receipt_type")
    return payload


def payload_of(envelope: Mapping[str, Any]) -> bytes:
    """Return the payload without believing it; raise JournalError when this is no envelope."""
    return _take_apart(envelope)[1]


def key_id(key: VerifierKey) -> str:
    """Return the hint that an envelope carries about its key."""
    return f"{key.name}+{key.key_id}"


def _take_apart(envelope: Mapping[str, Any]) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    try:
        kind, payload, signatures = envelope["payloadType"], envelope["payload"], envelope["signatures"]
        if not isinstance(kind, str) or not isinstance(signatures, list) or not signatures:
            raise TypeError
        return kind, _decode(payload), [(str(item.get("keyid", "")), _decode(item["sig"])) for item in signatures]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _refused(_("this is not a DSSE envelope"), "receipt_malformed") from None


def _decode(text: str) -> bytes:
    """Read base64 of either alphabet, as the protocol demands of verifiers."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        raise ValueError from None


def _refused(message: str, reason: str) -> JournalError:
    return JournalError(message, reason=reason, hint=_("ask for the receipt again: it can be issued from the journal"))
