"""A CRM's abilities as data: capabilities, limits, side effects, and what comes back; each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """One destructive step: `trash` can be undone by the CRM, `purge` cannot."""

    TRASH = "trash"
    """Into the CRM's bin; 作废 on 纷享销客."""
    PURGE = "purge"
    """Out of the bin, for good."""


class Route(StrEnum):
    """A way back: the CRM's own bin (same id), or a new record made from the snapshot."""

    UNTRASH = "untrash"
    """From the CRM's bin, under the old id."""
    RECREATE = "recreate"
    """As a new record from the backup."""


class Support(StrEnum):
    """How sure we are; "unproven" differs from "absent"."""

    FULL = "full"
    ABSENT = "absent"
    UNPROVEN = "unproven"


def weakest(*given: Support) -> Support:
    """Return what all of them together allow to be said."""
    return next(one for one in (Support.ABSENT, Support.UNPROVEN, Support.FULL) if one in given)


class Fate(StrEnum):
    """Fate of one thing on a way back."""

    SAME = "same"
    CHANGED = "changed"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about a CRM with its source (vendor page, switch or measurement)."""

    support: Support
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """Something that a delete sets off besides the delete; `switch` says how it can be turned off, if at all."""

    name: str
    fires: Support
    switch: str
    source: str
    fast_only: bool = False
    """Only the CRM's fast path sets it off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the calls. Counts are records per call unless named otherwise; seconds and days in the names."""

    find_page: int
    locate_batch: int
    snapshot_batch: int
    trash_batch: int
    purge_batch: int
    untrash_batch: int
    bin_days: int | None
    """Days in the CRM's bin; None = not known."""
    calls_in_flight: int
    source: str
    window_calls: int | None = None
    window_seconds: int | None = None
    calls_per_day: int | None = None
    fast_batch: int | None = None
    """Records per call of the CRM's fast path; None where it has none, or none that takes more."""

    trash_ids_per_call: int | None = None
    """Records that one call moves into the bin, where a batch is several calls; None = not told."""
    purge_ids_per_call: int | None = None

    def batch(self, step: Step, *, fast: bool = False) -> int:
        """Return how many records one call of a step takes."""
        if step is Step.PURGE:
            return self.purge_batch
        return self.fast_batch if fast and self.fast_batch else self.trash_batch


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Promises of an adapter; `returns` says per way back and per thing what becomes of it.

    Keys of `returns[route]`: id, number, fields, owner, created, details, notes, attachments, inbound_links,
    approval_history, followers; more where a CRM has more.
    """

    trash: Fact
    purge: Fact
    untrash: Fact
    recreate: Fact
    batch_delete: Fact
    automations_off: Fact
    who_deleted: Fact
    """Whether the CRM tells who deleted a record and when: evidence level E2 needs it."""
    returns: Mapping[Route, Mapping[str, tuple[Fate, str]]]
    side_effects: tuple[SideEffect, ...] = ()
    shows_bin: Fact = Fact(Support.ABSENT, "")
    """Whether a contract in the CRM's bin can be copied with what hangs on it (`snapshot` with `final`)."""

    def support(self, step: Step) -> Fact:
        """Return what is known about one destructive step."""
        return self.trash if step is Step.TRASH else self.purge
