"""Snapshots held in memory: attachments read to the end, as a test or a small vault keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot


def in_hand(file: Attachment) -> Attachment:
    """Return the attachment with its bytes read: `sha256` and `size` are what came, `chunks` gives it again."""
    content = b"".join(file.chunks())

    def chunks() -> Iterator[bytes]:
        yield content

    return replace(file, chunks=chunks, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def saved_fields(snapshot: Snapshot) -> dict[str, Any]:
    """Return every field of the record that a snapshot holds: the record itself and its further slices."""
    found: dict[str, Any] = _object(snapshot.record)
    for part in snapshot.parts:
        if part.kind is PartKind.EXTRA:
            found |= _object(part.raw)
    return found


def _object(raw: bytes) -> dict[str, Any]:
    value = json.loads(raw, parse_float=Decimal)
    return value if isinstance(value, dict) else {}
