"""Everything the emulated org knows: modules, records, people, bin, files, jobs, history."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crm_bridge.clock import Clock
from crm_bridge.spi.emulator import Effect
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.state.store import Record, Table
from crm_bridge_zoho.emulator.state.times import stamp, zone
from crm_bridge_zoho.emulator.switches import Switches

BASE = 554_023_000_000_000_000
"""Ids of the org begin here: 18 digits, beyond what a JSON double holds."""
DAY = 86_400
BIN_RIGHT = "Crm_Implied_Recycle_Bin"
"""Permission for the recycle bin; Zoho's sources speak of it without its name [inferred]."""


@dataclass(slots=True)
class User:
    """A person with access."""

    id: str
    full_name: str
    first_name: str
    last_name: str
    email: str
    profile: str
    role: str
    zuid: str


@dataclass(slots=True)
class Profile:
    """A profile: rights that are switched off are listed."""

    id: str
    name: str
    denied: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Binned:
    """A record in the recycle bin, with what went along."""

    record: Record
    actor: str
    at: int
    children: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Tombstone:
    """What `/deleted` shows of a record that is gone for good."""

    id: str
    module: str
    at: int


@dataclass(slots=True)
class Event:
    """One line of a record's timeline."""

    id: str
    at: int
    action: str
    source: str
    actor: str
    changes: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(slots=True)
class Blob:
    """A stored file."""

    name: str
    content: bytes


@dataclass(slots=True)
class Job:
    """Work that runs later: `due` in seconds since 1970."""

    id: str
    kind: str
    due: float
    run: Callable[[], None]
    facts: dict[str, Any] = field(default_factory=dict)
    done: bool = False


class Org:
    """State of one org; who changes it holds the emulator's lock."""

    def __init__(self, clock: Clock, switches: Switches, seed: int) -> None:
        """Start without modules; `seed.py` fills it."""
        self.clock = clock
        self.switches = switches
        self.randomness = random.Random(f"zoho-{seed}")  # noqa: S311 - believable, not secret
        self.zone = zone()
        self.modules: dict[str, Module] = {}
        self.tables: dict[str, Table] = {}
        self.users: dict[str, User] = {}
        self.profiles: dict[str, Profile] = {}
        self.me = ""
        self.zgid = ""
        self.contract_module = ""
        self.bin: dict[str, Binned] = {}
        self.tombstones: list[Tombstone] = []
        self.blobs: dict[str, Blob] = {}
        self.events: dict[str, list[Event]] = {}
        self.changes: deque[tuple[float, str, str, Record | None]] = deque(maxlen=100_000)
        self.jobs: dict[str, Job] = {}
        self.downloads: list[float] = []
        self.hidden: dict[str, Record] = {}
        self.inactive: set[str] = set()
        self.merged: set[str] = set()
        """Ids of records that became part of another one: in no bin and no list."""
        self.late_effects: list[Effect] = []
        self.skew = 0.0
        """Seconds that the clock of the org is ahead of everybody else's."""
        self.locks: dict[str, dict[str, Any]] = {}
        self.page_tokens: dict[str, dict[str, Any]] = {}
        self.serials: dict[str, int] = {}
        self._next = BASE + 900_000_000

    def now(self) -> int:
        """Return seconds since 1970, by the clock of the org."""
        return int(self.clock.now().timestamp() + self.skew)

    def moment(self) -> datetime:
        """Return the time as a datetime in UTC."""
        return self.clock.now() + timedelta(seconds=self.skew)

    def stamp(self, seconds: int) -> str:
        """Write a time in the zone of the current user."""
        return stamp(seconds, self.zone)

    def new_id(self) -> str:
        """Return the next id."""
        self._next += 1
        return str(self._next)

    def new_key(self, size: int = 32) -> str:
        """Return an opaque key, as for files and page tokens."""
        return f"{self.randomness.getrandbits(size * 4):0{size}x}"

    def add_module(self, module: Module) -> None:
        """Add a module with an empty table."""
        self.modules[module.api_name] = module
        self.tables[module.api_name] = Table((*module.lookups(), *([module.parent] if module.parent else [])))

    def module(self, name: object) -> Module | None:
        """Return a module by its name in any case, as every path and parameter takes it."""
        text = str(name)
        folded = text.casefold()
        return self.modules.get(text) or next(
            (module for key, module in self.modules.items() if key.casefold() == folded), None
        )

    def find(self, record_id: str) -> Record | None:
        """Return a live record of any module."""
        return next((table.rows[record_id] for table in self.tables.values() if record_id in table.rows), None)

    def display(self, record: Record) -> str | None:
        """Return the name that lookups show."""
        cells = record.cells
        name = cells.get(self.modules[record.module].display)
        return None if name is None else str(name)

    def children(self, record: Record) -> Iterator[Record]:
        """Yield the live records that live and die with this one: rows, links, notes, attachments."""
        for name, module in self.modules.items():
            if module.generated_type == "linking":
                for link in module.lookups():
                    if module.fields[link].target == record.module:
                        yield from self.tables[name].linked(link, record.id)
            elif module.parent and name != record.module:
                for child in self.tables[name].linked(module.parent, record.id):
                    yield child
                    if child.module == "Notes":
                        yield from self.children(child)

    def remember(self, module: str, record_id: str, before: Record | None) -> None:
        """Keep what a record was before a change, for the search index that lags behind."""
        if self.switches.search_lag or self.switches.count_lag or self.switches.read_lag:
            self.changes.append((self.clock.now().timestamp(), module, record_id, before.copy() if before else None))

    def past(self, module: str, lag: float) -> dict[str, Record | None]:
        """Return the records of a module that looked different `lag` seconds ago: id -> as it was."""
        since = self.clock.now().timestamp() - lag
        seen: dict[str, Record | None] = {}
        if lag > 0:
            for at, changed, record_id, before in self.changes:
                if changed == module and at > since:
                    seen.setdefault(record_id, before)
        return seen

    def log(self, record_id: str, action: str, source: str, actor: str, *changes: tuple[str, Any, Any]) -> None:
        """Write a line of the timeline."""
        event = Event(self.new_id(), self.now(), action, source, actor, changes)
        self.events.setdefault(record_id, []).append(event)

    def schedule(self, kind: str, run: Callable[[], None], **facts: Any) -> Job:
        """Queue work; it runs once its time has come and somebody calls."""
        due = self.clock.now().timestamp() + self.switches.job_delay
        job = Job(self.new_id(), kind, due, run, facts)
        self.jobs[job.id] = job
        return job

    def run_due(self) -> None:
        """Run the jobs whose time has come, oldest first."""
        now = self.clock.now().timestamp()
        for job in [job for job in self.jobs.values() if not job.done and job.due <= now]:
            job.done = True
            job.run()

    def allowed(self, right: str) -> bool:
        """Return whether the profile of the current user has a right."""
        return right not in self.profiles[self.users[self.me].profile].denied

    def hides(self, module: str, field: str) -> bool:
        """Return whether the current user may not see a field."""
        return module == self.contract_module and field in self.switches.hidden_fields

    def shows_module(self, module: str) -> bool:
        """Return whether the current user may see a module."""
        return module not in self.switches.hidden_modules
