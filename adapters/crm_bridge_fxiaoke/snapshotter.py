"""Snapshot: the record, its details, what refers to it, its team and its files, as the bytes that came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Attachment, Gap, PartKind, Snapshot, SnapshotPart, Unavailable
from crm_bridge.errors import CrmError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.spi.ordered_map import ordered_map
from crm_bridge.transport import UnreadableRow, raw_items, raw_value
from crm_bridge_fxiaoke.discovery import Relation
from crm_bridge_fxiaoke.mapping import LIFE_STATES, Mapper, text
from crm_bridge_fxiaoke.reading.files import Files, file_entries
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Condition, Records, Row, Rows, condition, unreadable_text
from crm_bridge_fxiaoke.reading.secured import SecuredFields
from crm_bridge_fxiaoke.settings import Assumptions
from crm_bridge_fxiaoke.wire import ObjectMeta, row_id

TEAM = "relevant_team"
FULL = "get"
_SIDE_BY_SIDE = 5
_VOIDED = condition("life_status", "EQ", "invalid")


@dataclass(slots=True)
class _Children:
    """Rows of one object by the contract at which they point, and why those of a contract are not known."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, row: Row | UnreadableRow, relation: Relation, ids: Sequence[str]) -> None:
        """Add one row. One that cannot be read belongs to the contract that it names, else to any of them."""
        name = relation.field.name
        value = row.value(name) if isinstance(row, UnreadableRow) else row.values.get(name)
        targets = [text(one) or "" for one in (value if isinstance(value, list) else [value])]
        if isinstance(row, UnreadableRow):
            hit = [one for one in targets if one in ids] or ids
            self.problems.update(dict.fromkeys(hit, unreadable_text(relation.object.name)))
            return
        for target in targets:
            self.rows.setdefault(target, []).append(row)


class Snapshotter:
    """Copies of contracts, a hundred per query."""

    def __init__(
        self,
        *,
        records: Records,
        mapper: Mapper,
        relations: Sequence[Relation],
        files: Files,
        assumed: Assumptions,
        undescribed: Sequence[str] = (),
    ) -> None:
        """With `snapshot_by` = get every record is read once more by id, for what a query leaves out.

        Whether `undescribed` objects refer to contracts is not known.
        """
        self._records = records
        self._mapper = mapper
        self._relations = relations
        self._files = files
        self._undescribed = undescribed
        self._by_get = assumed.snapshot_by == "get"
        named = assumed.query_invalid_rows == "with_filter"
        # Naming every life_status is how a filter that excludes nothing is written.
        self._every_state = [condition("life_status", "IN", *LIFE_STATES)] if named else []
        self._meta = mapper.fields.object
        self._secured_fields = SecuredFields(records)

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Snapshot | Unavailable]:
        """Yield one result per ref. With `final` voided ones too, and details are compared with what `get` shows."""
        parts = [refs[start : start + LIST_MOST] for start in range(0, len(refs), LIST_MOST)]
        for found in ordered_map(lambda part: list(self._batch(part, final=final)), parts, threads=_SIDE_BY_SIDE):
            yield from found

    def _batch(self, refs: Sequence[ContractRef], *, final: bool) -> Iterator[Snapshot | Unavailable]:
        states: Sequence[Condition] = self._every_state if final else []
        rows = self._records.by_ids(self._meta.name, [ref.id for ref in refs], *states, raw=True)
        by_get: set[str] = set()
        if final and (missing := [ref.id for ref in refs if ref.id not in rows and ref.id not in rows.unreadable]):
            states, by_get = self._from_bin(rows, missing, states)
        voided = {key for key, row in rows.items() if row.values.get("life_status") == "invalid"}
        wanted = [ref.id for ref in refs if ref.id in rows and (final or ref.id not in voided)]
        around = self._around(wanted, states)
        live = [one for one in wanted if one not in voided]
        secured = self._secured(live, rows, around) if final and live else {}
        for ref in refs:
            # A backup without what hangs on the contract is none.
            problem = next((one.problems[ref.id] for one in around.values() if ref.id in one.problems), "")
            if ref.id in rows.unreadable:
                yield Unavailable(ref, Reason.UNREADABLE_VALUE, unreadable_text(self._meta.name))
            elif ref.id not in rows:
                yield self._missing(ref)
            elif ref.id in voided and not final:
                yield Unavailable(ref, Reason.IN_BIN, _("the contract is in the recycle bin"), gone=True)
            elif problem:
                yield Unavailable(ref, Reason.RELATED_UNREADABLE, problem)
            else:
                of_this = {key: one.rows.get(ref.id, []) for key, one in around.items()}
                if ref.id in by_get:
                    yield self._copy_of_voided(ref, rows[ref.id], of_this)
                else:
                    copy = self._copy(ref, rows[ref.id], of_this, final=final)
                    more = tuple(secured.get(ref.id, ()))
                    yield replace(copy, gaps=copy.gaps + more) if isinstance(copy, Snapshot) else copy

    def _secured(self, ids: Sequence[str], rows: Rows, around: Mapping[int, _Children]) -> dict[str, list[Gap]]:
        """Return the values of contracts and of their details that are not shown to this user."""
        found = self._secured_fields.gaps(self._meta, [rows[one] for one in ids], ids)
        for relation in self._relations:
            if relation.detail:
                lines = [row for part in around[id(relation)].rows.values() for row in part]
                for one, gaps in self._secured_fields.gaps(relation.object, lines, ids, relation.field.name).items():
                    found[one] += gaps
        return found

    def _from_bin(
        self, rows: Rows, missing: Sequence[str], states: Sequence[Condition]
    ) -> tuple[Sequence[Condition], set[str]]:
        """Add voided records that a plain query leaves out: by a query that names the state, else one by one by `get`.

        Returns the conditions under which queries show them, and which came by `get`.
        """
        asked = self._records.by_ids(self._meta.name, missing, _VOIDED, raw=True)
        rows.unreadable |= asked.unreadable
        rows.update(asked)
        by_get: set[str] = set()
        for one in missing:
            if one in rows or one in rows.unreadable:
                continue
            try:
                row = self._records.get(self._meta.name, one)
            except (CrmError, PermissionDeniedError):
                continue  # `_missing` says why
            if row is not None and row.values.get("life_status") == "invalid":
                rows[one] = row
                by_get.add(one)
        return [condition("life_status", "IN", *LIFE_STATES)] if asked else states, by_get

    def _copy_of_voided(self, ref: ContractRef, row: Row, around: Mapping[int, list[Row]]) -> Snapshot | Unavailable:
        """Copy a voided record that no query shows: its details are those that `get` shows with it, if it shows any."""
        details = row.values.get("details")
        shown = details if isinstance(details, Mapping) else {}
        unshown = []
        for relation in self._relations:
            name, rows = relation.object.name, shown.get(relation.object.name)
            if relation.detail and isinstance(rows, list):
                pieces = raw_items(row.raw, "details", name)
                around = {**around, id(relation): [Row(row_id(v), v, raw) for v, raw in zip(rows, pieces, strict=True)]}
            elif relation.detail:
                unshown.append(name)
        return self._copy(ref, row, around, final=False, unshown=tuple(unshown))

    def _around(self, ids: Sequence[str], states: Sequence[Condition]) -> Mapping[int, _Children]:
        found = ordered_map(lambda one: self._children(one, ids, states), self._relations, threads=_SIDE_BY_SIDE)
        return {id(one): children for one, children in zip(self._relations, found, strict=True)}

    def _children(self, relation: Relation, ids: Sequence[str], states: Sequence[Condition]) -> _Children:
        """Return the rows of one object that point at some contracts, by contract; what cannot be read is a problem."""
        found, name = _Children(), relation.object.name
        many = relation.field.type == "object_reference_many"
        pointing = condition(relation.field.name, "HASANYOF" if many else "IN", *ids)
        try:
            for row in self._records.everything(name, [pointing, *states]) if ids else ():
                found.take(row, relation, ids)
        except (CrmError, PermissionDeniedError) as problem:
            why = _("{name} cannot be read: {why}").format(name=name, why=problem.message)
            found.problems.update(dict.fromkeys(ids, why))
        return found

    def _copy(
        self,
        ref: ContractRef,
        row: Row,
        around: Mapping[int, list[Row]],
        *,
        final: bool,
        unshown: tuple[str, ...] = (),
    ) -> Snapshot | Unavailable:
        full = row
        parts: list[SnapshotPart] = []
        gaps: tuple[Gap, ...] = ()
        if self._by_get or final:
            again = self._records.get(ref.module, ref.id)
            if again is None and row.values.get("life_status") == "invalid":
                again = row  # this tenant shows voided records to queries only
            if again is None:
                return Unavailable(ref, Reason.NOT_FOUND, _("the contract is not there any more"), gone=True)
            if self._by_get:
                full = again
                parts.append(SnapshotPart(PartKind.EXTRA, FULL, again.raw))
            if final:
                gaps = tuple(self._not_shown(again, around))
        if team := raw_value(full.raw, TEAM):
            parts.append(SnapshotPart(PartKind.TEAM, TEAM, team))
        files = list(self._attachments(full, self._meta, ""))
        links: list[list[str]] = []
        for relation in self._relations:
            rows = around[id(relation)]
            if not rows:
                continue
            kind = PartKind.DETAIL if relation.detail else PartKind.RELATED
            parts.append(SnapshotPart(kind, relation.object.name, b"[" + b",".join(one.raw for one in rows) + b"]"))
            if relation.detail:
                for one in rows:
                    files += self._attachments(one, relation.object, f"{relation.object.name}/{one.id}/")
            else:
                links += [[relation.object.name, one.id, relation.field.name] for one in rows]
        if links:
            parts.append(SnapshotPart(PartKind.LINK, "references", json.dumps(links).encode()))
        return Snapshot(
            ref, self._mapper.digest(row.values), row.raw, tuple(parts), tuple(files), gaps, unshown=unshown
        )

    def _not_shown(self, full: Row, around: Mapping[int, list[Row]]) -> Iterator[Gap]:
        """Yield the objects of which `get` shows details that queries did not: this user is not given them."""
        listed = {one.object.name: {row.id for row in around[id(one)]} for one in self._relations if one.detail}
        labels = {one.object.name: one.object.label for one in self._relations}
        details = full.values.get("details")
        for name, rows in details.items() if isinstance(details, Mapping) else ():
            shown = {row_id(row) for row in rows if isinstance(row, Mapping)} if isinstance(rows, list) else set()
            if missing := shown - listed.get(name, set()):
                why = _("{missing} of {count} rows are not shown to this user").format(
                    missing=len(missing), count=len(shown)
                )
                yield Gap(labels.get(name) or name, why)
        for name in self._undescribed:
            yield Gap(name, _("not described to this user, so what of it hangs on the contract is not known"))

    def _attachments(self, row: Row, meta: ObjectMeta, prefix: str) -> Iterator[Attachment]:
        for column, entry in file_entries(row.values, meta):
            yield Attachment(
                id=entry.path,
                name=entry.name,
                size=entry.size,
                source=prefix + column.name,
                chunks=self._files.reader(entry.path, image=column.type == "image"),
            )

    def _missing(self, ref: ContractRef) -> Unavailable:
        try:
            row = self._records.get(ref.module, ref.id)
        except PermissionDeniedError as denied:
            return Unavailable(ref, Reason.PERMISSION, denied.message)
        except CrmError as problem:
            return Unavailable(ref, Reason.of(problem), problem.message)
        if row is None:
            return Unavailable(ref, Reason.NOT_FOUND, _("the contract is not there"), gone=True)
        if row.values.get("life_status") == "invalid":
            return Unavailable(ref, Reason.IN_BIN, _("the contract is in the recycle bin"), gone=True)
        return Unavailable(ref, Reason.NOT_LISTED, _("the contract can be read by id, but queries do not return it"))
