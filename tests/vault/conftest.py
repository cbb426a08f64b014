"""A vault in a temporary folder, and snapshots to put into it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart
from crm_bridge.vault import BackupSet, Vault


class MemoryKeys(dict[str, str]):
    """A keyring in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self[name] = value


Attach: TypeAlias = Callable[..., Attachment]
Snap: TypeAlias = Callable[..., Snapshot]
Fill: TypeAlias = Callable[..., BackupSet]


@pytest.fixture(scope="session")
def canary() -> bytes:
    """Return what must be found nowhere on disk; every record, note and attachment name of these tests has it."""
    return "CANARY-机密-7f3a9c".encode()


@pytest.fixture(scope="session")
def attach() -> Attach:
    """Return a function that makes an attachment; `size` is what the CRM says, by default the truth."""

    def made(name: str, content: bytes, *, size: int | None = -1, piece: int = 65_536) -> Attachment:
        def chunks() -> Iterator[bytes]:
            for start in range(0, len(content), piece):
                yield content[start : start + piece]

        return Attachment(f"f-{name}", name, len(content) if size == -1 else size, "attachments", chunks)

    return made


@pytest.fixture(scope="session")
def snap(canary: bytes) -> Snap:
    """Return a function that makes the contract of a number, the canary in its record and its note."""

    def made(number: int, *files: Attachment) -> Snapshot:
        record = b'{"id":"%d", "Name":"%s","amount":1.10}' % (number, canary)
        parts = (
            SnapshotPart(PartKind.DETAIL, "Items", b'[{"sku":"A-1"}]'),
            SnapshotPart(PartKind.NOTE, "Notes", b'["' + canary + b'"]'),
        )
        return Snapshot(ContractRef("Contracts", str(number)), f"{number:064x}", record, parts, files)

    return made


@pytest.fixture
def keys() -> MemoryKeys:
    """Return an empty keyring."""
    return MemoryKeys()


@pytest.fixture
def vault(tmp_path: Path, keys: MemoryKeys) -> Vault:
    """Return an empty vault that takes attachments of up to 4 MiB."""
    return Vault(
        tmp_path / "backups",
        keys=keys,
        clock=ManualClock(),
        randomness=random.Random(7),
        attachment_cap=4 * 1024 * 1024,
    )


@pytest.fixture
def fill(vault: Vault) -> Fill:
    """Return a function that makes a set of the given snapshots."""

    def made(*snapshots: Snapshot, run: str = "run-1", **info: str) -> BackupSet:
        with vault.begin(run=run, plan="ab" * 32, connection="zoho-eu", schema=b'{"fields":[]}', info=info) as writer:
            for snapshot in snapshots:
                writer.add(snapshot)
            return writer.close()

    return made
