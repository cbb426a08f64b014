"""The tenant's state: records, people, files, what was done to them."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crm_bridge.clock import Clock
from crm_bridge.spi.emulator import Effect
from crm_bridge_fxiaoke.emulator.envelope import business
from crm_bridge_fxiaoke.emulator.state.schema import REFERENCES, ObjectSchema
from crm_bridge_fxiaoke.emulator.switches import Switches

Record = dict[str, Any]
SYSTEM_USER = "-10000"


@dataclass(frozen=True, slots=True)
class Employee:
    """A person of the tenant: the CRM employee id and the open user id of the old style."""

    id: str
    open_id: str
    name: str
    mobile: str
    admin: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with its two names: npath and mediaId."""

    path: str
    media_id: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the tenant's own log."""

    time: int
    actor: str
    operation: str
    object_name: str
    id: str
    name: str


@dataclass(slots=True)
class Instance:
    """One approval of a void, with its only task."""

    id: str
    task_id: str
    object_name: str
    data_id: str
    applicant: str
    created: int
    trigger: str = "Invalid"
    state: str = "in_progress"
    ended: int = 0
    opinion: str = ""


class Table:
    """The records of one object, by id, in the order of ids, with an index over name and references."""

    def __init__(self, schema: ObjectSchema) -> None:
        """Begin empty."""
        self.schema = schema
        self.rows: dict[str, Record] = {}
        self.ids: list[str] = []
        self.indexed = {"name", *(item.name for item in schema.references() if item.type in REFERENCES)}
        self._index: dict[str, dict[str, set[str]]] = {name: {} for name in self.indexed}
        self.past: deque[tuple[float, str, Record | None]] = deque()

    def index_references(self) -> None:
        """Index reference fields that the schema gained since the table was made."""
        for name in {item.name for item in self.schema.references()} - self.indexed:
            self.indexed.add(name)
            self._index[name] = {}
            for key, row in self.rows.items():
                if isinstance(row.get(name), str):
                    self._index[name].setdefault(row[name], set()).add(key)

    def put(self, row: Record) -> None:
        """Store a record instead of the one with its id."""
        key = row["_id"]
        old = self.rows.get(key)
        if old is None:
            if self.ids and key < self.ids[-1]:
                insort(self.ids, key)
            else:
                self.ids.append(key)
        self._reindex(key, old, row)
        self.rows[key] = row

    def remove(self, key: str) -> None:
        """Forget a record."""
        self._reindex(key, self.rows.pop(key), {})
        del self.ids[bisect_left(self.ids, key)]

    def after(self, key: str, *, inclusive: bool = False) -> list[str]:
        """Return the ids behind `key` in order."""
        return self.ids[(bisect_left if inclusive else bisect_right)(self.ids, key) :]

    def having(self, name: str, values: Iterable[str]) -> list[str]:
        """Return the ids of rows whose indexed field is one of `values`, in order."""
        index = self._index[name]
        return sorted({key for value in values for key in index.get(str(value), ())})

    def _reindex(self, key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        for name, index in self._index.items():
            before, now = (old or {}).get(name), new.get(name)
            if before == now:
                continue
            if isinstance(before, str) and key in index.get(before, ()):
                index[before].discard(key)
            if isinstance(now, str):
                index.setdefault(now, set()).add(key)


@dataclass(slots=True)
class World:
    """Everything that the emulator remembers. Records are replaced, never changed in place."""

    clock: Clock
    switches: Switches
    base_url: str
    main_object: str
    randomness: random.Random
    ea: str = "fxsandbox1"
    corp_id: str = "FSCID_5E1F0D2A7B3C4D6E8F90A1B2C3D4E5F6"
    tables: dict[str, Table] = field(default_factory=dict)
    employees: dict[str, Employee] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    media: dict[str, str] = field(default_factory=dict)
    voided: dict[str, tuple[str, int]] = field(default_factory=dict)
    voided_with: dict[str, str] = field(default_factory=dict)
    graves: dict[str, tuple[str, str, int, Record]] = field(default_factory=dict)
    uploads: dict[str, tuple[str, str]] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    log: list[Act] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    rights: dict[str, bool] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    """Employees who are not active any more."""
    rules: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By object and field: what an administrator changed since."""
    hidden: set[str] = field(default_factory=set)
    vetoes: dict[str, str] = field(default_factory=dict)
    shift: float = 0.0
    renderings: int = 0
    _ids: int = 0x0001_000000

    def now(self) -> datetime:
        """Return the time at the CRM."""
        return self.clock.now() + timedelta(seconds=self.shift)

    def now_ms(self) -> int:
        """Return the time at the CRM in milliseconds since the epoch."""
        return int(self.now().timestamp() * 1000)

    def elapsed(self) -> float:
        """Return seconds that never run backwards."""
        return self.clock.monotonic() + self.shift

    def new_id(self) -> str:
        """Return 24 hex digits, each id greater than the one before."""
        self._ids += 1
        return f"64b1113e87ec1c{self._ids:010x}"

    def next_rendering(self) -> int:
        """Return a number that was never returned before, for what is made afresh whenever something is shown."""
        self.renderings += 1
        return self.renderings

    def add_file(self, name: str, content: bytes, *, temporary: bool = False) -> StoredFile:
        """Store bytes; temporary files are called TN_, permanent ones N_ with their month."""
        digits = f"{self.randomness.getrandbits(128):032x}"
        path = f"TN_{digits}" if temporary else f"N_{self.now():%Y%m_%d}_{digits}"
        stored = StoredFile(path, f"{self.randomness.getrandbits(160):040x}", name, content)
        self.files[path] = stored
        self.media[stored.media_id] = path
        return stored

    def make_permanent(self, path: str) -> str:
        """Return the permanent npath of a file; a temporary one becomes permanent when a record keeps it."""
        if not path.startswith("TN_"):
            return path
        stored = self.files.pop(path)
        kept = StoredFile(f"N_{self.now():%Y%m_%d}_{path[3:]}", stored.media_id, stored.name, stored.content)
        self.files[kept.path] = self.files[path] = kept
        self.media[kept.media_id] = kept.path
        return kept.path

    def find(self, key: str) -> tuple[Table, Record] | None:
        """Return a record by its id alone, whatever its object."""
        for table in self.tables.values():
            if key in table.rows:
                return table, table.rows[key]
        return None

    def details_of(self, object_name: str, key: str) -> list[tuple[Table, Record]]:
        """Return the rows of all detail objects that belong to a master."""
        found = []
        for table in self.tables.values():
            master = table.schema.master
            if master and master.target == object_name:
                found += [(table, table.rows[child]) for child in table.having(master.name, [key])]
        return found

    def insert(self, table: Table, row: Record, actor: str) -> None:
        """Add a record and say so."""
        self._remember(table, row["_id"], None)
        table.put(row)
        self.did("created", "create", table, row, actor)

    def change(self, table: Table, key: str, changes: Mapping[str, Any], actor: str) -> Record:
        """Replace a record by a changed one with a new version and modification mark; the caller says what it meant."""
        old = table.rows[key]
        self._remember(table, key, old)
        marks = {"last_modified_time": self.now_ms(), "last_modified_by": [actor], "version": old["version"] + 1}
        new = {**old, **changes, **marks}
        table.put(new)
        return new

    def erase(self, table: Table, key: str, actor: str) -> None:
        """Delete a record for good; its id is never used again."""
        row = table.rows[key]
        self._remember(table, key, row)
        table.remove(key)
        self.voided.pop(key, None)
        self.graves[key] = (table.schema.name, actor, self.now_ms(), row)
        self.did("purged", "delete", table, row, actor)

    def did(self, kind: str, operation: str, table: Table, row: Record, actor: str) -> None:
        """Write an act into the ledger of this request and the tenant's log."""
        name = table.schema.name
        self.effects.append(Effect(kind, name, row["_id"], actor))
        self.log.append(Act(self.now_ms(), actor, operation, name, row["_id"], str(row.get("name", ""))))

    def need(self, right: str) -> None:
        """Refuse where the acting user lacks the function right for a verb."""
        if not self.rights.get(right, True):
            raise business("无此操作的数据权限", self.switches.denial_code)

    def _remember(self, table: Table, key: str, old: Record | None) -> None:
        if self.switches.index_lag > 0:
            table.past.append((self.elapsed(), key, old))
