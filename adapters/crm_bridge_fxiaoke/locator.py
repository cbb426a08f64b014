"""Locate contracts: by id, voided ones included, with a control record read in the same look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import CrmBridgeError, CrmError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import LookDepth, Observation, Place, Whereabouts
from crm_bridge.spi.ordered_map import ordered_map
from crm_bridge_fxiaoke.mapping import LIFE_STATES, Mapper, moment
from crm_bridge_fxiaoke.module.approvals import Approvals
from crm_bridge_fxiaoke.module.people import last_editor
from crm_bridge_fxiaoke.reading.live_details import LiveDetails
from crm_bridge_fxiaoke.reading.recent_writes import RecentWrites
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Records, Row, Rows, condition
from crm_bridge_fxiaoke.settings import Assumptions
from crm_bridge_fxiaoke.wire import row_id, rows_of

_CONTROL_CANDIDATES = 20
# Reads by id cost a call each: so many missing records of one look are asked about, and so many approvals.
_PROBES, _NOTES = 20, 20
_SIDE_BY_SIDE = 5


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look read: rows by id, and the ids that could not be asked about."""

    rows: Mapping[str, Row]
    unreadable: frozenset[str]
    hidden: frozenset[str]
    control: str | None
    stand_in: str | None = None
    """A customer that could be read where no contract could be the control."""


class Locator:
    """Where contracts are."""

    def __init__(
        self,
        *,
        records: Records,
        mapper: Mapper,
        approvals: Approvals,
        assumptions: Assumptions,
        recent_writes: RecentWrites,
        user: str,
        ahead: Callable[[], timedelta] = timedelta,
        live_details: LiveDetails | None = None,
    ) -> None:
        """`approvals` tells who has to decide about a void; `live_details` counts details that did not follow one.

        `ahead` tells how far the CRM's clock is ahead of ours.
        """
        self._ahead = ahead
        self._user = user
        self._live_details = live_details
        self._records = records
        self._mapper = mapper
        self._approvals = approvals
        self._assumed = assumptions
        self._recent_writes = recent_writes
        self._object = mapper.fields.object.name
        self._controls: list[str] = []
        # Once a voided row came back from a plain query, a missing row is known to be gone, not just unlisted.
        self._voided_are_listed = False

    def locate(self, refs: Sequence[ContractRef], look: LookDepth) -> Observation:
        """Return where each record is. Absence counts only while the control record was readable."""
        size = LIST_MOST - 1
        parts = [refs[start : start + size] for start in range(0, len(refs), size)]
        selection = {ref.id for ref in refs}
        places: dict[str, Whereabouts] = {}
        controls: list[str | None] = []
        stand_in = None
        for part, seen in zip(parts, self._look_at_all(parts, selection, look), strict=True):
            controls.append(seen.control)
            stand_in = stand_in or seen.stand_in
            self._tell(places, part, seen, look)
        return Observation(places, controls[0] if controls and None not in controls else None, stand_in)

    def _look_at_all(
        self, parts: Sequence[Sequence[ContractRef]], selection: set[str], look: LookDepth
    ) -> Iterator[_Seen]:
        """Look at the first part alone, so that the others have its control record; then at several at a time."""
        if not parts:
            return
        first = self._look([ref.id for ref in parts[0]], selection, look)
        yield first
        # Where the first part found no record to be had as control, the whole look has none: nobody asks again.
        seek = first.control is not None or look is LookDepth.LIVE
        rest = [[ref.id for ref in part] for part in parts[1:]]
        yield from ordered_map(lambda ids: self._look(ids, selection, look, seek=seek), rest, threads=_SIDE_BY_SIDE)

    def _tell(self, places: dict[str, Whereabouts], refs: Sequence[ContractRef], seen: _Seen, look: LookDepth) -> None:
        notes = sum(one.place is Place.PENDING for one in places.values())
        for ref in refs:
            places[ref.id] = self._place(ref, seen, look, notes=notes)
            notes += places[ref.id].place is Place.PENDING
        if self._live_details and look is LookDepth.EVERYWHERE:
            self._count_live_details(places, refs, self._live_details)

    def _count_live_details(
        self, places: dict[str, Whereabouts], refs: Sequence[ContractRef], live_details: LiveDetails
    ) -> None:
        voided = [ref.id for ref in refs if places[ref.id].place is Place.IN_BIN]
        for key, count in live_details.count(voided).items() if voided else ():
            if key in places:
                places[key] = replace(places[key], note=_("{count} detail rows are still live").format(count=count))

    def _look(self, ids: Sequence[str], selection: set[str], look: LookDepth, *, seek: bool = True) -> _Seen:
        wanted = set(ids)
        control = next((one for one in self._controls if one not in selection), None)
        asked = [*dict.fromkeys(ids), *([control] if control else [])]
        named = self._assumed.query_invalid_rows == "with_filter"
        # Naming every life_status is how a filter that excludes nothing is written.
        every_state = [condition("life_status", "IN", *LIFE_STATES)] if named else []
        rows = self._records.by_ids(self._object, asked, *every_state)
        control = control if control and control in rows and not _voided(rows[control]) else None
        found = {key: row for key, row in rows.items() if key in wanted}
        self._voided_are_listed |= any(_voided(row) for row in found.values())
        bad = frozenset(wanted & rows.unreadable.keys())
        missing = [one for one in wanted if one not in found and one not in bad]
        if missing and look is LookDepth.EVERYWHERE and self._assumed.query_invalid_rows == "returned":
            voided = self._ask_for_voided(missing)
            found |= voided
            bad |= voided.unreadable.keys()
        unreadable, hidden = self._ask_one_by_one(self._recent_writes.among(wanted), found)
        more_unreadable, more_hidden = self._probe([i for i in ids if i not in found and i not in bad], found, look)
        if control is None and seek and (look is LookDepth.EVERYWHERE or len(found) + len(bad) < len(wanted)):
            control = self._another_control(selection)
        alone = control is None and len(found) + len(bad) < len(wanted)
        stand_in = self._customer() if alone and look is LookDepth.EVERYWHERE else None
        return _Seen(found, bad | unreadable | more_unreadable, hidden | more_hidden, control, stand_in)

    def _customer(self) -> str | None:
        customer = self._mapper.fields.field("customer")
        name = customer.target if customer and customer.target else "AccountObj"
        try:
            rows = rows_of(self._records.query(name, [], limit=1, fields=("_id",)))
        except CrmBridgeError:
            return None
        return next((row_id(row) for row in rows if isinstance(row, dict)), None)

    def _ask_for_voided(self, missing: Sequence[str]) -> Rows:
        """Until a voided row was seen in a plain query, do not rely on plain queries to return them."""
        if self._voided_are_listed:
            return Rows()
        return self._records.by_ids(self._object, missing, condition("life_status", "EQ", "invalid"))

    def _probe(
        self, missing: Sequence[str], found: dict[str, Row], look: LookDepth
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Ask for missing records by id: one that may not be seen any more, or lies voided, is not gone.

        What this adapter purged itself is not asked about again. Until queries were seen to show voided rows, every
        missing record must be asked for; else a sample tells, and all of them only when one of the sample was hidden.
        """
        if look is LookDepth.EVERYWHERE and missing and not self._lists_voided(len(missing)):
            return self._ask_one_by_one(missing, found)
        doubtful = [one for one in missing if look is LookDepth.LIVE or not self._recent_writes.was_purged(one)]
        unreadable, hidden = self._ask_one_by_one(doubtful[:_PROBES], found)
        if hidden or unreadable:
            more_unreadable, more_hidden = self._ask_one_by_one(doubtful[_PROBES:], found)
            return unreadable | more_unreadable, hidden | more_hidden
        return unreadable, hidden

    def _lists_voided(self, missing: int) -> bool:
        """Return whether plain queries were seen to return voided rows; for many missing ones one is sought."""
        if self._assumed.query_invalid_rows != "returned":
            return self._assumed.query_invalid_rows == "with_filter" and self._voided_are_listed
        if not self._voided_are_listed and missing > _PROBES:
            rows = rows_of(self._records.query(self._object, [condition("life_status", "EQ", "invalid")], limit=1))
            ids = [row_id(row) for row in rows if isinstance(row, dict)]
            self._voided_are_listed = any(_voided(row) for row in self._records.by_ids(self._object, ids).values())
        return self._voided_are_listed

    def _ask_one_by_one(self, ids: Iterable[str], found: dict[str, Row]) -> tuple[frozenset[str], frozenset[str]]:
        """Read records by id into `found`; return which could not be read and which may not be seen."""
        unreadable, hidden = set[str](), set[str]()
        for one in dict.fromkeys(ids):
            try:
                row = self._records.get(self._object, one)
            except PermissionDeniedError:
                hidden.add(one)
                row = None
            except CrmError:
                unreadable.add(one)
                continue
            found.pop(one, None)
            if row is not None:
                found[one] = row
        return frozenset(unreadable), frozenset(hidden)

    def _another_control(self, selection: set[str]) -> str | None:
        """Find a contract outside the selection that can be read now; the newest ones are the least likely in it."""
        live = [condition("life_status", "N", "invalid")]
        newest = self._records.query(self._object, live, limit=LIST_MOST, fields=("_id",), newest_first=True)
        readable = [row_id(row) for row in rows_of(newest) if isinstance(row, dict)]
        outside = [key for key in readable if key not in selection]
        if not outside and len(selection) >= LIST_MOST:
            pages = self._records.pages(self._object, live)
            outside = next((found for page in pages if (found := _without(page.rows, selection))), [])
        self._controls = outside[:_CONTROL_CANDIDATES]
        return self._controls[0] if self._controls else None

    def _place(self, ref: ContractRef, seen: _Seen, look: LookDepth, *, notes: int) -> Whereabouts:
        if ref.id in seen.unreadable:
            return Whereabouts(ref, Place.UNREADABLE)
        row = seen.rows.get(ref.id)
        if row is None:
            visible = (seen.control or seen.stand_in) is not None and ref.id not in seen.hidden
            return Whereabouts(ref, Place.GONE if visible else Place.NOT_VISIBLE)
        if self._contradicts_itself(row):
            return Whereabouts(ref, Place.UNREADABLE, note=_("what the CRM says about its life status cannot be true"))
        by, told = last_editor(row.values, self._user), moment(row.values.get("last_modified_time"))
        at, mark = told - self._ahead() if told else None, mark_of(row)
        if _voided(row):
            return Whereabouts(ref, Place.IN_BIN, by=by, at=at, until=self._emptied(at), mark=mark)
        digest = self._mapper.digest(row.values)
        if row.values.get("life_status") == "in_change" and self._assumed.void_approval == "possible":
            tells = look is LookDepth.EVERYWHERE and notes < _NOTES
            note = self._approvals.note(self._object, ref.id) if tells else _("in approval")
            return Whereabouts(ref, Place.PENDING, digest=digest, by=by, at=at, note=note)
        return Whereabouts(ref, Place.LIVE, digest=digest, note=self._lock(row) if notes < _NOTES else "", mark=mark)

    def _lock(self, row: Row) -> str:
        """Return who locked a record; nothing for one that is not locked."""
        holders = row.values.get("lock_user")
        if str(row.values.get("lock_status", "0")) != "1" or not isinstance(holders, list):
            return ""
        people = [self._approvals.called(str(one)) for one in holders[:3]]
        return _("locked by {people}").format(people=", ".join(people)) if people else ""

    def _contradicts_itself(self, row: Row) -> bool:
        """Return whether a row has a life status that nobody knows, or is marked deleted while it is not voided."""
        status = row.values.get("life_status", "normal")
        marked = self._assumed.voided_is_deleted and row.values.get("is_deleted") is True
        return status not in LIFE_STATES or (marked and status != "invalid")

    def _emptied(self, at: datetime | None) -> datetime | None:
        days = self._assumed.bin_days
        return at + timedelta(days=days) if at and days else None


def _without(rows: Iterable[Row], selection: set[str]) -> list[str]:
    return [row.id for row in rows if row.id not in selection]


def mark_of(row: Row) -> str:
    """Return what tells one state of a row from the next: when it changed last, and through whom."""
    values = row.values
    return f"{values.get('last_modified_time', '')}/{values.get('last_modified_by', '')}"


def _voided(row: Row) -> bool:
    return row.values.get("life_status") == "invalid"
