"""A vault in a temporary folder, and snapshots to put into it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Part, PartKind, Snapshot
from crm_bridge.vault import BackupSet, Vault

CANARY = b"CANARY-\xe6\x9c\xba\xe5\xaf\x86-7f3a9c"


class MemoryKeys(dict[str, str]):
    """A keyring in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self[name] = value


def attachment(name: str, content: bytes, *, size: int | None = -1, piece: int = 65_536) -> Attachment:
    """Return an attachment with this content; `size` is what the CRM says, by default the truth."""

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(content), piece):
            yield content[start : start + piece]

    return Attachment(f"f-{name}", name, len(content) if size == -1 else size, "attachments", chunks)


def make_snapshot(number: int, *files: Attachment, parts: tuple[Part, ...] = ()) -> Snapshot:
    """Return a contract that carries the canary in its record."""
    record = b'{"id":"%d", "Name":"%s","amount":1.10}' % (number, CANARY)
    own = parts or (Part(PartKind.DETAIL, "Items", b'[{"sku":"A-1"}]'), Part(PartKind.NOTE, "Notes", b"[]"))
    return Snapshot(ContractRef("Contracts", str(number)), f"{number:064x}", record, own, files)


@pytest.fixture()
def keys() -> MemoryKeys:
    """Return an empty keyring."""
    return MemoryKeys()


@pytest.fixture()
def clock() -> ManualClock:
    """Return a clock that stands still."""
    return ManualClock()


@pytest.fixture()
def vault(tmp_path: Path, keys: MemoryKeys, clock: ManualClock) -> Vault:
    """Return an empty vault."""
    return Vault(tmp_path / "backups", keys=keys, clock=clock, randomness=random.Random(7))


Fill = Callable[..., BackupSet]


@pytest.fixture()
def fill(vault: Vault) -> Fill:
    """Return a function that makes a set of the given snapshots."""

    def made(*snapshots: Snapshot, run: str = "run-1", **info: str) -> BackupSet:
        with vault.begin(run=run, plan="ab" * 32, connection="zoho-eu", schema=b'{"fields":[]}', info=info) as writer:
            for snapshot in snapshots:
                writer.add(snapshot)
            return writer.close()

    return made
