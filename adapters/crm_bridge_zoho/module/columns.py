"""Which columns a query asks for: one fixed set for drift, and further slices for snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_bridge_zoho.module.metadata import COMPUTED, ONLY_BY_ID, ZohoField

MOST_COLUMNS = 50
"""Zoho selects at most 50 columns in one query."""
ACTIVITY = "Last_Activity_Time"
ALWAYS = ("Modified_Time", "Created_Time", "Owner", "Record_Status__s", ACTIVITY)
MOVING = frozenset({ACTIVITY, "Locked__s"})
"""Columns that move without an edit: notes, calls and mails move the first, a lock the second.

A locked record is refused by Zoho itself, with a reason that says so; "changed" would say less.
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one module. `base` is asked for by find, gate and snapshot alike; `id` is its first."""

    base: tuple[str, ...]
    slices: tuple[tuple[str, ...], ...]
    ignored: frozenset[str]
    rich_texts: frozenset[str]
    by_id: frozenset[str]
    """Fields that only a read of the single record shows."""

    @property
    def digested(self) -> tuple[str, ...]:
        """Return the columns that count for drift."""
        return tuple(name for name in self.base if name not in self.ignored)


def choose_columns(fields: Iterable[ZohoField], meanings: Mapping[str, str], *, profile: str = "") -> Columns:
    """Return the column set: mapped fields and those that tell of an edit first, then the others by name.

    Fields that Zoho describes as hidden from the profile are not asked for: one such column refuses the query.
    """
    known = {field.api_name: field for field in fields if field.api_name != "id"}
    usable = [name for name, field in known.items() if field.in_coql and profile not in field.hidden_from]
    first = [name for name in dict.fromkeys((*meanings.values(), *ALWAYS)) if name in usable]
    stored = sorted(name for name in usable if known[name].data_type not in COMPUTED and name not in first)
    computed = sorted(name for name in usable if known[name].data_type in COMPUTED and name not in first)
    ordered = [*first, *stored, *computed]
    room = MOST_COLUMNS - 1
    rest = ordered[room:]
    return Columns(
        base=("id", *ordered[:room]),
        slices=tuple(("id", *rest[at : at + room]) for at in range(0, len(rest), room)),
        ignored=MOVING | {name for name, field in known.items() if field.data_type in COMPUTED},
        rich_texts=frozenset(name for name, field in known.items() if field.rich_text),
        by_id=frozenset(name for name, field in known.items() if field.data_type in ONLY_BY_ID),
    )
