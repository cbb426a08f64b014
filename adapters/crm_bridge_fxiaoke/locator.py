"""Locate contracts: by id, voided ones included, with a control record read in the same look."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm_bridge.clock import Clock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import CrmError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Look, Place, Sighting, Whereabouts
from crm_bridge_fxiaoke.approvals import Approvals
from crm_bridge_fxiaoke.mapping import Mapper, moment, text
from crm_bridge_fxiaoke.records import LIST_MOST, Records, Row, condition
from crm_bridge_fxiaoke.settings import Assumptions
from crm_bridge_fxiaoke.wire import row_id, rows_of

_CONTROL_CANDIDATES = 20


class Touched:
    """Which records this adapter changed a moment ago: a query may not know yet, `get` does."""

    def __init__(self, clock: Clock, lag: float) -> None:
        """`lag` in seconds; with 0 nothing is remembered."""
        self._clock = clock
        self._lag = lag
        self._when: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, ids: Iterable[str]) -> None:
        """Remember a change of some records."""
        if not self._lag:
            return
        now = self._clock.monotonic()
        with self._lock:
            self._when = {one: when for one, when in self._when.items() if now - when < self._lag}
            self._when.update(dict.fromkeys(ids, now))

    def among(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that a query may show as they were before."""
        now = self._clock.monotonic()
        return [one for one in ids if now - self._when.get(one, now - self._lag) < self._lag]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look read: rows by id, and the ids that could not be asked about."""

    rows: Mapping[str, Row]
    unreadable: frozenset[str]
    control: str | None


class Locator:
    """Where contracts are."""

    def __init__(
        self,
        *,
        records: Records,
        mapper: Mapper,
        approvals: Approvals,
        assumptions: Assumptions,
        touched: Touched,
    ) -> None:
        """`approvals` tells who has to decide about a void that did not happen yet."""
        self._records = records
        self._mapper = mapper
        self._approvals = approvals
        self._assumed = assumptions
        self._touched = touched
        self._object = mapper.fields.object.name
        self._controls: list[str] = []
        # Once a voided row came back from a plain query, a missing row is known to be gone, not just unlisted.
        self._voided_are_listed = False

    def locate(self, refs: Sequence[ContractRef], look: Look) -> Sighting:
        """Say where each record is. Absence counts only while the control record was readable."""
        places: dict[str, Whereabouts] = {}
        control: str | None = None
        size = LIST_MOST - 1
        for start in range(0, len(refs), size):
            part = refs[start : start + size]
            seen = self._look([ref.id for ref in part], look)
            control = seen.control if start == 0 or seen.control is None else control
            places.update({ref.id: self._place(ref, seen, look) for ref in part})
        return Sighting(places, control)

    def _look(self, ids: Sequence[str], look: Look) -> _Seen:
        wanted = set(ids)
        control = next((one for one in self._controls if one not in wanted), None)
        asked = [*dict.fromkeys(ids), *([control] if control else [])]
        rows = self._records.by_ids(self._object, asked)
        control = control if control in rows and not _voided(rows[control]) else None
        found = {key: row for key, row in rows.items() if key in wanted}
        self._voided_are_listed |= any(_voided(row) for row in found.values())
        missing = [one for one in wanted if one not in found]
        if missing and look is Look.EVERYWHERE and not self._voided_are_listed:
            found |= self._ask_for_voided(missing)
        unreadable = self._ask_one_by_one([*self._touched.among(wanted), *self._still_unsure(wanted, found)], found)
        if control is None and (look is Look.EVERYWHERE or len(found) < len(wanted)):
            control = self._another_control(wanted)
        return _Seen(found, unreadable, control)

    def _ask_for_voided(self, missing: Sequence[str]) -> dict[str, Row]:
        """A query may leave voided rows out unless it names life_status."""
        if self._assumed.query_invalid_rows == "omitted":
            return {}
        return self._records.by_ids(self._object, missing, condition("life_status", "EQ", "invalid"))

    def _still_unsure(self, wanted: set[str], found: Mapping[str, Row]) -> list[str]:
        """Where queries never show voided rows, only `get` tells a voided record from one that is gone."""
        if self._assumed.query_invalid_rows != "omitted":
            return []
        return [one for one in wanted if one not in found]

    def _ask_one_by_one(self, ids: Iterable[str], found: dict[str, Row]) -> frozenset[str]:
        unreadable = set[str]()
        for one in dict.fromkeys(ids):
            try:
                row = self._records.get(self._object, one)
            except PermissionDeniedError:
                found.pop(one, None)
                continue
            except CrmError:
                unreadable.add(one)
                continue
            found.pop(one, None)
            if row is not None:
                found[one] = row
        return frozenset(unreadable)

    def _another_control(self, wanted: set[str]) -> str | None:
        """Find a contract outside the selection that can be read now; the newest ones are the least likely in it."""
        envelope = self._records.query(
            self._object,
            [condition("life_status", "N", "invalid")],
            limit=LIST_MOST,
            fields=("_id",),
            newest_first=True,
        )
        self._controls = [key for row in rows_of(envelope) if (key := row_id(row)) not in wanted][:_CONTROL_CANDIDATES]
        return self._controls[0] if self._controls else None

    def _place(self, ref: ContractRef, seen: _Seen, look: Look) -> Whereabouts:
        if ref.id in seen.unreadable:
            return Whereabouts(ref, Place.UNREADABLE)
        row = seen.rows.get(ref.id)
        if row is None:
            return Whereabouts(ref, Place.GONE if seen.control else Place.NOT_VISIBLE)
        by, at = _last_editor(row), moment(row.values.get("last_modified_time"))
        if _voided(row):
            return Whereabouts(ref, Place.IN_BIN, by=by, at=at)
        digest = self._mapper.digest(row.values)
        if row.values.get("life_status") == "in_change" and self._assumed.void_approval == "possible":
            note = self._approvals.note(self._object, ref.id) if look is Look.EVERYWHERE else _("in approval")
            return Whereabouts(ref, Place.PENDING, digest=digest, by=by, at=at, note=note)
        return Whereabouts(ref, Place.LIVE, digest=digest)


def _voided(row: Row) -> bool:
    return row.values.get("life_status") == "invalid"


def _last_editor(row: Row) -> str | None:
    value = row.values.get("last_modified_by")
    return text(value[0]) if isinstance(value, list) and value else text(value)
