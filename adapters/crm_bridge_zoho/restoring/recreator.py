"""Making a contract again from its snapshot: an insert, its rows and files, its notes, the links to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Attachment, PartKind
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Restored, RestoreItem, Verdict
from crm_bridge.spi.recreating import not_made_again
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.contract_module import ContractModule
from crm_bridge_zoho.reading.coql import Coql
from crm_bridge_zoho.reading.files import LIST, NOTE_FILES
from crm_bridge_zoho.reading.read_by_id import ById
from crm_bridge_zoho.restoring.copies import Copies
from crm_bridge_zoho.restoring.creating import Outcome, sent
from crm_bridge_zoho.restoring.giving_way import GivingWay
from crm_bridge_zoho.restoring.payload import ROWS_IN_FIELD, Saved, insertable, json_bytes, not_returning, saved_of
from crm_bridge_zoho.restoring.related_items import RelatedItemsWriter, UnfinishedError, upload_for_field
from crm_bridge_zoho.restoring.relinker import relink
from crm_bridge_zoho.wire import id_text, list_of


@dataclass(slots=True)
class _Work:
    """One contract on its way back."""

    item: RestoreItem
    saved: Saved
    files: tuple[Attachment, ...]
    found_copy: bool = False
    lost: list[str] = field(default_factory=list)
    told: frozenset[str] = frozenset()
    """Labels of fields of which the reason is known already."""


class Recreator:
    """Re-creates contracts one by one: one insert each, and nothing twice when it is repeated with `look_first`."""

    def __init__(
        self, client: ZohoClient, query: Coql, by_id: ById, contract_module: ContractModule, *, marker_field: str | None
    ) -> None:
        """`marker_field` carries the mark of a copy for good; else a note does, and at first an empty text field."""
        self._client = client
        self._by_id = by_id
        self._module = contract_module
        self._copies = Copies(client, query, contract_module, marker_field=marker_field)

    def recreate(self, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Return one result per item."""
        return [self._one(item) for item in items]

    def _one(self, item: RestoreItem) -> Restored:
        if item.snapshot is None:
            text = _("there is no backup of this contract")
            return Restored(item.ref, Verdict.NOT_DONE, reason=Reason.NO_BACKUP, message=text)
        try:
            work = _Work(item, saved_of(item.snapshot), item.snapshot.attachments)
        except CrmBridgeError as error:
            return Restored(item.ref, Verdict.NOT_DONE, reason=Reason.UNREADABLE_VALUE, message=error.message)
        try:
            return self._bring(work) if item.copy is None else self._point_at(work, item.copy)
        except UnfinishedError as error:
            return _failed(item, Verdict.UNKNOWN, error)
        except CrmBridgeError as error:
            # Reads failed before or after the insert; whether there is a copy is found out by the next attempt.
            return _failed(item, Verdict.UNKNOWN, error)

    def _bring(self, work: _Work) -> Restored:
        item = work.item
        if item.look_first:
            found = self._copies.find(item, work.saved, self._record(work, {}))
            if (doubt := not_made_again(item, found)) is not None:
                return doubt
            work.found_copy, new_id = bool(found.copies), "".join(found.copies)
        else:
            new_id = ""
        if not new_id:
            outcome = self._insert(work)
            if outcome.verdict is not Verdict.DONE:
                return Restored(
                    item.ref,
                    outcome.verdict,
                    code=outcome.code,
                    reason=outcome.reason,
                    message=outcome.message,
                    hint=outcome.hint,
                )
            new_id = outcome.id
        new_ref = ContractRef(self._module.name, new_id)
        self._complete(work, new_ref)
        if not item.marker:  # made for the first time: there is nothing to compare with
            return Restored(item.ref, Verdict.DONE, new_ref)
        self._take_mark_off(work, new_ref)
        ids = self._measure(work, new_ref)
        return Restored(item.ref, Verdict.DONE, new_ref, ids, tuple(dict.fromkeys(work.lost)))

    def _point_at(self, work: _Work, copy: ContractRef) -> Restored:
        """Set the lookups of other records to a contract that is there already; nothing is created."""
        self._relink(work, copy)
        return Restored(work.item.ref, Verdict.DONE, copy, lost=tuple(work.lost))

    def _relink(self, work: _Work, new_ref: ContractRef) -> None:
        item, inbound = work.item, work.saved.rows(PartKind.LINK)
        work.lost += relink(self._client, self._by_id, inbound, old=item.ref.id, new=new_ref.id, ids=item.ids)

    def _insert(self, work: _Work) -> Outcome:
        way = GivingWay(self._module.fields, marker=work.item.marker, owner=work.item.owner)
        outcome = way.insert(self._record(work, self._upload_fields(work)), self._send)
        work.lost += way.lost
        work.told = way.labels
        return outcome

    def _record(self, work: _Work, files: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        record = insertable(work.saved, self._module.fields, work.item.ids, files)
        if mark := self._copies.mark_for(work.saved):
            record[mark.field] = work.item.marker
        return record

    def _send(self, record: Mapping[str, object]) -> Outcome:
        # An empty trigger list switches every automation off; left out, all of them run.
        body = json_bytes({"data": [record], "trigger": []})
        path = f"/crm/v8/{self._module.name}"
        return sent(lambda: self._client.create("POST", path, "POST /crm/v8/{module}", body=body))

    def _take_mark_off(self, work: _Work, new_ref: ContractRef) -> None:
        """Empty the field that was borrowed for the mark: the copy is whole, and its note carries the mark for good."""
        mark = self._copies.mark_for(work.saved)
        if mark is None or mark.stays:
            return
        body = json_bytes({"data": [{mark.field: None}], "trigger": []})
        path, route = f"/crm/v8/{new_ref.module}/{new_ref.id}", "PUT /crm/v8/{module}/{id}"
        outcome = sent(lambda: self._client.create("PUT", path, route, body=body))
        if outcome.verdict is not Verdict.DONE:
            label = self._module.fields[mark.field].label
            work.lost.append(_("{field}: still holds the mark {mark}").format(field=label, mark=work.item.marker))

    def _upload_fields(self, work: _Work) -> Mapping[str, Sequence[str]]:
        uploaded: dict[str, list[str]] = {}
        for file in work.files:
            if file.source in self._module.fields:
                outcome = upload_for_field(self._client, file)
                if outcome.verdict is Verdict.DONE:
                    uploaded.setdefault(file.source, []).append(outcome.id)
                else:
                    work.lost.append(_("file {name}: {why}").format(name=file.name, why=outcome.message))
        return uploaded

    def _complete(self, work: _Work, new_ref: ContractRef) -> None:
        """Put back what hangs on the contract; the mark comes first, so that a crash leaves a marked copy."""
        item, saved = work.item, work.saved
        related_items = RelatedItemsWriter(self._client, new_ref)
        notes = list(saved.rows(PartKind.NOTE))
        mark = self._copies.mark_for(saved)
        if item.marker and (mark is None or not mark.stays):
            told = _("Re-created from the backup of {ref}").format(ref=item.ref)
            notes.insert(0, {"Note_Title": item.marker, "Note_Content": told})
        work.lost += related_items.put_notes(notes, look_first=work.found_copy)
        work.lost += related_items.put_note_files(saved.rows(PartKind.NOTE), work.files)
        # A row of a subform takes no file when it is written.
        work.lost += [
            _("file {name}: {why}").format(name=file.name, why=_("it stood in a row, which cannot be given files"))
            for file in work.files
            if "/" in file.source and not file.source.startswith(NOTE_FILES)
        ]
        links = saved.rows(PartKind.ATTACHMENT_LIST)
        listed = [file for file in work.files if file.source == LIST]
        work.lost += related_items.put_files(listed, links, look_first=work.found_copy)
        if item.relink is not False:
            self._relink(work, new_ref)
        work.lost += not_returning(saved, self._module.fields)

    def _measure(self, work: _Work, new_ref: ContractRef) -> dict[str, str]:
        """Read the copy back: what differs is said, and the rows inside get their place in the id map."""
        rows = self._by_id.rows(new_ref.module, [new_ref.id], self._module.columns.base)
        if new_ref.id not in rows:
            raise UnfinishedError(_("the new record could not be read back"), reason=Reason.UNREADABLE)
        differing = self._copies.differing(rows[new_ref.id].values, work.saved.values, work.item.ids)
        labels = [self._module.fields[name].label for name in differing]
        work.lost += [_("{field}: has another value now").format(field=one) for one in labels if one not in work.told]
        ids = {work.item.ref.id: new_ref.id}
        with_rows = [n for n, one in self._module.fields.items() if one.data_type in ROWS_IN_FIELD]
        if any(work.saved.values.get(name) for name in with_rows):
            answer = self._client.read(f"/crm/v8/{new_ref.module}/{new_ref.id}", "GET /crm/v8/{module}/{id}")
            whole = list_of(answer, "data")
            for name in with_rows:
                ids.update(self._row_ids(work, name, whole[0].get(name) if whole else None))
        return ids

    def _row_ids(self, work: _Work, name: str, now: object) -> dict[str, str]:
        """Pair the rows of a field in their order: Zoho keeps the order in which they were written."""
        old, new = _row_list(work.saved.values.get(name)), _row_list(now)
        if len(old) != len(new):
            label = self._module.fields[name].label
            work.lost.append(_("{field}: {new} of {old} rows").format(field=label, new=len(new), old=len(old)))
            return {}
        return dict(zip(old, new, strict=True))


def _row_list(value: object) -> list[str]:
    rows: list[Any] = value if isinstance(value, list) else []
    return [id_text(row.get("id")) for row in rows if isinstance(row, Mapping)]


def _failed(item: RestoreItem, verdict: Verdict, error: CrmBridgeError) -> Restored:
    return Restored(
        item.ref, verdict, code=error.vendor_code, reason=Reason.of(error), message=error.message, hint=error.hint
    )
