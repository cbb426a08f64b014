"""What other objects refer to, kept between processes: a tenant has hundreds of them, and few refer to contracts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from crm_bridge.clock import Clock
from crm_bridge.errors import ConfigError
from crm_bridge.files import ensure_private_folder, read_private, write_private
from crm_bridge_fxiaoke.wire import ObjectEntry, ObjectMeta

if TYPE_CHECKING:
    from crm_bridge.credentials.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Described:
    """One object as it was described: its label, when (seconds since 1970), and the objects that it refers to."""

    label: str
    at: float
    targets: tuple[str, ...]


class DescribedObjects:
    """The file `metadata/<id>.sealed`: one tenant as one user sees it, sealed under the connection's own secrets.

    It holds names and labels of the tenant's objects, no records. One that is missing, foreign or damaged is empty.
    """

    def __init__(
        self, folder: Path, connection: str, secrets: Callable[[], Sequence[str]], *, clock: Clock, most_age: timedelta
    ) -> None:
        """`most_age` is how long a description is believed; nothing at all keeps no file."""
        self._folder = folder
        self._connection = connection
        self._secrets = secrets
        self._clock = clock
        self._most_age = most_age.total_seconds()

    def described(self, meta: ObjectMeta, label: str) -> Described:
        """Return what is kept of a description that came just now; `label` is the object list's."""
        targets = {one.target for one in meta.fields.values() if one.target}
        return Described(label, self._now, tuple(sorted(targets)))

    def load(self, who: Sequence[str], entries: Sequence[ObjectEntry]) -> Mapping[str, Described]:
        """Return what may be believed of these objects, by name: described not long ago, under the label of today."""
        known = self._read(who) if self._most_age else {}
        return {
            entry.name: one
            for entry in entries
            if (one := known.get(entry.name)) and one.label == entry.label and 0 <= self.age(one) < self._most_age
        }

    def age(self, one: Described) -> float:
        """Return how many seconds ago an object was described; negative where the clock was set back."""
        return self._now - one.at

    def save(self, who: Sequence[str], known: Mapping[str, Described]) -> None:
        """Keep this, and nothing else, for the next process. A disk that refuses costs the next process its time."""
        if not self._most_age:
            return
        content = {name: [one.label, one.at, one.targets] for name, one in known.items()}
        try:
            ensure_private_folder(self._folder)
            write_private(self._path(who), self._sealer.seal(json.dumps([list(who), content])).encode())
        except OSError:
            return

    def _read(self, who: Sequence[str]) -> Mapping[str, Described]:
        try:
            text = self._sealer.open(read_private(self._path(who)).decode("ascii"))
            owner, content = json.loads(text or "[null, {}]")
            if owner != list(who):
                return {}
            return {name: replace(Described(*one), targets=tuple(one[2])) for name, one in content.items()}
        except (OSError, ConfigError, ValueError, TypeError, AttributeError):
            return {}

    def _path(self, who: Sequence[str]) -> Path:
        told = json.dumps([self._connection, *who]).encode()
        return self._folder / f"{sha256(told).hexdigest()[:32]}.sealed"

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()

    @cached_property
    def _sealer(self) -> Sealer:
        from crm_bridge.credentials.sealing import Sealer  # cryptography is imported when there is something to open

        return Sealer(self._secrets(), purpose=f"metadata of {self._connection}")
