"""The run context: what every step of the journey works with, as one value."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

from crm_bridge.clock import Clock
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.planning.facts import FactSheet
from crm_bridge.domain.planning.policy import DeletionPolicy
from crm_bridge.domain.planning.safety import SafetyPolicy
from crm_bridge.errors import InterruptedRunError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.locks import hold
from crm_bridge.pipeline.stopping import Progress, StopFlag, no_progress
from crm_bridge.spi.adapter import Adapter, Profile
from crm_bridge.vault import Vault

T = TypeVar("T")


class EntryParts(TypedDict, total=False):
    """Parts of an entry that not every one about a tenant has."""

    plan: str
    run: str
    lines: Sequence[Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class RunContext:
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
    rules: DeletionPolicy
    """The policy of this connection."""
    actor: str
    """The operating system user, for confirmations."""
    home: Path
    """The state directory, where the team file is."""
    own_approver: Callable[[], str]
    """Returns the public key that approves plans of others from here; empty where there is none."""
    adapter_version: str = ""
    """Name and version of the adapter, as entries carry it."""
    facts: FactSheet = field(default_factory=FactSheet)
    """What was observed on this tenant, where the vendor's pages leave it open."""
    progress: Progress = no_progress
    stop: StopFlag = field(default_factory=StopFlag)
    stop_file: Path | None = None
    """While it exists nothing is deleted: whoever has no shell on this machine's process can stop it all the same."""

    @property
    def is_stopping(self) -> bool:
        """Return whether the run was asked to stop, by a signal or by the stop file."""
        return self.stop.is_set or (self.stop_file is not None and self.stop_file.exists())

    def exclusive(self, plan: str, *, what: str) -> AbstractContextManager[None]:
        """Keep other processes off a plan, by its digest, while the block runs. Raises JournalBusyError."""
        return hold(self.locks / f"plan-{plan[:32]}.lock", what=what)

    def entry(self, op: str, body: Mapping[str, JsonValue], **rest: Unpack[EntryParts]) -> NewEntry:
        """Return an entry about this tenant, as its CRM user."""
        return NewEntry(
            op=op,
            system=self.system,
            org=self.profile.org_id,
            module=self.profile.module,
            crm_user=self.profile.user_id,
            body=body,
            **rest,
        )

    def check_stop(self) -> None:
        """Raise InterruptedRunError when the run was asked to stop, by a signal or by the stop file."""
        self.stop.check()
        if self.stop_file is not None and self.stop_file.exists():
            raise InterruptedRunError(
                _("stopped by the file {path}; every call that was sent is in the journal").format(path=self.stop_file),
                reason="stop_file",
                hint=_("remove it, then go on with `crm-bridge resume`"),
            )


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most `size`; only one list is held at a time."""
    stream = iter(items)
    while batch := list(islice(stream, max(1, size))):
        yield batch
