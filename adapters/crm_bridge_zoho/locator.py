"""Where records are now: read by id, looked for in the bin, with a control record in the same look."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import LookDepth, Observation, Place, Whereabouts
from crm_bridge_zoho.module.account import read_user
from crm_bridge_zoho.module.contract_module import ContractModule
from crm_bridge_zoho.reading.bin_walk import Deletion
from crm_bridge_zoho.reading.bins import Bins
from crm_bridge_zoho.reading.coql import Coql, Select, in_list, joined
from crm_bridge_zoho.reading.locks import MOST, lock_holder
from crm_bridge_zoho.reading.read_by_id import ById, Rows
from crm_bridge_zoho.wire import id_text, list_of


class Locator:
    """Looks by id, never through the search index, which lags behind deletes."""

    def __init__(self, coql: Coql, by_id: ById, bins: Bins, contract_module: ContractModule, *, in_list: int) -> None:
        """Use one connection's readers."""
        self._coql = coql
        self._by_id = by_id
        self._bins = bins
        self._module = contract_module
        self._in_list = in_list
        self._lock = threading.Lock()
        self._control: str | None = None

    def locate(self, refs: Sequence[ContractRef], look: LookDepth, since: datetime | None) -> Observation:
        """Return the place of every ref. An answer that cannot be trusted makes them unreadable, never absent."""
        try:
            rows, control = self._read([ref.id for ref in refs], gone=look is LookDepth.EVERYWHERE)
        except MalformedAnswerError as error:
            note = error.message
            return Observation({ref.id: Whereabouts(ref, Place.UNREADABLE, note=note) for ref in refs}, None)
        absent = [ref.id for ref in refs if ref.id not in rows and ref.id not in rows.unreadable]
        deletions: Mapping[str, Deletion] = {}
        readable = True
        if absent and look is LookDepth.EVERYWHERE:
            deletions, readable = self._bins.find(absent, since)
        places = {ref.id: self._place(ref, rows, deletions, control, readable, look) for ref in refs}
        # What lies in the bin is listed; only what does not asks whether the CRM answers at all.
        unseen = control is None and any(places[one].place is not Place.IN_BIN for one in absent)
        stand_in = read_user(self._by_id.client).id if unseen and look is LookDepth.EVERYWHERE else None
        places = {key: self._asked_again(seen, deletions) for key, seen in places.items()}
        if look is LookDepth.EVERYWHERE:
            self._tell_locks(places, rows)
        return Observation(places, control, stand_in)

    def _tell_locks(self, places: dict[str, Whereabouts], rows: Rows) -> None:
        locked = [key for key, seen in places.items() if key in rows and rows[key].values.get("Locked__s") is True]
        for key in locked[:MOST]:
            if who := lock_holder(self._by_id.client, places[key].ref):
                places[key] = replace(places[key], note=who)

    def _asked_again(self, seen: Whereabouts, deletions: Mapping[str, Deletion]) -> Whereabouts:
        """Ask once more, by its own address, for a record of which nothing but a missing row says that it is gone."""
        ref = seen.ref
        if seen.place is not Place.GONE or ref.id in deletions or not self._by_id.is_there(ref.module, ref.id):
            return seen
        return Whereabouts(ref, Place.UNREADABLE, note=_("Zoho's answers about this record contradict each other"))

    def _place(
        self,
        ref: ContractRef,
        rows: Rows,
        deletions: Mapping[str, Deletion],
        control: str | None,
        readable: bool,
        look: LookDepth,
    ) -> Whereabouts:
        row, deletion = rows.get(ref.id), deletions.get(ref.id)
        if row is not None:
            digest, activity = self._module.reader.digest(row.values), self._module.content.activity_of(row.values)
            return Whereabouts(ref, Place.LIVE, digest=digest, activity=activity)
        if (bad := rows.unreadable.get(ref.id)) is not None:
            note = _("the record holds a value that cannot be read ({problem})").format(problem=bad.reason)
            return Whereabouts(ref, Place.UNREADABLE, note=note)
        if deletion is not None:
            place = Place.IN_BIN if deletion.in_bin else Place.GONE
            return Whereabouts(ref, place, by=deletion.by, at=deletion.at, until=deletion.until, mark=deletion.mark)
        if control is None:
            return Whereabouts(ref, Place.NOT_VISIBLE, note=_("no other record was readable in the same look"))
        if not readable:
            return Whereabouts(ref, Place.NOT_VISIBLE, note=_("Zoho shows neither the bin nor the deletions"))
        note = _("not live, and not listed as deleted: hidden, merged into another record, or converted")
        return Whereabouts(ref, Place.GONE, note=note if look is LookDepth.EVERYWHERE else "")

    def _read(self, ids: Sequence[str], *, gone: bool) -> tuple[Rows, str | None]:
        """Read the ids and a record outside them, which shows that reading works.

        Where they are expected to be `gone` it is part of the same query; else it is read only if one is missing.
        """
        known = self._control or self._by_id.newest(self._module.name)
        control = known if gone and known not in ids else None
        asked = [*ids, control] if control else list(ids)
        rows = self._by_id.rows(self._module.name, asked, self._module.columns.base, few=gone)
        if control:
            rows.unreadable.pop(control, None)
            if rows.pop(control, None) is not None:
                return rows, control
        if len(rows) + len(rows.unreadable) == len(set(ids)):
            # Nothing is missing, so nothing rests on a control record.
            return rows, None
        control = self._another(ids)
        with self._lock:
            self._control = control
        return rows, control

    def _another(self, ids: Sequence[str]) -> str | None:
        """Return the newest record outside `ids`: a plan is worked off by id, so it stays longest."""
        known = [one for one in dict.fromkeys(ids) if one.isascii() and one.isdigit()]
        size = self._in_list
        others = [f"id not {in_list('', known[at : at + size]).strip()}" for at in range(0, len(known), size)]
        select = Select(self._module.name, ("id",), joined(others, "and") if others else None)
        answer = self._coql.run(select.page(after=None, limit=1, descending=True), 1)
        rows = list_of(answer, "data")
        return id_text(rows[0].get("id")) or None if rows else None
