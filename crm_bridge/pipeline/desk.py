"""What every step of the journey works with, passed as one value."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from crm_bridge.clock import Clock
from crm_bridge.domain.safety import SafetyPolicy
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.stopping import Progress, StopFlag, no_progress
from crm_bridge.spi.adapter import Adapter, Profile
from crm_bridge.vault import Vault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """One signed-in connection with the journal, the vault and the rules of this run."""

    connection: str
    system: str
    adapter: Adapter
    profile: Profile
    journal: Journal
    vault: Vault
    plans: Path
    """Folder where plans of runs are kept."""
    locks: Path
    receipts: Path
    clock: Clock
    randomness: random.Random
    policy: SafetyPolicy
    actor: str
    """The operating system user, for confirmations."""
    adapter_version: str = ""
    """Name and version of the adapter, as entries carry it."""
    progress: Progress = no_progress
    stop: StopFlag = field(default_factory=StopFlag)

    def allowing(self, max_contracts: int) -> Desk:
        """Return the same desk with another limit for the contracts of a plan. Raises UsageError."""
        if isinstance(max_contracts, bool) or not isinstance(max_contracts, int) or max_contracts < 1:
            raise UsageError(_("max_contracts must be a whole number from 1 on"))
        return replace(self, policy=replace(self.policy, max_contracts=max_contracts))


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most `size`; only one list is held at a time."""
    stream = iter(items)
    while batch := list(islice(stream, max(1, size))):
        yield batch
