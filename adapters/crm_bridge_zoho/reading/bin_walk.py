"""One record in the recycle bin or among the deletions, and how far the bin was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_bridge_zoho.capabilities import BIN_DAYS


@dataclass(frozen=True, slots=True)
class Deletion:
    """One deleted record: by whom, when, and whether the bin still holds it."""

    id: str
    by: str | None
    at: datetime | None
    """By our clock."""
    in_bin: bool
    mark: str = ""
    """The moment as Zoho writes it: another deletion, another mark."""

    @property
    def until(self) -> datetime | None:
        """Return when Zoho empties it from the bin."""
        return self.at + timedelta(days=BIN_DAYS) if self.in_bin and self.at else None


@dataclass(slots=True)
class Walk:
    """How far the bin was read, oldest deletion first, since a moment: a run is verified in the order it deleted."""

    since: datetime
    page: int = 1
    fruitless: bool = False
    """Others have deleted so much that asking by id is cheaper."""
    others: dict[str, Deletion] = field(default_factory=dict)
    """What was met on the way and not looked for."""
    here: set[str] = field(default_factory=set)
    """What was looked for and found on pages that are read again."""
    ended: bool = False
    """The last look came to the end of the bin."""

    def leave(self, entries: Sequence[Deletion]) -> None:
        """Keep what was not looked for on a page that is not read again, or was the last one."""
        self.others.update((one.id, one) for one in entries if one.id not in self.here)
        if not self.ended:
            self.here.clear()
