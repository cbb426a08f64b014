"""Create a contract again from its snapshot: one call for record and details, files first, then what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import BackupError, CrmBridgeError, MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import RemoveResult, Restored, RestoreItem, Verdict
from crm_bridge.spi.failures import LASTING, answer_to_failure
from crm_bridge.spi.recreating import Found, not_made_again, until_taken
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.discovery import Discovery, Relation
from crm_bridge_fxiaoke.error_table import clean
from crm_bridge_fxiaoke.mapping import FieldMap, text
from crm_bridge_fxiaoke.module.content import content_of
from crm_bridge_fxiaoke.reading.records import Records, condition
from crm_bridge_fxiaoke.restoring.copies import Copies
from crm_bridge_fxiaoke.restoring.giving_way import GivingWay
from crm_bridge_fxiaoke.restoring.relinker import Relinker
from crm_bridge_fxiaoke.restoring.saved import Saved, read_snapshot
from crm_bridge_fxiaoke.restoring.uploads import Uploaded, Uploads
from crm_bridge_fxiaoke.restoring.writing import pair_by_content, values_to_write
from crm_bridge_fxiaoke.wire import Envelope, ObjectMeta, Record

_QUIET = {"triggerApprovalFlow": False, "triggerWorkFlow": False, "hasSpecifyTime": True, "hasSpecifyCreatedBy": True}
_OPTIONS = {"skipFuncValidate": True, "useValidationRule": False, "isDuplicateSearch": False}
_SKEW = timedelta(minutes=5)
_LAG_SECONDS = 8.0
"""How long a query may not know of a create, where the connection does not say."""
_MAY_STAND = frozenset({Reason.VETOED, Reason.NOT_FOUND, Reason.SERVICE})
"""Refusals that may come after the record was made: it is looked for before anything is sent again."""


@dataclass(slots=True)
class _Work:
    """One re-creation on its way."""

    item: RestoreItem
    saved: Saved
    ids: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    uploaded: dict[str, list[Uploaded]] = field(default_factory=dict)
    data: dict[str, object] = field(default_factory=dict)
    details: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    there: Restored | None = None
    """The answer, where a refused create turned out to have made the record."""


class Recreator:
    """Re-creations in one contract object."""

    def __init__(self, *, client: Client, records: Records, discovery: Discovery, fields: FieldMap) -> None:
        """`fields` are those of the contract object as it is described today."""
        self._client = client
        self._records = records
        self._meta = fields.object
        self._details = {one.object.name: one for one in discovery.relations() if one.detail}
        self._uploads = Uploads(client)
        marker_field = client.settings.marker_field
        self._copies = Copies(records=records, fields=fields, marker_field=marker_field, user=client.user)
        self._relinker = Relinker(client=client, records=records, wanted=client.settings.relink)
        self._media_ids = client.settings.auth == "corp_token"
        self._together = client.settings.assumptions.details_in_create == "together"

    def recreate(self, item: RestoreItem) -> Restored:
        """Create one contract again, or complete the copy that an earlier attempt left."""
        if item.snapshot is None:
            message = _("there is no backup of this contract")
            return Restored(item.ref, Verdict.NOT_DONE, reason=Reason.NO_BACKUP, message=message)
        try:
            work = _Work(item, read_snapshot(item.snapshot))
        except MalformedAnswerError as error:
            return Restored(item.ref, Verdict.NOT_DONE, reason=Reason.UNREADABLE_VALUE, message=error.message)
        if item.copy is not None:
            return self._point_at(work, item.copy)
        written = values_to_write(work.saved.record, self._meta, ids=item.ids)
        if item.look_first and (there := self._there(work, self._copies.find(item, work.saved, written))):
            return there
        return self._create(work, written)

    def _there(self, work: _Work, found: Found) -> Restored | None:
        """Return the answer where an earlier copy was found, or may be there; None where nothing is."""
        if (doubt := not_made_again(work.item, found)) is not None:
            return doubt
        return self._finish(work, found.copies[0]) if found.copies else None

    def _point_at(self, work: _Work, copy: ContractRef) -> Restored:
        """Set references of other records to a contract that is there already; nothing is created."""
        relinker = Relinker(client=self._client, records=self._records, wanted=True)
        left = relinker.relink(work.saved.links, old_id=work.item.ref.id, new_id=copy.id)
        return Restored(work.item.ref, Verdict.DONE, copy, lost=tuple(left), code="0")

    def _create(self, work: _Work, written: dict[str, object]) -> Restored:
        way = GivingWay(work.item.marker, self._client.user, work.item.owner)
        try:
            self._upload_all(work)
            work.data, work.details = self._object_data(work, written), self._details_data(work)
            envelope, answer = until_taken(partial(self._attempt, work), partial(self._gives_way, work, way, written))
        except CrmBridgeError as failure:
            return _restored(work, answer_to_failure(work.item.ref, failure))
        if work.there is not None:
            return work.there
        if answer.verdict is not Verdict.DONE:
            return _restored(work, answer)
        work.lost += [_("{field}: {why}").format(field=label, why=why) for label, why in way.lost.items()]
        new_id = _data_id(envelope.body)
        if new_id is None:
            copies = self._copies.find(work.item, work.saved, written).copies
            new_id = copies[0] if len(copies) == 1 else None
        if new_id is None:
            message = _("the CRM created a record and did not name it")
            return Restored(work.item.ref, Verdict.UNKNOWN, reason=Reason.NO_ID, message=message)
        return self._finish(work, new_id)

    def _attempt(self, work: _Work) -> tuple[Envelope, RemoveResult]:
        envelope = self._send(work, self._meta.name, work.data, work.details)
        return envelope, self._client.judge.answer(work.item.ref, envelope)

    def _gives_way(
        self, work: _Work, way: GivingWay, written: Mapping[str, object], said: tuple[Envelope, RemoveResult]
    ) -> bool:
        """Change what is sent so that a refusal does not come again; False where that ends it."""
        envelope, answer = said
        if answer.verdict is Verdict.DONE or answer.reason is Reason.PERMISSION:
            return False
        if answer.verdict is Verdict.UNKNOWN and answer.reason not in _MAY_STAND:
            return False
        if not way.give_way(envelope.text, self._sent(work), answer.reason or Reason.REFUSED):
            return False
        if answer.verdict is Verdict.UNKNOWN:
            work.there = self._look_after(work, written)
        return work.there is None

    def _look_after(self, work: _Work, written: Mapping[str, object]) -> Restored | None:
        """Look for what a create may have made in spite of its refusal, once queries know of it."""
        began = self._client.clock.now()
        self._client.clock.sleep(self._lag)
        item = work.item if work.item.since else replace(work.item, since=began - _SKEW)
        return self._there(work, self._copies.find(item, work.saved, written))

    def _sent(self, work: _Work) -> list[tuple[ObjectMeta, dict[str, object]]]:
        rows = [(self._details[name].object, row) for name, listed in work.details.items() for row in listed]
        return [(self._meta, work.data), *rows]

    def _object_data(self, work: _Work, written: Mapping[str, object]) -> dict[str, object]:
        mark = self._copies.mark_for(work.saved)
        return {
            "dataObjectApiName": self._meta.name,
            "object_describe_api_name": self._meta.name,
            **written,
            **_file_values(work, ""),
            **({mark.field: work.item.marker} if mark else {}),
        }

    def _details_data(self, work: _Work) -> dict[str, list[dict[str, object]]]:
        if not self._together:
            return {}
        return {
            name: [self._row_values(work, relation, row) for row in rows]
            for name, rows in work.saved.details.items()
            if (relation := self._details.get(name)) is not None and rows
        }

    def _row_values(self, work: _Work, relation: Relation, row: Mapping[str, object]) -> dict[str, object]:
        values = values_to_write(row, relation.object, ids=work.item.ids, skip=relation.field.name)
        return values | _file_values(work, f"{relation.object.name}/{row.get('_id')}/")

    def _send(
        self, work: _Work, name: str, object_data: Mapping[str, object], details: Mapping[str, object]
    ) -> Envelope:
        data: dict[str, object] = {"object_data": object_data, "optionInfo": _OPTIONS}
        if details:
            data["details"] = details
        top: dict[str, object] = {**_QUIET, "includeDetailIds": True}
        if self._client.settings.assumptions.id_conversion == "stated":
            top |= {
                "convertUserId": work.saved.speaks_open_ids,
                "convertMediaId": self._media_ids and bool(work.uploaded),
            }
        return self._client.change(self._records.path(name, "create"), data, creates=True, top=top)

    def _upload_all(self, work: _Work) -> None:
        """Send every file before the record: a record without its files would have to be changed afterwards."""
        for source, attachments in work.saved.files.items():
            for one in attachments:
                try:
                    work.uploaded.setdefault(source, []).append(self._uploads.send(one))
                except (*LASTING, BackupError, OSError) as problem:
                    # A file that cannot be brought back is named; the contract comes back without it. One that could
                    # not be sent for now ends the attempt before anything is made.
                    work.lost.append(_("file {name}: {why}").format(name=clean(one.name), why=clean(str(problem))))

    def _finish(self, work: _Work, new_id: str) -> Restored:
        """Complete what hangs on the new record, and say what could not be brought back."""
        work.ids[work.item.ref.id] = new_id
        if not work.item.marker:  # made for the first time: there is nothing to compare with
            return Restored(work.item.ref, Verdict.DONE, ContractRef(self._meta.name, new_id))
        try:
            self._pair_details(work, new_id)
            self._take_mark_off(work, new_id)
            if work.item.relink is not False:
                work.lost += self._relinker.relink(work.saved.links, old_id=work.item.ref.id, new_id=new_id)
        except LASTING as problem:
            # The record stands; what could not be checked is said, not hidden.
            work.lost.append(_("not checked after the restore: {why}").format(why=problem.message))
        except CrmBridgeError as problem:
            # What is missing is put back by the next attempt, which finds the record.
            return _restored(work, replace(answer_to_failure(work.item.ref, problem), verdict=Verdict.UNKNOWN))
        work.lost += _lost_by_nature(work.saved, self._meta)
        new_ref = ContractRef(self._meta.name, new_id)
        return Restored(work.item.ref, Verdict.DONE, new_ref, work.ids, tuple(work.lost), code="0")

    def _take_mark_off(self, work: _Work, new_id: str) -> None:
        """Empty the field that was borrowed for the mark: the copy is whole."""
        mark = self._copies.mark_for(work.saved)
        if mark is not None and not mark.stays and not self._relinker.write(self._meta.name, new_id, {mark.field: ""}):
            label = self._meta.fields[mark.field].label
            work.lost.append(_("{field}: still holds the mark {mark}").format(field=label, mark=work.item.marker))

    def _pair_details(self, work: _Work, new_id: str) -> None:
        """Find the id of every row, and create what did not come with its contract."""
        for name, rows in work.saved.details.items():
            if name not in self._details:
                work.lost.append(_("{count} rows of {object}: the object is gone").format(count=len(rows), object=name))
        alone = self._alone(work, new_id)
        if alone and (work.details or work.item.look_first):
            # They went there a moment ago, with the contract or one by one, and a query may not know of them yet.
            self._client.clock.sleep(self._lag)
            alone = self._alone(work, new_id)
        for name, rows in alone.items():
            self._add_details(work, self._details[name], new_id, rows)
        if alone and self._alone(work, new_id):
            self._client.clock.sleep(self._lag)
        for name, rows in self._alone(work, new_id).items() if alone else ():
            label = self._details[name].object.label
            work.lost.append(_("{count} rows of {object}").format(count=len(rows), object=label))

    def _alone(self, work: _Work, new_id: str) -> dict[str, list[Record]]:
        """Return the saved rows that no row of the new record stands for; note the ids of the others."""
        found: dict[str, list[Record]] = {}
        for name, rows in work.saved.details.items():
            if (relation := self._details.get(name)) is None:
                continue
            link, content = relation.field.name, content_of(relation.object)
            old = [
                (str(row["_id"]), values_to_write(row, relation.object, ids=work.item.ids, skip=link)) for row in rows
            ]
            pairs, alone = pair_by_content(old, self._children(relation, new_id), content, skip=link)
            work.ids |= pairs
            if alone:
                found[name] = [row for row in rows if str(row.get("_id")) in alone]
        return found

    @property
    def _lag(self) -> float:
        return self._client.settings.assumptions.index_lag or _LAG_SECONDS

    def _children(self, relation: Relation, master: str) -> list[Mapping[str, object]]:
        found = self._records.all(relation.object.name, [condition(relation.field.name, "EQ", master)])
        return [row.values for row in found]

    def _add_details(self, work: _Work, relation: Relation, master: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Create rows that did not come with their contract, each in a call of its own."""
        for row in rows:
            values = {"dataObjectApiName": relation.object.name, **self._row_values(work, relation, row)}
            envelope = self._send(work, relation.object.name, {**values, relation.field.name: master}, {})
            if envelope.code != 0:
                work.lost.append(_("a row of {object}: {why}").format(object=relation.object.label, why=envelope.text))


def _file_values(work: _Work, prefix: str) -> dict[str, object]:
    return {
        source.removeprefix(prefix): [{"name": one.name, "path": one.path} for one in files]
        for source, files in work.uploaded.items()
        if source.startswith(prefix) and "/" not in source.removeprefix(prefix)
    }


def _data_id(body: Mapping[str, object]) -> str | None:
    data = body.get("data")
    inner = data if isinstance(data, Mapping) else {}
    return text(body.get("dataId")) or text(inner.get("dataId")) or text(inner.get("_id"))


def _lost_by_nature(saved: Saved, meta: ObjectMeta) -> list[str]:
    lost = []
    if "name" in meta.fields and meta.fields["name"].type == "auto_number":
        lost.append(
            _("the number {number}: the CRM numbers new records itself").format(number=saved.record.get("name"))
        )
    if len(saved.team) > 1:
        lost.append(_("the team of {count} people besides the owner").format(count=len(saved.team) - 1))
    if str(saved.record.get("lock_status", "0")) == "1":
        lost.append(_("the lock"))
    return lost


def _restored(work: _Work, answer: RemoveResult) -> Restored:
    return Restored(
        work.item.ref,
        answer.verdict,
        lost=tuple(work.lost),
        code=answer.code,
        reason=answer.reason,
        message=answer.message,
        vendor_message=answer.vendor_message,
        hint=answer.hint,
    )
