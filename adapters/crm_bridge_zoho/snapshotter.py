"""Copying contracts with everything around them, in as few calls as the module's metadata allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_bridge.domain.absence import NOT_THERE
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Attachment, Gap, PartKind, Snapshot, SnapshotPart, Unavailable
from crm_bridge.errors import CrmBridgeError, PermissionDeniedError, RequestRefusedError, UsageError
from crm_bridge.i18n import _
from crm_bridge.transport import Response, raw_items
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.module import metadata
from crm_bridge_zoho.module.columns import MOST_COLUMNS
from crm_bridge_zoho.module.contract_module import ATTACHMENTS, NOTES, ContractModule
from crm_bridge_zoho.module.metadata import RelatedList
from crm_bridge_zoho.reading.coql import Coql
from crm_bridge_zoho.reading.files import (
    LINK_TYPE,
    LIST_FIELDS,
    NOTE_FILES,
    field_files,
    is_link,
    listed_files,
    row_files,
)
from crm_bridge_zoho.reading.hanging import Hanging
from crm_bridge_zoho.reading.inbound import Found, Inbound, inbound_of, named, read_inbound, take
from crm_bridge_zoho.reading.parallel import ordered_map
from crm_bridge_zoho.reading.read_by_id import ById, Rows
from crm_bridge_zoho.reading.subform_rows import MOST_ROWS, SubformRows, with_rows
from crm_bridge_zoho.wire import Listed, Row, list_of, rows_of, slices_of

NOTE_FIELDS = "id,Note_Title,Note_Content,Owner,Created_Time,Created_By,Parent_Id"
FULL_TEXT_IDS = 100
PAGE = 200


@dataclass(frozen=True, slots=True)
class _Material:
    """What was read for many contracts at once."""

    rows: Rows
    extra: Mapping[str, list[SnapshotPart]]
    inbound: Mapping[str, Found]
    refused: frozenset[str]
    """Modules that point at contracts and that no query takes."""
    cut: frozenset[str]
    """Ids whose long texts were not given once and in full."""
    unreadable: frozenset[str]
    """Ids of records of which one piece holds a value that cannot be read."""
    hanging: Mapping[str, Mapping[str, list[Row]]]
    """By list, and by id: the rows of lists that were read, or found empty, for many contracts at once."""
    subforms: Mapping[str, Mapping[str, list[Row]]]
    """The same for subforms."""

    def inside(self, record_id: str) -> Mapping[str, list[Row]]:
        """Return the rows of every subform of a contract, by subform; nothing unless all of them are known."""
        known = {name: rows[record_id] for name, rows in self.subforms.items() if record_id in rows}
        return known if len(known) == len(self.subforms) else {}


class Snapshotter:
    """Takes snapshots: reads for many contracts at once, single reads only where nothing else shows the data."""

    def __init__(
        self, client: ZohoClient, coql: Coql, by_id: ById, contract_module: ContractModule, *, in_list: int
    ) -> None:
        """Use one connection's readers; `in_list` ids in one list of a query."""
        self._client = client
        self._coql = coql
        self._by_id = by_id
        self._module = contract_module
        self._in_list = in_list
        self._pointing: tuple[Inbound, ...] | None = None
        self._problem = ""
        self._known_fields: dict[str, str] = {}
        self._hanging = Hanging(coql, self._list, size=in_list)
        only_by_id = [self._module.fields[name] for name in sorted(self._module.columns.by_id)]
        self._subforms: dict[str, SubformRows] = {}
        if all(field.data_type == "subform" and field.target for field in only_by_id):
            # Any other field that only a read by id shows has every record read so anyway.
            for field in only_by_id:
                content = self._module.content.lists[field.api_name]
                rows = SubformRows(client, coql, self._rows_inside, field, content, size=in_list)
                self._subforms[field.api_name] = rows

    def queried(self) -> frozenset[str]:
        """Return the lists of notes and files, and the subforms, that queries take for many contracts at once."""
        lists = [one for one in self._module.related if one.api_name in (NOTES, ATTACHMENTS) and one.module]
        taken = {one.api_name for one in lists if self._hanging.takes(one)}
        return frozenset(taken | {name for name, one in self._subforms.items() if one.is_taken})

    def take(self, refs: Sequence[ContractRef]) -> Iterator[Snapshot | Unavailable]:
        """Yield one result per ref, in the order of `refs`."""
        if self._problem:
            self._pointing = None
        material = self._material(refs)
        if not self._module.columns.by_id and not list(self._lists(material.refused)):
            yield from (self._result(ref, material) for ref in refs)
            return
        yield from ordered_map(lambda ref: self._result(ref, material), refs)

    def _result(self, ref: ContractRef, material: _Material) -> Snapshot | Unavailable:
        row = material.rows.get(ref.id)
        try:
            if ref.id in material.unreadable:
                return Unavailable(ref, Reason.UNREADABLE_VALUE, _("the record holds a value that cannot be read"))
            if row is None:
                return self._missing(ref)
            if self._problem:
                return Unavailable(ref, Reason.RELATED_UNREADABLE, self._problem)
            if ref.id in material.cut:
                if not self._by_id.is_there(ref.module, ref.id):
                    return self._missing(ref)  # it went between two reads
                return Unavailable(ref, Reason.INCOMPLETE, _("Zoho did not give the long texts of this record in full"))
            return self._one(ref, row, material)
        except CrmBridgeError as error:
            if error.reason in ENDS_THE_RUN:
                raise
            if error.reason in NOT_THERE:
                return self._missing(ref)
            return Unavailable(ref, Reason.of(error), error.message)

    def _missing(self, ref: ContractRef) -> Unavailable:
        # A query that leaves a row out proves nothing.
        if self._by_id.is_there(ref.module, ref.id):
            return Unavailable(ref, Reason.UNREADABLE, _("Zoho's answers about this record contradict each other"))
        return Unavailable(ref, Reason.NOT_FOUND, _("Zoho shows no record with this id"), gone=True)

    def _material(self, refs: Sequence[ContractRef]) -> _Material:
        ids = [ref.id for ref in refs]
        rows = self._by_id.rows(self._module.name, ids, self._module.columns.base, raw=True)
        live = [ref for ref in refs if ref.id in rows]
        extra: dict[str, list[SnapshotPart]] = {ref.id: [] for ref in live}
        for key, row in rows.items():
            if row.more:
                extra[key].append(SnapshotPart(PartKind.EXTRA, "fields-by-id", row.more))
        unreadable = set(rows.unreadable)
        for number, columns in enumerate(self._module.columns.slices, start=2):
            more = self._by_id.rows(self._module.name, list(extra), columns, raw=True)
            unreadable |= more.unreadable.keys()
            for key, row in more.items():
                extra[key].append(SnapshotPart(PartKind.EXTRA, f"fields-{number}", row.raw))
                if row.more:
                    extra[key].append(SnapshotPart(PartKind.EXTRA, f"fields-{number}-by-id", row.more))
        texts: dict[str, list[bytes]] = {}
        for key, raw in self._full_texts(list(extra)):
            texts.setdefault(key, []).append(raw)
        for key, found in texts.items():
            extra[key].append(SnapshotPart(PartKind.EXTRA, "full_texts", found[0]))
        whole = {key for key, found in texts.items() if len(found) == 1}
        cut = frozenset(extra) - whole if self._module.columns.rich_texts else frozenset()
        inbound, refused = read_inbound(self._coql, self._inbound(), live, in_list=self._in_list)
        lists = [one for one in self._lists(refused) if one.api_name in (NOTES, ATTACHMENTS)]
        hanging = {one.api_name: self._hanging.rows(one, live) for one in lists}
        subforms = {name: one.of(live) for name, one in self._subforms.items()}
        return _Material(rows, extra, inbound, refused, cut, frozenset(unreadable), hanging, subforms)

    def _inbound(self) -> tuple[Inbound, ...]:
        if self._pointing is None:
            lists = [one for one in self._module.related if one.api_name not in (NOTES, ATTACHMENTS)]
            self._pointing, self._problem = inbound_of(self._client, self._module.name, lists)
        return self._pointing

    def _full_texts(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield rich texts in full: everywhere else Zoho cuts them at 500 characters."""
        fields = ",".join(sorted(self._module.columns.rich_texts))
        for at in range(0, len(ids) if fields else 0, FULL_TEXT_IDS):
            share = ids[at : at + FULL_TEXT_IDS]
            answer = self._client.read(
                f"/crm/v8/{self._module.name}/actions/fetch_full_data",
                "GET /crm/v8/{module}/actions/fetch_full_data",
                params={"ids": ",".join(share), "fields": fields},
            )
            for row in rows_of(answer, "data", raw=True).rows:
                if row.id in share:
                    yield row.id, row.raw

    def _one(self, ref: ContractRef, row: Row, material: _Material) -> Snapshot | Unavailable:
        files: list[Attachment] = []
        record, parts, inbound = row.raw, list(material.extra[ref.id]), material.inbound[ref.id]
        if inside := material.inside(ref.id):
            record = with_rows(record, inside)
        elif self._module.columns.by_id:
            values, record = self._whole(ref)
            # First, so that whoever puts the slices together in their order ends with the texts in full.
            parts.insert(0, SnapshotPart(PartKind.EXTRA, "fields-1", row.raw))
            files += self._in_fields(ref, values)
            parts += self._cut_rows(ref, values)
        gaps, links, vanished = list[Gap](), list[str](), False
        for one in self._lists(material.refused):
            try:
                rows = material.hanging.get(one.api_name, {}).get(ref.id)
                rows = self._list(ref, one) if rows is None else rows
            except (RequestRefusedError, PermissionDeniedError, UsageError) as error:
                if error.reason in ENDS_THE_RUN:
                    raise
                gaps.append(Gap(one.label or one.api_name, named(one.api_name, error)))
                vanished = vanished or error.reason in NOT_THERE
                continue
            except CrmBridgeError as error:
                if error.reason in ENDS_THE_RUN:
                    raise
                return Unavailable(ref, Reason.RELATED_UNREADABLE, named(one.api_name, error))
            if one.module in material.refused:
                for pointing in self._inbound():
                    if pointing.module == one.module:
                        take({ref.id: inbound}, [ref.id], pointing, Listed(rows))
                continue
            files += self._listed(ref, one, rows)
            if one.api_name == ATTACHMENTS:
                links += [str(row.values.get("File_Name")) for row in rows if _in_a_drive(row.values)]
            if rows:
                raw = b"[" + b",".join(row.raw for row in rows) + b"]"
                parts.append(SnapshotPart(_KINDS.get(one.api_name, PartKind.RELATED), one.api_name, raw))
        if vanished and not self._by_id.is_there(ref.module, ref.id):
            # Not a list that cannot be read: the record went while it was copied.
            return self._missing(ref)
        if inbound.problem:
            return Unavailable(ref, Reason.RELATED_UNREADABLE, inbound.problem)
        parts += inbound.parts()
        digest = self._module.reader.digest(row.values)
        return Snapshot(ref, digest, record, tuple(parts), tuple(files), tuple(gaps), tuple(links))

    def _listed(self, ref: ContractRef, one: RelatedList, rows: Sequence[Row]) -> Iterator[Attachment]:
        """Yield the files that the rows of a list are, or have."""
        if one.api_name == ATTACHMENTS:
            yield from listed_files(self._client, ref, [row.values for row in rows])
        if one.api_name == NOTES:
            for note in rows:
                yield from self._on_note(note)

    def _on_note(self, note: Row) -> Iterator[Attachment]:
        """Yield the files of a note. Where Zoho says of a note that it has none, nobody asks for them."""
        if "$attachments" in note.values and not note.values["$attachments"]:
            return
        ref = ContractRef(NOTES, note.id)
        rows = [row.values for page in self._pages(ref, ATTACHMENTS, LIST_FIELDS) for row in page]
        yield from listed_files(self._client, ref, rows, source=f"{NOTE_FILES}{note.id}")

    def _lists(self, refused: frozenset[str] = frozenset()) -> Iterator[RelatedList]:
        """Yield the lists that have to be read contract by contract."""
        covered = {one.module for one in self._inbound()} - refused
        for one in self._module.related:
            if one.module and one.type != "multiselectlookup" and one.module not in covered:
                yield one

    def _whole(self, ref: ContractRef) -> tuple[Mapping[str, Any], bytes]:
        answer = self._client.read(f"/crm/v8/{ref.module}/{ref.id}", "GET /crm/v8/{module}/{id}")
        rows = list_of(answer, "data")
        if not rows:
            raise CrmBridgeError(_("the record vanished while it was copied"), reason=Reason.NOT_FOUND, vendor="zoho")
        return rows[0], slices_of(answer, "data")[0]

    def _rows_inside(self, ref: ContractRef, one: RelatedList) -> list[Row]:
        """Return the rows of a subform that the record itself shows; none where a query may not show as many."""
        values, record = self._whole(ref)
        rows = values.get(one.api_name)
        if not isinstance(rows, list) or len(rows) >= MOST_ROWS:
            return []
        return [Row(row, raw) for row, raw in zip(rows, raw_items(record, one.api_name), strict=True)]

    def _in_fields(self, ref: ContractRef, values: Mapping[str, Any]) -> Iterator[Attachment]:
        for name in sorted(self._module.columns.by_id):
            field = self._module.fields[name]
            if field.data_type == "fileupload":
                yield from field_files(self._client, (ref,), name, values.get(name))
            elif field.data_type == "subform":
                yield from row_files(self._client, ref, field.target or name, name, values.get(name))

    def _cut_rows(self, ref: ContractRef, values: Mapping[str, Any]) -> Iterator[SnapshotPart]:
        """Yield in full the rows that Zoho cut at 200, which it tells by `$has_more`."""
        cut = values.get("$has_more")
        for name in [key for key, more in cut.items() if more is True] if isinstance(cut, Mapping) else ():
            field = self._module.fields.get(name)
            inside = self._fields_of(field.target) if field and field.target else "id"
            for number, page in enumerate(self._pages(ref, name, inside), start=1):
                yield SnapshotPart(
                    PartKind.DETAIL, f"{name}-{number}", b"[" + b",".join(row.raw for row in page) + b"]"
                )

    def _list(self, ref: ContractRef, one: RelatedList) -> list[Row]:
        """Return the rows of one list."""
        wanted = {NOTES: NOTE_FIELDS, ATTACHMENTS: LIST_FIELDS}.get(one.api_name)
        fields = wanted or self._fields_of(one.module)
        return [row for page in self._pages(ref, one.api_name, fields) for row in page]

    def _pages(self, ref: ContractRef, name: str, fields: str) -> Iterator[list[Row]]:
        params = {"fields": fields, "per_page": str(PAGE)}
        while True:
            answer = self._client.read(
                f"/crm/v8/{ref.module}/{ref.id}/{name}", "GET /crm/v8/{module}/{id}/{list}", params=params
            )
            rows = list_of(answer, "data")
            if answer is None or not rows:
                return
            yield [Row(row, raw) for row, raw in zip(rows, slices_of(answer, "data"), strict=True)]
            token = next_page(answer)
            if not token:
                return
            params = {"fields": fields, "per_page": str(PAGE), "page_token": token}

    def _fields_of(self, module: str) -> str:
        """Return the field names of another module for `fields`, as many as one list read takes."""
        if module not in self._known_fields:
            try:
                names = [one.api_name for one in metadata.read_fields(self._client, module) if one.in_coql]
            except CrmBridgeError as error:
                if error.reason == Reason.SIGNED_OUT:
                    raise
                names = []
            self._known_fields[module] = ",".join(["id", *(name for name in names if name != "id")][:MOST_COLUMNS])
        return self._known_fields[module]


def _in_a_drive(row: Mapping[str, Any]) -> bool:
    return is_link(row) and row.get("$type") != LINK_TYPE


_KINDS = {NOTES: PartKind.NOTE, ATTACHMENTS: PartKind.ATTACHMENT_LIST}


def next_page(answer: Response) -> str:
    """Return the token of the next page, or nothing at the end."""
    info = answer.json().get("info")
    if not isinstance(info, Mapping) or info.get("more_records") is not True:
        return ""
    return str(info.get("next_page_token") or "")
