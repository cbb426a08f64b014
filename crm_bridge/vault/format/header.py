"""The sealed table of contents of a set: whose it is, and every batch with its digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from crm_bridge.vault.crypto.seal import Sealed

FORMAT = "crm-bridge.set/1"
HEADER = "data/set.age"
SCHEMA = "data/schema.age"


@dataclass(frozen=True, slots=True)
class BatchFile:
    """One sealed file of records."""

    file: str
    count: int
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class SetHeader:
    """The header of a set. `info` may hold personal data (a reason in words): it is sealed with the rest."""

    set: str
    run: str
    plan: str
    connection: str
    created: str
    count: int
    attachments: int
    schema: Sealed
    batches: tuple[BatchFile, ...]
    info: Mapping[str, str] = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return the header as one JSON document."""
        value = {"format": FORMAT, **asdict(self)}
        return json.dumps(value, indent=1).encode("ascii") + b"\n"


def header_from(data: bytes) -> SetHeader:
    """Read a header back. Raises ValueError, KeyError or TypeError for what is none."""
    value = json.loads(data)
    if value.pop("format") != FORMAT:
        raise ValueError("not the header of a set")
    batches = tuple(BatchFile(**{**batch, "sealed": Sealed(**batch["sealed"])}) for batch in value.pop("batches"))
    return SetHeader(**{**value, "schema": Sealed(**value["schema"]), "batches": batches})
